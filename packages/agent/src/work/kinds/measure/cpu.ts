import { onThread } from '#work/kinds/measure/worker.ts';

interface Load {
  readonly seconds: number;
}

/**
 * Events a second, on the scale of sysbench's, one of which finds all primes up to 10,000. The binary compiles no JavaScript
 * (it would count fifteen times less than a machine does), so the work is one that OpenSSL does: whether 2^127 - 1 is prime,
 * in 64 rounds. Such a check takes about as long as two events do.
 */
function primeEvents(require: NodeJS.Require, { seconds }: Load): number {
  const { checkPrimeSync } = require('node:crypto') as typeof import('node:crypto');
  const prime = 2n ** 127n - 1n;
  const started = performance.now();
  let events = 0;
  while (performance.now() - started < seconds * 1000) {
    if (!checkPrimeSync(prime)) throw new Error('2^127 - 1 was taken for no prime');
    events += 2;
  }
  return events / ((performance.now() - started) / 1000);
}

export interface CpuFigures {
  readonly singleEvents: number;
  readonly multiEvents: number;
}

export async function measureCpu(load: Load & { threads: number }, signal: AbortSignal): Promise<CpuFigures> {
  const singleEvents = await onThread(primeEvents, load, signal);
  const all = await Promise.all(
    Array.from({ length: load.threads }, () => onThread(primeEvents, load, signal)),
  );
  return { singleEvents, multiEvents: all.reduce((sum, events) => sum + events, 0) };
}
