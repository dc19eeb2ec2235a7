import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeExact, encode } from '../codec/codec.ts';
import { type HourLog, hourLog, type LoggedMinute } from '../evidence/hour-log.ts';
import { MINUTES_MASK } from '../evidence/minutes.ts';
import { GATES } from '../evidence/receipt.ts';
import { UNKNOWN_U16, UNKNOWN_U32 } from '../messages/gauges.ts';
import { loggedHour } from './logged-gates.ts';

const GOOD_ARGV = [
  'chainweb-node',
  '--p2p-hostname=n.example',
  '--enable-mempool-p2p',
  '--enable-backup-api',
];
const said = {
  ...{ committedPath: '/srv', committedGb: 100, driveCommittedGb: 100, p2pFingerprint: '', p2pPort: 1789 },
  argv: GOOD_ARGV,
};

function line(minute: number, over: Partial<LoggedMinute> = {}): LoggedMinute {
  const tips = Array.from({ length: 10 }, (_, chain) => ({ chain, height: 9, hash: new Uint8Array(32) }));
  return {
    ...{ minute, sessionId: new Uint8Array(16), acknowledged: true, beatAgeMs: 9_000, heartbeatMs: 30_000 },
    ...{ chainweb: 'up', peers: 5, diskFreeMb: 200_000, tips, said: minute === 0 ? said : undefined },
    ...over,
  };
}

function hour(over: Readonly<Record<number, Partial<LoggedMinute>>> = {}): HourLog {
  return { hubHour: 7, minutes: Array.from({ length: 60 }, (_, minute) => line(minute, over[minute])) };
}

const bits = (...minutes: number[]): bigint => minutes.reduce((word, at) => word | (1n << BigInt(at)), 0n);
const gate = (name: (typeof GATES)[number]): number => GATES.indexOf(name);
const TERMS = { scoredGb: 100 };

describe('the log of an hour', () => {
  it('is the same value after its way through bytes', () => {
    fc.assert(
      fc.property(fc.subarray([...Array(60).keys()]), fc.nat(UNKNOWN_U16), (minutes, peers) => {
        const log = { hubHour: 7, minutes: minutes.map((minute) => line(minute, { peers })) };
        expect(decodeExact(hourLog, encode(hourLog, log))).toEqual(log);
      }),
    );
  });

  it('shows that gates 5 and 6 passed, and of gate 3 that fresh tips were told', () => {
    const { gates, told, logged, acknowledged } = loggedHour(hour(), TERMS);
    const all = { passes: MINUTES_MASK, fails: 0n };
    expect([logged, acknowledged]).toEqual([MINUTES_MASK, MINUTES_MASK]);
    expect([gates[gate('commitment')], gates[gate('argv')], told]).toEqual([all, all, all]);
    for (const name of ['account', 'benchmark', 'tip', 'warm-up', 'serving'] as const)
      expect(gates[gate(name)]).toEqual({ passes: 0n, fails: 0n });
  });

  it('contradicts nobody in a minute beside one that went the other way', () => {
    const full = { diskFreeMb: 50_000 };
    const { gates } = loggedHour(hour({ 10: full, 11: full, 12: full, 13: full }), TERMS);
    expect(gates[gate('commitment')]).toEqual({
      passes: MINUTES_MASK & ~bits(9, 10, 11, 12, 13, 14),
      fails: bits(11, 12),
    });
  });

  it('looks at the minutes beside the hour too', () => {
    const off = { ...said, argv: ['chainweb-node'] };
    const { gates } = loggedHour(hour(), {
      ...TERMS,
      before: line(59, { said: off }),
      after: line(0, { said: undefined }),
    });
    expect(gates[gate('argv')]!.passes).toBe(MINUTES_MASK & ~1n);
  });

  it('holds a node to what it promised when its score was measured, and says nothing where that is not known', () => {
    const passes = (scoredGb: number | undefined) =>
      loggedHour(hour(), { scoredGb }).gates[gate('commitment')]!;
    expect(passes(300)).toEqual({ passes: 0n, fails: MINUTES_MASK });
    expect(passes(undefined)).toEqual({ passes: 0n, fails: 0n });
  });

  it('shows late or missing tips, too few peers, and a chainweb that was down', () => {
    const late = { beatAgeMs: 80_001 };
    const { gates, peers, down } = loggedHour(
      hour({
        ...{ 20: late, 21: late, 22: late },
        ...{ 30: { tips: [] }, 31: { tips: [] }, 32: { tips: [] }, 33: { beatAgeMs: UNKNOWN_U32 } },
        ...{ 40: { peers: 1 }, 41: { peers: UNKNOWN_U16 }, 42: { peers: 0 } },
        ...{ 50: { chainweb: 'down' }, 51: { chainweb: 'stopped' }, 52: { chainweb: 'unknown' } },
      }),
      TERMS,
    );
    expect(gates[gate('tip')]!.fails).toBe(bits(21, 31, 32));
    expect(peers.fails).toBe(bits(41));
    expect([down.passes, gates[gate('serving')]!.fails]).toEqual([bits(51), bits(51)]);
  });
});
