import { mkdtemp, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '@stoa/protocol';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFiles } from './log-files.ts';
import { PeerPasses } from './log-peers.ts';

describe('logs as files', () => {
  let directory: string;
  let files: LogFiles;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stoa-logs-'));
    files = new LogFiles({ directory });
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('hold each piece once, whatever is sent twice, late, or past a gap', async () => {
    const whole = Buffer.from(Array.from({ length: 400 }, (_, i) => i % 251));
    const piece = fc.record({ from: fc.nat(399), length: fc.integer({ min: 1, max: 120 }) });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
        run += 1;
        const id = `job-${run}`;
        let stored = 0;
        await Promise.all(
          pieces.map(async ({ from, length }) => {
            const now = await files.append(id, from, whole.subarray(from, from + length));
            expect(now).toBeGreaterThanOrEqual(stored);
            stored = Math.max(stored, now);
          }),
        );
        if (pieces.length === 0) return;
        const text = await readFile(files.pathOf(id));
        expect(text.equals(whole.subarray(0, stored))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('F27 end at their bound', async () => {
    const chunk = new Uint8Array(LIMITS.jobLogBytes - 10);
    expect(await files.append('a', 0, chunk)).toBe(LIMITS.jobLogBytes - 10);
    expect(await files.append('a', LIMITS.jobLogBytes - 10, new Uint8Array(100))).toBe(LIMITS.jobLogBytes);
    expect(await files.append('a', LIMITS.jobLogBytes, new Uint8Array(100))).toBe(LIMITS.jobLogBytes);
  });

  it('begin anew with each attempt, and go with age', async () => {
    await files.append('a', 0, Buffer.from('first'));
    await files.rotate('a', 1);
    await files.append('a', 0, Buffer.from('second'));
    await files.rotate('a', 1);
    expect(await readFile(files.pathOf('a'), 'utf8')).toBe('second');
    expect(await readFile(join(directory, 'a.1.log'), 'utf8')).toBe('first');
    await utimes(join(directory, 'a.1.log'), 1, 1);
    await files.removeOlder(10_000);
    expect([await files.size('a'), await files.size('a.1')]).toEqual([6, 0]);
  });
});

describe('the pass of a peer', () => {
  it('is good for one log, for a minute, and under one key', () => {
    let now = 1_000_000;
    const clock = { now: () => now };
    const passes = new PeerPasses({ key: new Uint8Array(32), clock });
    const pass = passes.issue('a');
    expect(passes.holds('a', pass)).toBe(true);
    expect(passes.holds('b', pass)).toBe(false);
    expect(passes.holds('a', undefined)).toBe(false);
    expect(new PeerPasses({ key: new Uint8Array(32).fill(1), clock }).holds('a', pass)).toBe(false);
    now += 61_000;
    expect(passes.holds('a', pass)).toBe(false);
  });
});
