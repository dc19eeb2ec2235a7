import { Worker } from 'node:worker_threads';

/**
 * Runs a function that needs nothing around it but `tool` on a thread of its own, so that a measure neither waits for the
 * agent nor holds up its heartbeat. Both are handed over as their own text: the agent is one file, and a thread can't be
 * pointed at a part of it.
 */
export function onThread<A, T, R>(
  measure: (require: NodeJS.Require, argument: A, tool: T) => R,
  argument: A,
  by: { readonly tool: T; readonly signal: AbortSignal },
): Promise<R> {
  // What runs the agent from its source may name functions by a helper of this name.
  const code = `const __name = (named) => named;
const { parentPort, workerData } = require('node:worker_threads');
parentPort.postMessage((${String(measure)})(require, workerData, (${String(by.tool)})));`;
  return new Promise((resolve, reject) => {
    const worker = new Worker(code, { eval: true, workerData: argument });
    const abort = (): void => void worker.terminate();
    by.signal.addEventListener('abort', abort, { once: true });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => {
      by.signal.removeEventListener('abort', abort);
      reject(by.signal.reason ?? new Error('the measuring thread ended without a result'));
    });
  });
}
