import { randomInt } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { encodeCursor } from '@stoa/hub/nodes';
import { openConsoleWorld } from '../../test/kit/console-world.ts';
import type { Read, Reading } from './console-readers.ts';
import type { Bench } from './result.ts';
import { quantile, result, round } from './result.ts';

const NODES = 100_000;
const READERS = 100;
/** A quarter of what a database machine of this size has; the default of 128 MB is less than the rows take. */
const SHARED_BUFFERS = '512MB';
const TARGETS = { alone: 50, crowd: 250 };

/**
 * The signed-in node list over 100,000 nodes on a real database: 50 rows a page, each reader walking on by keyset from a
 * place of its own, so that hardly a page is asked for twice. The readers never pause. Readers, hub and database share
 * this machine. 400 pages alone, 4,000 by 100 readers; ten times as many under --long.
 */
export const benchConsole: Bench = async ({ long, say }) => {
  const times = long ? 10 : 1;
  await using world = await openConsoleWorld({ nodes: NODES, sharedBuffers: SHARED_BUFFERS });
  const cookie = await world.signIn();
  const run = (readers: number, pages: number) =>
    measure({ origin: world.url, cookie, starts: starts(readers), pages });
  say(`${NODES} nodes seeded; reading`);
  await run(4, 200);
  const alone = await run(1, 400 * times);
  say(`alone: p95 ${round(alone.p95)} ms`);
  const crowd = await run(READERS, 4_000 * times);
  say(`${READERS} readers: p95 ${round(crowd.p95)} ms, ${Math.round(crowd.pagesPerSecond)} pages a second`);
  return result({
    bench: 'console',
    value: round(crowd.p95),
    unit: `ms to the first byte, p95 under ${READERS} readers`,
    target: TARGETS.crowd,
    better: 'lower',
    peer: null,
    pass: alone.p95 <= TARGETS.alone && crowd.p95 <= TARGETS.crowd,
    detail: {
      nodes: NODES,
      sharedBuffers: SHARED_BUFFERS,
      aloneTargetMs: TARGETS.alone,
      alone: figures(alone),
      crowd: figures(crowd),
    },
  });
};

interface Measured extends Read {
  readonly p50: number;
  readonly p95: number;
  readonly pagesPerSecond: number;
  readonly hubCpuMsPerPage: number;
}

async function measure(reading: Reading): Promise<Measured> {
  const before = process.threadCpuUsage();
  const read = await inThread(reading);
  const { user, system } = process.threadCpuUsage(before);
  const sorted = read.firstByteMs.toSorted((a, b) => a - b);
  return {
    ...read,
    p50: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    pagesPerSecond: (sorted.length / read.elapsedMs) * 1_000,
    hubCpuMsPerPage: (user + system) / 1_000 / sorted.length,
  };
}

function inThread(reading: Reading): Promise<Read> {
  const worker = new Worker(new URL('./console-readers.ts', import.meta.url), { workerData: reading });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
  });
}

function starts(readers: number): string[] {
  return Array.from({ length: readers }, () => {
    const label = `node-${String(randomInt(NODES)).padStart(6, '0')}`;
    return `/o/admin@stoa.example/nodes?after=${encodeCursor({ label, nodeId: '0'.repeat(64) })}`;
  });
}

function figures({ p50, p95, pagesPerSecond, hubCpuMsPerPage, bytes, firstByteMs }: Measured) {
  return {
    p50Ms: round(p50),
    p95Ms: round(p95),
    pagesPerSecond: round(pagesPerSecond),
    hubCpuMsPerPage: round(hubCpuMsPerPage),
    kibPerPage: round(bytes / firstByteMs.length / 1024),
  };
}
