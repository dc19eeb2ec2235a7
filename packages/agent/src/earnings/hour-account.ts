import {
  checkpointKind,
  decodeExact,
  GATES,
  type HourRecord,
  hourRecord,
  MINUTES_MASK,
  peek,
  type SettledReceipt,
} from '@stoa/protocol';
import {
  argvFaults,
  commitmentMet,
  type EvidenceHour,
  type GateName,
  lateTipMs,
  minuteLines,
  newestReceipt,
  settledWords,
  type WholeMinute,
} from '@stoa/protocol/stoicism';
import { readable } from '#earnings/kept-evidence.ts';

/**
 * What a minute was, the first that holds, as the console has it. `counted`: the hub acknowledged it, nothing that this node
 * knows of is in its way, and it is not settled yet.
 */
export type Cause =
  | 'not connected'
  | 'told by one side only'
  | 'not judged'
  | GateName
  | 'earned in warm-up'
  | 'counted'
  | 'paid';

export interface Share {
  cause: Cause;
  minutes: bigint;
}

/** One hour, each of its minutes that are over in one share. */
export interface HourAccount {
  hubHour: number;
  /** settled: by the region's receipt. own: by what this node knows until there is one. */
  by: 'settled' | 'own';
  shares: Share[];
  /** Of these minutes those of a hub's gap. */
  gap: bigint;
  /** Whole 1e-6; undefined before it is settled. */
  microScore: number | undefined;
  account: string;
}

const CHAINS = 10;
const WARM_UP: GateName = 'warm-up';

export function accountOf(hour: EvidenceHour): HourAccount {
  const settled = newestReceipt(hour);
  return settled ? settledAccount(settled) : ownAccount(hour);
}

function settledAccount(receipt: SettledReceipt): HourAccount {
  const { paid, pending } = settledWords(receipt);
  const { hubHour, gap, microScore, account, minutes, unsupported, unjudged, gateFailures } = receipt;
  const shares = inOrder([
    ['not connected', MINUTES_MASK & ~(minutes | unsupported)],
    ['told by one side only', unsupported & ~minutes],
    ['not judged', unjudged],
    ...GATES.flatMap((gate, i): [Cause, bigint][] =>
      gate === WARM_UP ? [] : [[gate, gateFailures[i] ?? 0n]],
    ),
    ['earned in warm-up', pending],
    ['paid', paid],
  ]);
  return { hubHour, by: 'settled', shares, gap, microScore, account };
}

function ownAccount({ hubHour, checkpoint, log }: EvidenceHour): HourAccount {
  const record = log && readable(() => decodeExact(hourRecord, log));
  const acknowledged = checkpoint && readable(() => peek(checkpointKind, checkpoint).minutes);
  return openAccount({ hubHour, acknowledged: acknowledged ?? 0n, record });
}

/**
 * An hour that is not settled: of the gates, those that the node's own record tells.
 * @param over Its minutes that are over: all of them unless given.
 */
export function openAccount({
  hubHour,
  acknowledged,
  record,
  over = MINUTES_MASK,
}: {
  hubHour: number;
  acknowledged: bigint;
  record: HourRecord | undefined;
  over?: bigint;
}): HourAccount {
  const lines = record ? minuteLines(record) : new Map<number, readonly WholeMinute[]>();
  const failing = (gate: GateName, fails: (line: WholeMinute) => boolean): [Cause, bigint] => {
    let word = 0n;
    for (const [minute, some] of lines) if (some.every(fails)) word |= 1n << BigInt(minute);
    return [gate, word & MINUTES_MASK];
  };
  const shares = inOrder([
    ['not connected', over & ~acknowledged],
    failing('tip', isStale),
    failing('commitment', (line) => !commitmentMet({ ...line, freeMb: line.diskFreeMb })),
    failing('argv', ({ argv }) => argvFaults(argv).length > 0),
    failing('serving', ({ chainweb }) => chainweb !== 'up'),
    ['counted', acknowledged & MINUTES_MASK],
  ]);
  return { hubHour, by: 'own', shares, gap: 0n, microScore: undefined, account: '' };
}

function isStale({ tips, beatAgeMs, heartbeatMs }: WholeMinute): boolean {
  return tips.length < CHAINS || beatAgeMs > lateTipMs(heartbeatMs);
}

/** Each minute goes to the first that has it. */
function inOrder(words: readonly (readonly [Cause, bigint])[]): Share[] {
  let left = MINUTES_MASK;
  return words.flatMap(([cause, word]) => {
    const minutes = word & left;
    left &= ~minutes;
    return minutes === 0n ? [] : [{ cause, minutes }];
  });
}
