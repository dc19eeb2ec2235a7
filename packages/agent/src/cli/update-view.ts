import { duration } from '#cli/style.ts';
import type { UpdateView } from '#update/update-report.ts';

/** For people: what runs and why, what is under way, what the owner wants. */
export function renderUpdate(view: UpdateView): string {
  const rows: readonly (readonly [string, string])[] = [
    ['version', versionLine(view)],
    ['because', view.why],
    ...progressRows(view),
    ...releaseRows(view),
    ['wishes', wishesLine(view)],
    ...view.rejected.map(({ version, reason }) => ['failed', `${version}: ${reason}`] as const),
  ];
  return rows.map(([name, text]) => `${name.padEnd(10)}${text}\n`).join('');
}

function versionLine({ version, slot, runtime, launcher, updateOnly }: UpdateView): string {
  const below = launcher === '' ? '' : `, launcher ${launcher}`;
  const where = slot === '' ? '' : ` in ${slot}`;
  return `${version}${where}, Node ${runtime}${below}${updateOnly ? '; it only updates' : ''}`;
}

function progressRows({
  state,
  target,
  since,
  until,
  at,
  detail,
  lastLines,
}: UpdateView): [string, string][] {
  if (state === 'idle') return [];
  const what = target === '' ? '' : ` ${target}`;
  const ends = until > 0 ? `, ends by itself in ${duration(Math.max(0, until - at))}` : '';
  const rows: [string, string][] = [['update', `${state}${what} since ${iso(since)}${ends}`]];
  if (detail !== '') rows.push(['', detail]);
  return [...rows, ...lastLines.map((line): [string, string] => ['log', line])];
}

function releaseRows({
  byHand,
  newest,
  previous,
  targetsVersion,
  rootVersion,
  rootSha256,
  development,
  timestampAt,
  at,
}: UpdateView): [string, string][] {
  if (byHand) return [];
  const seen = timestampAt === 0 ? 'never' : `${duration(Math.max(0, at - timestampAt))} ago`;
  const rows: [string, string][] = [
    [
      'releases',
      `${newest === '' ? 'none known' : `newest ${newest}`} (targets ${targetsVersion}), seen ${seen}`,
    ],
    ['root', `${rootVersion}, ${rootSha256}${development ? ', of development: for tests only' : ''}`],
  ];
  if (previous.length > 0) rows.push(['kept', `${previous.join(', ')}: stoa-agent update --rollback`]);
  return rows;
}

function wishesLine({ wishes, wishesFault, at }: UpdateView): string {
  if (wishesFault !== '') return `can’t be read: ${wishesFault}`;
  const { channel, pin, deferUntil, window } = wishes;
  return [
    `channel ${channel}`,
    pin === '' ? 'no pin' : `pinned to ${pin}`,
    deferUntil > at ? `deferred until ${iso(deferUntil)}` : 'not deferred',
    window === '' ? 'at any hour' : `at ${window} UTC`,
  ].join(', ');
}

function iso(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}
