import { setTimeout as sleep } from 'node:timers/promises';
import { number } from '../console/format.ts';
import type { BatchCounts } from '../jobs/index.ts';
import type { CommandContext } from './context.ts';
import type { JobBench } from './job-tools.ts';

const LOOK_MS = 500;
/** From one line to the next where there is no terminal, on which one is written over. */
const LINE_MS = 10_000;

/**
 * Tells how a batch is going until it is over, that long has passed, or the command is interrupted: the jobs go on without
 * it.
 */
export async function followBatch(
  { stderr, signal }: Pick<CommandContext, 'stderr' | 'signal'>,
  bench: Pick<JobBench, 'count' | 'now'>,
  { batchId, timeoutMs = Number.POSITIVE_INFINITY }: { batchId: string; timeoutMs?: number | undefined },
): Promise<void> {
  const live = stderr.isTTY;
  const began = bench.now();
  let toldAt = began;
  for (;;) {
    const counts = await bench.count(batchId);
    const now = bench.now();
    const done = counts.open === 0 || signal.aborted || now - began >= timeoutMs;
    if (live) stderr.write(`\r\u001b[K${progressOf(counts)}${done ? '\n' : ''}`);
    else if (now - toldAt >= LINE_MS) {
      toldAt = now;
      stderr.write(`${progressOf(counts)}\n`);
    }
    if (done) return;
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

function progressOf({ submitted, open, failed }: BatchCounts): string {
  return `${number(submitted - open)} of ${number(submitted)} over, ${number(failed)} failed`;
}
