import crypto, { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WORK_PARTS, type WorkLane, workOf } from '@stoa/protocol/stoicism';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openProc } from '#collectors/proc.ts';
import type { Commands } from '#work/commands.ts';
import { measureChains } from '#work/kinds/measure/chain.ts';
import { measureDrive } from '#work/kinds/measure/drive.ts';
import { hardwareOf } from '#work/kinds/measure/hardware.ts';
import { overEnds, peersIn } from '#work/kinds/measure/network.ts';
import { fioDrive, perfIpc } from '#work/kinds/measure/tools.ts';

const signal = new AbortController().signal;
const seconds = 0.05;

describe('a measure', () => {
  it.each(WORK_PARTS.filter((part) => part !== 'randomRead'))(
    'of %s gives a figure, and a chain that can be followed from mark to mark',
    async (part) => {
      const nonce = new Uint8Array(32).fill(5);
      const { lanes, figure } = await measureChains({ part, nonce }, { seconds, threads: 2 }, signal);
      expect(figure).toBeGreaterThan(1);
      expect(lanes).toHaveLength(2);
      for (const [lane, { every, marks }] of lanes.entries()) {
        expect(marks.length).toBeLessThanOrEqual(256);
        const { first, step } = workOf(crypto, { part, nonce, lane });
        let state = first;
        for (let count = 0; count < every; count += 1) state = step(state);
        expect(new Uint8Array(state)).toEqual(marks[0]);
      }
      expect(lanes[0]!.marks[0]).not.toEqual(lanes[1]!.marks[0]);
    },
  );

  it('ends with its job', async () => {
    const stop = new AbortController();
    const by = { seconds: 1000, threads: 1 };
    const measured = measureChains({ part: 'blake2s', nonce: new Uint8Array(32) }, by, stop.signal);
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
      proof: {
        content: async () => new Uint8Array(32).fill(1),
        begin: async () => new Uint8Array(32).fill(2),
        end: async (blocks: number, lanes: WorkLane[]) => {
          const file = { nonce: new Uint8Array(32).fill(1), blocks };
          for (const [lane, { every, marks }] of lanes.entries()) {
            const start = { part: 'randomRead', nonce: new Uint8Array(32).fill(2), lane, file } as const;
            const { first, step } = workOf(crypto, start);
            let state = first;
            for (let left = every; left > 0; left -= 1) state = step(state);
            expect(marks[0]).toEqual(new Uint8Array(state));
          }
        },
      },
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

  it('does without a tool that is not there', async () => {
    const none = { run: () => Promise.reject(Object.assign(new Error('none'), { code: 'command_missing' })) };
    expect(await perfIpc(none, 1, signal)).toBeUndefined();
    expect(await fioDrive(none, { path: '/x', megabytes: 16, seconds: 1 }, signal)).toBeUndefined();
  });
});

describe('the network', () => {
  it('is measured to public addresses and ports of nobody’s other services, three at most', () => {
    const at = (hostname: unknown, port: unknown) => ({ address: { hostname, port } });
    const strange = [
      null,
      {},
      at('10.0.0.1', 1_789),
      at('5.6.7.8', 22),
      at('5.6.7.8', 443),
      at(1, 1_789),
      at('5.6.7.8', 70_000),
    ];
    const [v4, v6] = [at('5.6.7.8', 1_789), at('2001:41d0::1', 1_024)];
    expect(peersIn({ items: [...strange, v4, v6, v4, v4] }, '/p')).toEqual([
      'https://5.6.7.8:1789/p/cut/peer?limit=1',
      'https://[2001:41d0::1]:1024/p/cut/peer?limit=1',
      'https://5.6.7.8:1789/p/cut/peer?limit=1',
    ]);
    expect([null, 3, { items: 'x' }].map((table) => peersIn(table, '/p'))).toEqual([[], [], []]);
  });

  it('is judged over all ends that answer', () => {
    const steady = { trips: [10, 10, 10, 10], probes: 4 };
    const shaky = { trips: [10, 90], probes: 4 };
    expect(overEnds([steady])).toEqual({ jitterMs: 0, loss: 0, targets: 1 });
    expect(overEnds([steady, shaky, steady])).toEqual({ jitterMs: 0, loss: 1 - 10 / 12, targets: 3 });
    expect(overEnds([{ trips: [], probes: 20 }])).toEqual({ jitterMs: undefined, loss: 1, targets: 0 });
  });
});

describe('the hardware', () => {
  const saying = (line: string): Commands => ({
    run: async ({ onLine }) => {
      onLine?.(line, 'stdout');
      return { exitCode: line === 'none' ? 1 : 0 };
    },
  });
  it.each([
    ['none', 'bare-metal'],
    ['kvm', 'vps'],
    ['microsoft', 'vps'],
    ['docker', 'container'],
    ['lxc', 'container'],
  ])('that systemd calls %s is %s', async (line, hw) => {
    expect(await hardwareOf({ commands: saying(line), proc: openProc() }, signal)).toBe(hw);
  });
});
