import type { HourLog, LoggedMinute, SaidOfItself } from '../evidence/hour-log.ts';
import { GATES } from '../evidence/receipt.ts';
import { UNKNOWN_U32 } from '../messages/gauges.ts';
import { argvFaults, commitmentMet, GATE_BIT, hasPeers, lateTipMs } from './gates.ts';

/*
 * Gates 3 to 6 once more, from the node's own log. Frames that cross the end of a minute may be judged on either side of it:
 * only where a minute and both its neighbours agree does the log contradict whoever says otherwise.
 */

/** Minutes of one hour by what the log says of a gate. What is in neither word may be either way. */
export interface LoggedGate {
  readonly passes: bigint;
  readonly fails: bigint;
}

export interface LoggedHour {
  /** Minutes that have a line. */
  readonly logged: bigint;
  /** Of those the ones in which the hub acknowledged a frame. */
  readonly acknowledged: bigint;
  /** In the order of `GATES`: empty words for those that rest on another's word alone. */
  readonly gates: readonly LoggedGate[];
  /** Fresh tips of all chains, which gate 3 then holds against the verified head. */
  readonly told: LoggedGate;
  readonly peers: LoggedGate;
  /** Chainweb was not up by the node's own word: gate 7 can't pass. */
  readonly down: LoggedGate;
}

export interface LogTerms {
  /** What was promised when the score in force was measured; undefined: not known here, so gate 5 is only known to fail. */
  readonly scoredGb: number | undefined;
  /** Last line of the hour before, and first of the hour after: neighbours of its ends. */
  readonly before?: LoggedMinute | undefined;
  readonly after?: LoggedMinute | undefined;
}

/** A whole line: what it left out because nothing had changed is filled in. */
export type WholeMinute = LoggedMinute & { readonly said: SaidOfItself };

export const CHAINS = 10;
type Verdict = boolean | undefined;

/** Lines of an hour, each with what the node said of itself by then. Those before the first such word are left out. */
export function wholeMinutes(log: HourLog): WholeMinute[] {
  let said: SaidOfItself | undefined;
  return log.minutes.flatMap((line) => {
    said = line.said ?? said;
    return said === undefined ? [] : [{ ...line, said }];
  });
}

export function loggedHour(log: HourLog, terms: LogTerms): LoggedHour {
  const lines = wholeMinutes(log);
  const word = (holds: (line: WholeMinute) => Verdict): LoggedGate => agreed(lines, terms, holds);
  const told = word(toldTips);
  const none = { passes: 0n, fails: 0n };
  const gates = GATES.map(() => none);
  gates[indexOf(GATE_BIT.tip)] = { passes: 0n, fails: told.fails };
  gates[indexOf(GATE_BIT.commitment)] = word((line) => roomFor(line, terms.scoredGb));
  gates[indexOf(GATE_BIT.argv)] = word(({ said }) => argvFaults(said.argv).length === 0);
  const down = word(({ chainweb }) => chainweb !== 'up');
  gates[indexOf(GATE_BIT.serving)] = { passes: 0n, fails: down.passes };
  return {
    logged: wordOf(lines),
    acknowledged: wordOf(lines.filter(({ acknowledged }) => acknowledged)),
    gates,
    told,
    peers: word(({ peers }) => hasPeers(peers)),
    down,
  };
}

function indexOf(bit: number): number {
  return Math.log2(bit);
}

function toldTips({ tips, beatAgeMs, heartbeatMs }: WholeMinute): boolean {
  return tips.length >= CHAINS && beatAgeMs !== UNKNOWN_U32 && beatAgeMs <= lateTipMs(heartbeatMs);
}

/** Who promised more when it was measured is held to that. */
function roomFor({ diskFreeMb, said, beatAgeMs }: WholeMinute, scoredGb: number | undefined): Verdict {
  if (beatAgeMs === UNKNOWN_U32) return said.committedGb === 0 && scoredGb === 0;
  const committedGb = Math.max(said.committedGb, scoredGb ?? 0);
  const met = commitmentMet({ ...said, freeMb: diskFreeMb, committedGb });
  return met && scoredGb === undefined ? undefined : met;
}

/** By minute; -1 and 60 are the neighbours' hours. */
function agreed(
  lines: readonly WholeMinute[],
  { before, after }: LogTerms,
  holds: (line: WholeMinute) => Verdict,
): LoggedGate {
  const verdicts = new Map<number, Verdict[]>();
  const note = (minute: number, line: WholeMinute): void => {
    verdicts.set(minute, [...(verdicts.get(minute) ?? []), holds(line)]);
  };
  for (const line of lines) note(line.minute, line);
  const [first, last] = [lines[0], lines.at(-1)];
  // The line of another hour may leave out what it said of itself, as one of this hour does.
  if (before !== undefined && first !== undefined) note(-1, { ...before, said: before.said ?? first.said });
  if (after !== undefined && last !== undefined) note(60, { ...after, said: after.said ?? last.said });
  let [passes, fails] = [0n, 0n];
  for (const { minute } of lines) {
    const around = [minute - 1, minute, minute + 1].flatMap((at) => verdicts.get(at) ?? []);
    if (around.every((one) => one === true)) passes |= 1n << BigInt(minute);
    if (around.every((one) => one === false)) fails |= 1n << BigInt(minute);
  }
  return { passes, fails };
}

function wordOf(lines: readonly LoggedMinute[]): bigint {
  return lines.reduce((word, { minute }) => word | (1n << BigInt(minute)), 0n);
}
