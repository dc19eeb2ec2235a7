import { describe, expect, it } from 'vitest';
import { fuzz, TARGETS } from './fuzz/index.ts';

/** What CI spends; `pnpm fuzz --runs N --seed S` goes on from there. */
const RUNS = 100_000;
const CPU_SECONDS = 40;

describe('a hundred thousand hostile inputs', () => {
  it('let nothing escape but a refusal, and nothing pass that nobody sent', {
    timeout: 300_000,
  }, () => {
    const before = process.cpuUsage();
    const report = fuzz({ runs: RUNS, seed: 20_261_125 });
    const { user, system } = process.cpuUsage(before);
    expect(report.crashes).toEqual([]);
    expect(report.runs).toBe(RUNS);
    expect(Object.values(report.targets).every(({ runs }) => runs > 0)).toBe(true);
    expect((user + system) / 1e6).toBeLessThan(CPU_SECONDS);
  });
});

describe('the fuzzer', () => {
  it('does the same again for the same seed, and another for another', () => {
    const search = (seed: number) => fuzz({ runs: 2_000, seed }).targets;
    expect(search(7)).toEqual(search(7));
    expect(search(8)).not.toEqual(search(7));
  });

  it('repeats any one run alone', () => {
    const whole = fuzz({ runs: 30, seed: 3 });
    const alone = Array.from({ length: 30 }, (_, first) => fuzz({ runs: 1, seed: 3, first }));
    expect(alone.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(whole.accepted);
  });

  it('tells what it fed when something must not have happened', () => {
    const broken = {
      name: 'broken',
      share: 1,
      run: (_: unknown, trace: (what: string, bytes: Uint8Array) => void) => {
        trace('bytes', Uint8Array.of(1, 2));
        throw new TypeError('not a ProtocolError');
      },
    };
    const report = fuzz({ runs: 50, seed: 5, maxCrashes: 3, targets: [broken] });
    expect(report.crashes.length).toBe(3);
    expect(report.crashes[1]).toMatchObject({
      target: 'broken',
      seed: 5,
      run: 1,
      error: expect.any(TypeError),
      input: [{ what: 'bytes', bytes: '0102' }],
    });
  });

  it('has a target for each thing that comes from outside', () => {
    expect(TARGETS.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'agent messages',
        'hub messages',
        'session frames',
        'handshake, both sides',
        'join tokens',
        'certificate chains',
        'documents, signed',
        'proven receipts',
        'hours of evidence',
        'parameters of jobs',
        'local policies',
        'orders',
        'order drafts',
        'releases, unproven',
        'releases, signed',
        'descriptions of builds',
      ]),
    );
  });
});
