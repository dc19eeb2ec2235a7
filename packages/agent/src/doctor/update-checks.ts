import { type Check, type Finding, fail, ok, type Patient, skip, warn } from '#doctor/check.ts';
import { describeError } from '#error.ts';
import { askStatus } from '#status/status-client.ts';
import type { UpdateView } from '#update/update-report.ts';

const DAY_MS = 24 * 3_600_000;
/** A node that sees no fresh timestamp for so long is shown an old world, or none. */
export const STALE_MS: number = 7 * DAY_MS;
/** Its owner, and whoever signs, get so much warning (F17). */
const EXPIRY_WARN_MS = 30 * DAY_MS;

export const UPDATE_CHECKS: readonly Check[] = [
  { id: 'updates', title: 'Updates of the agent', run: checkUpdates },
];

async function checkUpdates({ config, clock }: Patient, signal: AbortSignal): Promise<Finding> {
  try {
    const answer = await askStatus({ path: config.statusSocket, clock, signal }, 'update', { act: 'view' });
    return findingOf(answer as unknown as UpdateView);
  } catch (error) {
    return skip(`only a running agent knows: ${describeError(error).message}`);
  }
}

export function findingOf(view: UpdateView): Finding {
  const {
    byHand,
    version,
    slot,
    why,
    timestampAt,
    metadataUntil,
    at,
    state,
    updateOnly,
    development,
    rootVersion,
    rootSha256,
    wishesFault,
  } = view;
  const runs = `${version}${slot === '' ? '' : ` in ${slot}`}: ${why}`;
  if (byHand) return skip(runs);
  const age = at - timestampAt;
  if (timestampAt > 0 && age > STALE_MS)
    return fail(
      `no fresh release metadata for ${Math.floor(age / DAY_MS)} days; ${runs}`,
      'See why: stoa-agent update --check. Until then nothing is updated; all else goes on',
    );
  if (updateOnly) return fail(runs, 'It does nothing but update: stoa-agent update --now');
  if (wishesFault !== '')
    return warn(
      `the owner’s wishes can’t be read: ${wishesFault}`,
      'Say them anew: stoa-agent update --unpin',
    );
  if (development)
    return warn(
      `it takes releases of development keys: whoever has the checkout that it was built in can sign for it; ${runs}`,
      'Install an agent that was built with --root: no update leads from these keys to real ones',
    );
  if (state === 'rolled-back' || state === 'failed')
    return warn(runs, 'See its last lines: stoa-agent update; a support bundle has them too');
  if (timestampAt === 0)
    return warn(
      `no release metadata was seen yet that descends from root ${rootVersion}, ${rootSha256}; ${runs}`,
      'Look now: stoa-agent update --check. Where that changes nothing, compare with the hash of the root on the hub’s page Releases',
    );
  if (metadataUntil - at < EXPIRY_WARN_MS)
    return warn(
      `the release metadata ends on ${new Date(metadataUntil).toISOString().slice(0, 10)}; ${runs}`,
      'Those who sign releases must renew it: nothing is updated after that day',
    );
  return ok(runs);
}
