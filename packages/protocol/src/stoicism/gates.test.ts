import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GATES } from '../evidence/receipt.ts';
import { UNKNOWN_U16, UNKNOWN_U32 } from '../messages/gauges.ts';
import { ALL_GATES, argvFaults, commitmentMet, GATE_BIT, hasPeers } from './gates.ts';
import {
  addOff,
  BENCHMARK_MINUTES,
  isWarm,
  type MinuteKind,
  stepWarmUp,
  WARM_UP_MINUTES,
  warmUpColumns,
} from './warm-up.ts';

describe('gates', () => {
  it('have a bit each, in the order of receipts', () => {
    expect(Object.values(GATE_BIT)).toEqual(GATES.map((_, i) => 1 << i));
    expect(Object.values(GATE_BIT).reduce<number>((all, bit) => all | bit, 0)).toBe(ALL_GATES);
  });

  it('fail closed where a value is unknown', () => {
    expect([0, 1, 2, UNKNOWN_U16].map(hasPeers)).toEqual([false, false, true, false]);
    expect(commitmentMet({ freeMb: UNKNOWN_U32, committedGb: 1, driveCommittedGb: 1 })).toBe(false);
    expect(argvFaults([])).toEqual(['no-process']);
  });

  it('ask for a twentieth more than is promised on the drive', () => {
    const met = (freeBytes: number, committedGb: number, driveCommittedGb = 0) =>
      commitmentMet({ freeMb: freeBytes / 2 ** 20, committedGb, driveCommittedGb });
    expect(met(105e9, 100)).toBe(true);
    expect(met(105e9 - 2 ** 20, 100)).toBe(false);
    expect(met(105e9, 100, 200)).toBe(false);
    expect(met(0, 0, 200)).toBe(true);
  });

  const helpful = [
    'chainweb-node',
    '--p2p-hostname',
    'n.example',
    '--enable-mempool-p2p',
    '--enable-backup-api',
  ];
  it.each([
    [[], []],
    [['--p2p-hostname=0.0.0.0'], []],
    [['--p2p-hostname=192.168.1.4'], ['hostname']],
    [['--p2p-hostname'], ['hostname']],
    [['--p2p-hostname', 'localhost'], ['hostname']],
    [['--p2p-hostname=[fd00::1]'], ['hostname']],
    [['--p2p-hostname=100.64.3.1'], ['hostname']],
    [['--p2p-hostname=100.128.3.1'], []],
    [['--disable-mempool-p2p'], ['mempool']],
    [['--disable-mempool-p2p', '--enable-mempool-p2p'], []],
    [['--disable-backup-api'], ['backup']],
    [['--enable-private'], ['private']],
    [['--enable-private', '--disable-private'], []],
    [['--private'], ['private']],
    [['--p2p-max-peer-count=0'], ['no-peers']],
    [['--p2p-max-session-count', '0'], ['no-peers']],
    [['--p2p-max-peer-count', '100'], []],
  ])('judge arguments: besides the helpful ones %j', (more, faults) => {
    expect(argvFaults([...helpful, ...more])).toEqual(faults);
  });
});

describe('the warm-up', () => {
  function run(kinds: readonly MinuteKind[], from = 10_000): { minutes: number; off: number; warm: boolean } {
    const one = warmUpColumns(1);
    for (const [i, kind] of kinds.entries()) stepWarmUp(one, 0, kind, from + i);
    return { minutes: one.minutes[0]!, off: one.off[0]!, warm: isWarm(one, 0) };
  }
  /** Looking back from each minute, instead of carrying a state. */
  function counted(kinds: readonly MinuteKind[]): number {
    const restart = kinds.findLastIndex((_, i) => i >= 60 && isOff(kinds.slice(i - 60, i + 1)));
    const credits = new Set<number>();
    let since = Number.NEGATIVE_INFINITY;
    for (const [i, kind] of kinds.entries()) {
      if (kind !== 'benchmark') continue;
      if (i - since >= 1_440) since = i;
      if ([...credits].filter((at) => at >= since).length < BENCHMARK_MINUTES) credits.add(i);
    }
    const counting = kinds.filter((kind, i) => i > restart && (kind === 'good' || credits.has(i)));
    return Math.min(WARM_UP_MINUTES, counting.length);
  }
  const isOff = (kinds: readonly MinuteKind[]) => kinds.every((kind) => kind === 'off');
  const times = (count: number, kind: MinuteKind) => new Array<MinuteKind>(count).fill(kind);

  it('takes 1,440 good minutes, wherever they lie', () => {
    const half = times(720, 'good');
    expect(run([...half, ...times(60, 'off'), ...half])).toMatchObject({ minutes: 1_440, warm: true });
    expect(run([...half, ...times(61, 'off'), ...half])).toMatchObject({ minutes: 720, warm: false });
    expect(run([...half, ...times(500, 'still'), ...half.slice(1)]).warm).toBe(false);
  });

  it('is lost by more than sixty minutes off the tip in a row, also where nobody saw them', () => {
    const one = warmUpColumns(1);
    one.minutes[0] = WARM_UP_MINUTES;
    addOff(one, 0, 60);
    expect(isWarm(one, 0)).toBe(true);
    addOff(one, 0, 1_000_000);
    expect([isWarm(one, 0), one.minutes[0], one.off[0]]).toEqual([false, 0, 61]);
  });

  it('credits a benchmark with six minutes, once in 24 hours', () => {
    expect(run(times(10, 'benchmark')).minutes).toBe(BENCHMARK_MINUTES);
    const later = [...times(10, 'benchmark'), ...times(1_430, 'still'), ...times(10, 'benchmark')];
    expect(run(later).minutes).toBe(2 * BENCHMARK_MINUTES);
  });

  it('is what a plain count says, over any course', () => {
    const course = fc.array(
      fc.tuple(
        fc.constantFrom<MinuteKind>('good', 'off', 'still', 'benchmark'),
        fc.integer({ min: 1, max: 90 }),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(course, (parts) => {
        const kinds = parts.flatMap(([kind, count]) => times(count, kind));
        const minutes = counted(kinds);
        expect(run(kinds)).toMatchObject({ minutes, warm: minutes === 1_440 });
      }),
      { numRuns: 50 },
    );
  });
});
