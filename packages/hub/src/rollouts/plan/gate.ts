import { type Comparison, MEASURES, regressed, standardErrors } from './control-group.ts';
import { LAST_CANARY_RING, OWN_RING, RINGS } from './ring.ts';
import { evidenceIn } from './sequential-test.ts';
import type { Tally } from './tally.ts';

/** Of the assigned, so many must run the new version and be heard. */
export const REPORTED = 0.95;
/** A ring of fewer nodes misses none. */
const FEWEST_TO_MISS = 3;
/** Failures of fewer owners than this stop nothing: they are named and set aside. */
export const FEWEST_FAILING_OWNERS = 3;

export interface RingCounts {
  /** Eligible now, and not assigned; where it is more than a tenth of what was, only that it is. */
  readonly waiting: number;
  /** In the middle of it. */
  readonly flying: number;
  /** Runs the new version. */
  readonly confirmed: number;
  /** Of those, heard now, or as long as a node is looked at (`tally.ts`): silence after that is an owner's own affair. */
  readonly heard: number;
  /** Failed, rolled back, or vanished; nodes of owners that are set aside are in none of these. */
  readonly failed: number;
}

export interface GateFacts {
  readonly ring: number;
  readonly now: number;
  /** When all of the ring had answered; undefined while some have not. */
  readonly soakSince: number | undefined;
  readonly counts: RingCounts;
  readonly tally: Tally;
  readonly comparisons: readonly Comparison[];
  /** 1; in a rehearsal, how many times as fast as in earnest. */
  readonly hurry: number;
}

/** One condition of the gate, with its evidence. `stops`: it can't mend by waiting. */
export interface GateCheck {
  readonly name: 'answered' | 'soak' | 'reported' | 'failures' | 'control';
  readonly ok: boolean;
  readonly stops: boolean;
  readonly words: string;
}

export interface Verdict {
  readonly checks: readonly GateCheck[];
  readonly open: boolean;
  /** Why it is halted, in words; undefined while it is not. */
  readonly halt: string | undefined;
}

export function judge(facts: GateFacts): Verdict {
  const soak = soakOf(facts);
  const failures = failuresOf(facts, soak.ok);
  const control = controlOf(facts.comparisons, soak.ok);
  const checks = [
    answeredOf(facts.counts),
    soak,
    reportedOf(facts, soak.ok && credible(facts.tally)),
    failures,
    control,
  ];
  return {
    checks,
    open: checks.every(({ ok }) => ok),
    halt: checks.find(({ stops }) => stops)?.words,
  };
}

/** Whether failures are more than what a few owners can make up (domain: one owner, one voice). */
export function credible({ failing, ownFailed }: Pick<Tally, 'failing' | 'ownFailed'>): boolean {
  return failing.length >= FEWEST_FAILING_OWNERS || ownFailed > 0;
}

/** Nodes come and go: a ring has answered once nearly all of it has, and those that come late are given it all the same. */
export function answered({ waiting, flying, confirmed, failed }: RingCounts): boolean {
  return waiting + flying <= Math.floor((1 - REPORTED) * (waiting + flying + confirmed + failed));
}

function answeredOf(counts: RingCounts): GateCheck {
  const words = `${counts.confirmed + counts.failed} have answered, ${counts.flying} are at it, ${counts.waiting} wait`;
  return { name: 'answered', ok: answered(counts), stops: false, words };
}

function soakOf({ ring, soakSince, now, counts, hurry }: GateFacts): GateCheck {
  // Without nodes of our own there is nothing to watch in ring 0; everywhere else time itself is a condition.
  const nobody = ring === OWN_RING && counts.flying + counts.confirmed + counts.failed === 0;
  const needed = nobody ? 0 : RINGS[ring]!.soakMs;
  const soaked = soakSince === undefined ? 0 : Math.max(0, now - soakSince) * hurry;
  const ok = soakSince !== undefined && soaked >= needed;
  const tempo = hurry === 1 ? '' : `, ${hurry} times as fast: a rehearsal`;
  const words = `watched for ${minutes(Math.min(soaked, needed))} of ${minutes(needed)}${tempo}`;
  return { name: 'soak', ok, stops: false, words };
}

function reportedOf({ ring, counts }: GateFacts, atEnd: boolean): GateCheck {
  const { flying, confirmed, heard, failed } = counts;
  const assigned = flying + confirmed + failed;
  // One of five is no 95 %: a ring that small may miss one, which is named anyway; not where too few others speak for it.
  const most = assigned < FEWEST_TO_MISS ? 0 : Math.max(1, Math.floor(assigned * (1 - REPORTED)));
  const words = `${heard} of ${assigned} run the new version and are heard; 95 % are needed`;
  // A fleet that is away, pinned or deferred has proved nothing: no wide ring opens on nobody's word.
  const spoken = heard > 0 || ring === OWN_RING || ring > LAST_CANARY_RING;
  return { name: 'reported', ok: spoken && assigned - heard <= most, stops: atEnd && failed > most, words };
}

function failuresOf({ ring, tally }: GateFacts, atEnd: boolean): GateCheck {
  const tests = evidenceIn(ring, tally);
  const bad = tests.find(({ value, limit, limitAtEnd }) => value >= (atEnd ? limitAtEnd : limit));
  const stops = bad !== undefined && credible(tally);
  const { of, seen, failures, value, limit, limitAtEnd } = bad ?? tests[0]!;
  const rate = seen === 0 ? 0 : (100 * failures) / seen;
  const found = `${round(failures)} failures in ${round(seen)} ${of} (${rate.toFixed(2)} %), of ${tally.failing.length} among ${tally.owners} owners`;
  const odds = `evidence ${tenths(value)}, halts at ${tenths(limit)}, at the end of the ring at ${tenths(limitAtEnd)}`;
  const doubt = bad !== undefined && !stops ? '; too few owners to believe it: they are set aside' : '';
  return { name: 'failures', ok: !stops, stops, words: `${found}; ${odds}${doubt}` };
}

function controlOf(comparisons: readonly Comparison[], atEnd: boolean): GateCheck {
  const worse = comparisons.filter(regressed);
  const said = (worse.length > 0 ? worse : comparisons)
    .filter((one) => standardErrors(one) !== undefined)
    .map((one) => {
      const { unit } = MEASURES.find(({ name }) => name === one.measure)!;
      return `${one.measure} ${round(one.updated.mean)} against ${round(one.control.mean)} ${unit} (${tenths(standardErrors(one)!)} standard errors)`;
    });
  const words =
    said.length === 0
      ? 'too few owners in either group to compare'
      : `${worse.length > 0 ? 'worse than the control group' : 'no worse than the control group'}: ${said.join(', ')}`;
  // Judged at the end of the soak: while nodes start anew, they are busier than those that do not.
  return { name: 'control', ok: worse.length === 0, stops: atEnd && worse.length > 0, words };
}

function minutes(ms: number): string {
  const whole = Math.floor(ms / 60_000);
  return whole >= 120 ? `${Math.floor(whole / 60)} h` : `${whole} min`;
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}

/** What rounds to nothing has no sign. */
function tenths(value: number): string {
  return (Math.round(value * 10) / 10 + 0).toFixed(1);
}
