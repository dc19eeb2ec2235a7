import { readFile, writeFile } from 'node:fs/promises';
import { formatEvidenceFile, readEvidenceFile } from '@stoa/protocol/stoicism';
import { type CommandInput, type CommandRun, type CommandScope, printJson } from '#cli/command.ts';
import { EXIT, type ExitCode, UsageError } from '#cli/exit-code.ts';
import { sleep } from '#clock.ts';
import { hourJson, renderToday, renderWhy, sumJson } from '#earnings/account-view.ts';
import { accountDay, sumsOf } from '#earnings/day-account.ts';
import {
  DAY_HOURS,
  findNode,
  type KeptEvidenceDeps,
  keptDays,
  type NodeFiles,
} from '#earnings/kept-evidence.ts';
import { dayVerdict, renderReport, reportJson } from '#earnings/report-view.ts';
import { verifyDay } from '#earnings/verify-day.ts';
import { AgentError } from '#error.ts';
import { HOUR_MS } from '#evidence/hub-time.ts';

/** The agent ends a line within milliseconds. */
const SETTLE_MS = 300;
/** An hour is settled 15 minutes after its end, and told with the next checkpoint. */
const SETTLED_WITHIN_MS = 90 * 60_000;

/** Code `no_evidence`: there is nothing that could be recomputed. */
class NoEvidenceError extends AgentError<'no_evidence'> {
  override readonly name = 'NoEvidenceError';

  constructor(message: string, cause?: unknown) {
    super('no_evidence', message, { retry: false, cause });
  }
}

interface Asked {
  scope: CommandScope;
  deps: KeptEvidenceDeps;
  node: NodeFiles;
  /** Since 1970, UTC. */
  day: number;
  name: string;
}

/** By files alone: with the agent running or not, and without a hub. Exits 0 for match, 1 where it differs, 2 where it can't tell, 3 where it can tell a part alone. */
export const earnings: CommandRun = async (scope, { positionals, options }) => {
  const [verb = 'today', word, ...rest] = positionals;
  const isToday = verb === 'today';
  if (rest.length > 0 || !(isToday ? word === undefined : ['why', 'verify'].includes(verb)))
    throw new UsageError(
      `'earnings ${positionals.join(' ')}': expected earnings today, earnings why DAY or earnings verify DAY`,
    );
  if (!isToday && word === undefined)
    throw new UsageError(`earnings ${verb} wants a DAY: 2026-11-26 (UTC), today or yesterday`);
  const day = dayOf(isToday ? 'today' : word!, scope.clock.now());
  const { disk } = await scope.agent();
  const deps = { disk, settle: () => sleep(scope.clock, SETTLE_MS, scope.signal) };
  const node = await findNode(disk, scope.config).catch((cause: unknown) => {
    throw new NoEvidenceError('which node this is can’t be read', cause);
  });
  if (node === undefined)
    throw new NoEvidenceError(`no node is enrolled under ${scope.config.dataDir}: give --data DIR`);
  const asked = { scope, deps, node, day, name: nameOf(day) };
  return verb === 'verify' ? verify(asked, options) : tell(asked, isToday);
};

async function tell(asked: Asked, isToday: boolean): Promise<ExitCode> {
  const { scope, deps, node, day, name } = asked;
  const { io, json, color, clock } = scope;
  const hours = await accountDay(deps, node, { day, now: clock.now() });
  if (hours.length === 0 && !isToday) throw await nothingOf(asked);
  if (json)
    printJson(io, { ok: true, day: name, hours: hours.map(hourJson), sums: sumsOf(hours).map(sumJson) });
  else io.out(isToday ? renderToday(name, hours, color) : renderWhy(name, hours, color));
  return EXIT.ok;
}

async function verify(asked: Asked, options: CommandInput['options']): Promise<ExitCode> {
  const { scope, deps, node, day, name } = asked;
  const { io, json, color, clock } = scope;
  const documents = await documentsOf(options['with']);
  const { file, reports } = await verifyDay(deps, node, { day, documents });
  // What can't be settled yet is neither right nor wrong.
  const due = reports.filter(
    ({ hubHour, verdict }) =>
      verdict !== 'unknown' || (hubHour + 1) * HOUR_MS + SETTLED_WITHIN_MS < clock.now(),
  );
  if (due.length === 0) throw await nothingOf(asked);
  const target = options['export'];
  if (typeof target === 'string') await writeFile(target, formatEvidenceFile(file));
  const verdict = dayVerdict(due);
  if (json) printJson(io, { ok: verdict === 'match' || verdict === 'partly', ...reportJson(name, due) });
  else io.out(renderReport(name, due, color));
  if (verdict === 'differs') return EXIT.fail;
  if (verdict === 'partly') return EXIT.degraded;
  return verdict === 'unknown' ? EXIT.usage : EXIT.ok;
}

async function documentsOf(path: string | boolean | undefined): Promise<readonly Uint8Array[]> {
  if (typeof path !== 'string') return [];
  try {
    return readEvidenceFile(await readFile(path, 'utf8')).documents;
  } catch (cause) {
    throw new UsageError(`--with ${path} is no file of evidence that can be read`, cause);
  }
}

async function nothingOf({ deps, node, day, name }: Asked): Promise<Error> {
  const days = await keptDays(deps.disk, node.directory);
  const [first, last] = [days[0], days.at(-1)];
  const kept =
    first === undefined
      ? 'there is no evidence yet'
      : days.includes(day)
        ? 'an hour is settled 15 minutes after its end, and told with the next one'
        : `it has days from ${nameOf(first)} to ${nameOf(last!)}`;
  return new NoEvidenceError(`this node keeps nothing settled of ${name}: ${kept}`);
}

/** @throws UsageError */
function dayOf(word: string, now: number): number {
  const today = Math.floor(now / (DAY_HOURS * HOUR_MS));
  if (word === 'today') return today;
  if (word === 'yesterday') return today - 1;
  const at = /^\d{4}-\d\d-\d\d$/.test(word) ? Date.parse(`${word}T00:00:00Z`) : Number.NaN;
  const day = at / (DAY_HOURS * HOUR_MS);
  if (!(Number.isInteger(day) && nameOf(day) === word))
    throw new UsageError(`'${word}' is no day: expected one such as 2026-11-26 (UTC), today or yesterday`);
  return day;
}

function nameOf(day: number): string {
  return new Date(day * DAY_HOURS * HOUR_MS).toISOString().slice(0, 10);
}
