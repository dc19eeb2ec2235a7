import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FLAGS, type FlagName, isFlag } from '../test/world/flags.ts';
import type { KeptNode } from './demo-fleet.ts';

export const HELP = `Usage: pnpm demo [--nodes N] [--live M] [--rollout] [--speed X] [--break NODE:FLAG@MINUTE[+MINUTES]]…
                 [--keep NODE:DIR] [--hours H]
       pnpm demo --mint [--accounts N]
       both take [--port P] [--seed S] [--json]

  --port P      port of the console (default: any free one)
  --seed S      number from which labels, figures and the script of faults follow (default 1)
  --json        the last line of output is one object. Of a fleet: nodes, hours closed, events, points, what a tick of the
                gates and a closing took, and what each flag cost. Of the mint, which then ends with the day: accounts,
                points, transactions, gas, and after how many seconds all was cut, mined, final and settled
  -h, --help    this text

A fleet:
  --nodes N     how large it is (default 1000)
  --live M      how many of them are real agent cores, in processes of their own (default: all up to 10000, 2000 of a
                larger fleet); the others are rows in the database, kept fresh by a statement, to see the console at that
                size
  --rollout     nodes update themselves: a sound release goes ring by ring through the fleet, then one that dies on 3 %
                of the nodes, which halts. A rehearsal: an hour of soaking takes half a minute
  --speed X     time passes X times as fast (1 to 60) once all have joined: at 60 an hour takes a minute, and each that is
                over is closed. Never faster than the machine can: all clocks wait for the slowest process, and each
                closing says how long its hour took
  --break …     switches a flag of a node off at that minute after all have joined, and on again 20 minutes later, or
                MINUTES: oslo-1:argv@10 or oslo-1:tip@10+45. Its Earnings tab then shows the gate, the minutes, the cost.
${Object.entries(FLAGS)
  .map(([name, { about }]) => `                  ${name.padEnd(11)} ${about}`)
  .join('\n')}
                While it runs, a line NODE:FLAG does the same at once
  --keep NODE:DIR
                that node begins its warm-up, its data directory stands in DIR as of each closed hour, and stays:
                pnpm agent earnings verify DAY --data DIR
  --hours H     ends once so many hours are closed

The nodes follow a simulated chain. About one in twelve is in trouble at any time: behind, on a fork, offline, flapping,
its chainweb down, its probe stuck, its clock wrong, its disk full, its directory copied. Outages that begin while it runs
are short: what a node that seemed online was asked to do is done within a minute or two.
They come with a past that is stored as a hub would have: a benchmark of a day or two ago (one in 40 has none), a warm-up
that is over (one in 20 is still in it). All else is judged as in earnest: agents report, and look at one another's ports.
1000 nodes take about a quarter of a core and 0.6 GB; 10000 two cores and some GB of memory. With --speed an hour of 1000
takes about two minutes of processor time, most of it the agents' own: two cores that have other work take two minutes or
more for it, of 400 about one. Each closing says how many times as fast time went.

The mint:
  --mint        no fleet, but a day of the mint, 30 times as fast: accounts with what they earned, a cut at six, a plan
                that is recomputed and approved, ten simulated chains with three nodes, until every point is settled
  --accounts N  how many accounts that day has, up to 1000000 (default 500000)

While it runs, pnpm hub … is its command line: pnpm hub nodes ls -q state:offline, pnpm hub mint verify DAY --json
Everything is thrown away at the end. Exit codes: 0 stopped or over, 1 failed, 2 wrong use`;

/** A flag of a node that is switched off by hand. Minutes from when all have joined. */
export interface Break {
  readonly node: string;
  readonly flag: FlagName;
  readonly minute: number;
  readonly minutes: number;
}

export interface DemoOptions {
  readonly nodes: number;
  readonly live: number;
  readonly port: number;
  readonly seed: number;
  readonly rollout: boolean;
  readonly speed: number;
  readonly breaks: readonly Break[];
  readonly kept: KeptNode | undefined;
  /** Undefined: until it is stopped. */
  readonly hours: number | undefined;
  readonly json: boolean;
  /** Accounts of a day of the mint, which is shown instead of a fleet. */
  readonly minted: number | undefined;
}

export class UsageError extends Error {
  override readonly name = 'UsageError';
}

const MOST_LIVE = 10_000;
const LIVE_OF_MANY = 2_000;
const MOST_SPEED = 60;
const BROKEN_MINUTES = 20;
const FLEET_OPTIONS = ['nodes', 'live', 'rollout', 'speed', 'break', 'keep', 'hours'] as const;

export function readOptions(): DemoOptions | 'help' {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: {
      ...{ nodes: text, live: text, port: text, seed: text, speed: text, hours: text, keep: text },
      ...{ mint: flag, accounts: text, rollout: flag, json: flag, break: { type: 'string', multiple: true } },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return 'help';
  const minted = mintedAccounts(values);
  const nodes = wholeNumber('nodes', values.nodes ?? '1000', 1, 1_000_000);
  const live = values.live ?? String(nodes > MOST_LIVE ? LIVE_OF_MANY : nodes);
  const speed = wholeNumber('speed', values.speed ?? '1', 1, MOST_SPEED);
  if (speed > 1 && values.rollout)
    throw new UsageError('--rollout downloads in real time and has a pace of its own: leave --speed out');
  return {
    ...{ nodes, speed, rollout: values.rollout, json: values.json },
    live: wholeNumber('live', live, 0, nodes),
    port: wholeNumber('port', values.port ?? '0', 0, 65_535),
    seed: wholeNumber('seed', values.seed ?? '1', 0, 2 ** 32 - 1),
    minted,
    hours: values.hours === undefined ? undefined : wholeNumber('hours', values.hours, 1, 100_000),
    breaks: (values.break ?? []).map(readBreak),
    kept: values.keep === undefined ? undefined : readKept(values.keep),
  };
}

/** @throws {UsageError} */
function mintedAccounts(
  values: { mint: boolean; accounts?: string } & Partial<Record<(typeof FLEET_OPTIONS)[number], unknown>>,
): number | undefined {
  const { mint, accounts } = values;
  if (!mint && accounts !== undefined)
    throw new UsageError('--accounts is for a day of the mint: add --mint');
  if (!mint) return undefined;
  const others = FLEET_OPTIONS.filter((name) => values[name] !== undefined && values[name] !== false);
  if (others.length > 0)
    throw new UsageError(`--mint shows no fleet: leave ${others.map((name) => `--${name}`).join(', ')} out`);
  return wholeNumber('accounts', accounts ?? '500000', 1, 1_000_000);
}

/** `oslo-1:argv@10+20`. @throws {UsageError} */
export function readBreak(text: string): Break {
  const [, node = '', flag = '', minute = '0', minutes = String(BROKEN_MINUTES)] =
    /^([^:]+):([a-z]+)(?:@(\d{1,6}))?(?:\+(\d{1,6}))?$/.exec(text) ?? [];
  if (!isFlag(flag))
    throw new UsageError(
      `'${text}' names no flag of a node: write NODE:FLAG@MINUTE, and one of ${Object.keys(FLAGS).join(', ')}`,
    );
  return { node, flag, minute: Number(minute), minutes: Math.max(1, Number(minutes)) };
}

/** `oslo-1:DIR`. @throws {UsageError} */
function readKept(text: string): KeptNode {
  const at = text.indexOf(':');
  if (at < 1 || at === text.length - 1)
    throw new UsageError(`--keep ${text}: a node and a directory expected, as oslo-1:/tmp/oslo-1`);
  return { node: text.slice(0, at), directory: resolve(text.slice(at + 1)) };
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most)
    throw new UsageError(`--${name} ${text}: a whole number from ${least} to ${most} expected`);
  return value;
}
