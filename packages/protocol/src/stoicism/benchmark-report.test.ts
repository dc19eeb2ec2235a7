import { describe, expect, it } from 'vitest';
import { provenBy, readBenchmark } from './benchmark-report.ts';
import { SEED_BASELINES } from './parts.ts';
import { serverScore } from './score.ts';

/** Of a machine that has every baseline. */
const report = {
  cpuSingle: 5_000,
  cpuMulti: 5_000,
  ipc: 1.5,
  blake2sMbPerSecond: 600,
  secp256k1PerSecond: 30_000,
  ed25519PerSecond: 25_000,
  pactProxyPerSecond: 1_000,
  hashVerifyPerSecond: 4_000,
  memoryMb: 8_000,
  memoryMbPerSecond: 8_000,
  randomReadIops: 20_000,
  randomWriteIops: 20_000,
  sequentialReadMbPerSecond: 900,
  sequentialWriteMbPerSecond: 500,
  direct: true,
  downloadMbitPerSecond: 500,
  jitterMs: 5,
  loss: 0,
  committedGb: 1_000,
  hw: 'bare-metal',
};

describe('the report of a benchmark', () => {
  it('is read into thousandths of each part', () => {
    const { claimed, hwType, committedGb } = readBenchmark(report);
    expect(serverScore(claimed, SEED_BASELINES, hwType).micro).toBe(1_150_000);
    expect(committedGb).toBe(1_000);
    expect(claimed.sequential).toEqual({ value: 500_000 });
    expect(readBenchmark({ ...report, loss: 0.05 }).claimed.loss).toEqual({ value: 5_000 });
  });

  it('that was made through the page cache has no drive', () => {
    const { claimed } = readBenchmark({ ...report, direct: false });
    expect(claimed.randomRead).toEqual({ value: 20_000_000, fault: 'fallback' });
    expect(claimed.cpuSingle).toEqual({ value: 5_000_000 });
  });

  it('that leaves something out counts as what earns least', () => {
    expect(readBenchmark({})).toEqual({ claimed: {}, hwType: 'container', committedGb: 0 });
  });

  it.each([
    { cpuSingle: -1 },
    { cpuSingle: 1e15 },
    { memoryMb: '8000' },
    { loss: 1.5 },
    { jitterMs: Number.NaN },
    { committedGb: -5 },
    { hw: 'mainframe' },
    { hw: 'toString' },
  ])('is refused with what is wrong in it: %j', (wrong) => {
    expect(() => readBenchmark({ ...report, ...wrong })).toThrow(
      expect.objectContaining({ code: 'bad_measure', message: expect.stringContaining("' ") }),
    );
  });
});

describe('a part that answers a nonce', () => {
  const { claimed } = readBenchmark(report);

  it('counts as far as the clock of the hub allows', () => {
    const measured = provenBy(claimed, { cpuSingle: 4_600_000, cpuMulti: 2_000_000, blake2s: 'wrong' });
    expect(measured.cpuSingle).toEqual({ value: 5_000_000 });
    expect(measured.cpuMulti).toEqual({ value: 2_000_000, claimed: 5_000_000 });
    expect(measured.blake2s).toEqual({ value: 600_000, fault: 'unproven' });
    expect(measured.ed25519).toEqual({ value: 25_000_000, fault: 'unproven' });
    expect(measured.memory).toEqual(claimed.memory);
    const { parts } = serverScore(measured, SEED_BASELINES, 'vps');
    expect(parts.find(({ part }) => part === 'cpuMulti')).toMatchObject({ earnedPpm: 16_000, note: 'timed' });
  });
});
