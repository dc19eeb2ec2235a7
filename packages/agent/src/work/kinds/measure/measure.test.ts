import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createClock } from '#clock.ts';
import { createCommands } from '#work/commands.ts';
import { measureCpu } from '#work/kinds/measure/cpu.ts';
import { measureCrypto } from '#work/kinds/measure/crypto.ts';
import { measureDrive } from '#work/kinds/measure/drive.ts';
import { measureMemory } from '#work/kinds/measure/memory.ts';
import { fioDrive, sysbenchCpu, sysbenchMemory } from '#work/kinds/measure/tools.ts';

const signal = new AbortController().signal;
const seconds = 0.05;
const commands = createCommands(createClock());

describe('a measure', () => {
  // A machine that others use may take the processor away in the middle of it.
  it('of the processor counts events, and more on more threads or as many', { retry: 4 }, async () => {
    const { singleEvents, multiEvents } = await measureCpu({ seconds: 0.2, threads: 2 }, signal);
    expect(singleEvents).toBeGreaterThan(10);
    expect(multiEvents).toBeGreaterThan(singleEvents / 2);
  });

  it('of cryptography and memory gives a figure for each part', async () => {
    for (const [name, figure] of Object.entries(await measureCrypto(seconds, signal)))
      expect(figure, name).toBeGreaterThan(1);
    expect(await measureMemory(seconds, signal)).toBeGreaterThan(50);
  });

  it('ends with its job', async () => {
    const stop = new AbortController();
    const measured = measureMemory(1000, stop.signal);
    stop.abort(new Error('cancelled'));
    await expect(measured).rejects.toThrow('cancelled');
  });

  it('of the drive leaves no file, be it done or cancelled', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'stoa-drive-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const load = {
      path: join(directory, 'file'),
      megabytes: 16,
      seconds,
      random: (count: number) => randomBytes(count),
      now: () => performance.now(),
      onPhase: () => undefined,
    };
    const figures = await measureDrive({ ...load, signal });
    expect(
      Math.min(figures.randomReadIops, figures.randomWriteIops, figures.sequentialReadMbPerSecond),
    ).toBeGreaterThan(1);
    await expect(
      measureDrive({ ...load, signal: AbortSignal.abort(new Error('cancelled')) }),
    ).rejects.toThrow('cancelled');
    expect(await readdir(directory)).toEqual([]);
  });

  it.skipIf(!existsSync('/usr/bin/sysbench'))('reads what sysbench says', async () => {
    expect(await sysbenchCpu(commands, { threads: 1, seconds: 1 }, signal)).toBeGreaterThan(10);
    expect(await sysbenchMemory(commands, 1, signal)).toBeGreaterThan(50);
  });

  it('does without a tool that is not there', async () => {
    const none = { run: () => Promise.reject(Object.assign(new Error('none'), { code: 'command_missing' })) };
    expect(await sysbenchCpu(none, { threads: 1, seconds: 1 }, signal)).toBeUndefined();
    expect(await fioDrive(none, { path: '/x', megabytes: 16, seconds: 1 }, signal)).toBeUndefined();
  });
});
