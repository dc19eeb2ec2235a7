import { onThread } from '#work/kinds/measure/worker.ts';

interface Load {
  readonly seconds: number;
}

/**
 * Events a second as sysbench counts them: one event finds all primes up to 10,000 by trial division. A JavaScript engine
 * is about as fast at it as compiled code, and the same code runs on every node.
 */
function primeEvents(_require: NodeJS.Require, { seconds }: Load): number {
  const started = performance.now();
  let events = 0;
  let primes = 0;
  while (performance.now() - started < seconds * 1000) {
    for (let candidate = 3; candidate < 10_000; candidate += 1) {
      const root = Math.sqrt(candidate);
      let divisor = 2;
      while (divisor <= root && candidate % divisor !== 0) divisor += 1;
      if (divisor > root) primes += 1;
    }
    events += 1;
  }
  return primes === events * 1228 ? events / ((performance.now() - started) / 1000) : 0;
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
