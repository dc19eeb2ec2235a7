import { Worker } from 'node:worker_threads';

/**
 * Runs a function that needs nothing around it on a thread of its own, so that a measure neither waits for the agent nor
 * holds up its heartbeat. It is handed over as its own text: the agent is one file, and a thread can't be pointed at a
 * part of it.
 */
export function onThread<A, R>(
  measure: (require: NodeJS.Require, argument: A) => R,
  argument: A,
  signal: AbortSignal,
): Promise<R> {
  const code = `const { parentPort, workerData } = require('node:worker_threads');
parentPort.postMessage((${measure.toString()})(require, workerData));`;
  return new Promise((resolve, reject) => {
    const worker = new Worker(code, { eval: true, workerData: argument });
    const abort = (): void => void worker.terminate();
    signal.addEventListener('abort', abort, { once: true });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => {
      signal.removeEventListener('abort', abort);
      reject(signal.reason ?? new Error('the measuring thread ended without a result'));
    });
  });
}
