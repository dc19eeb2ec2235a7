/** Readers of the node list on a thread of their own: each asks for a page, walks on by the link to the next, again and again. */
import { Agent, get } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

export interface Reading {
  readonly origin: string;
  readonly cookie: string;
  /** Where each reader begins. */
  readonly starts: readonly string[];
  /** Pages in all. */
  readonly pages: number;
}

export interface Read {
  /** Milliseconds to the first byte of each page, in the order they came. */
  readonly firstByteMs: readonly number[];
  readonly elapsedMs: number;
  readonly bytes: number;
}

const NEXT = /rel="next" href="([^"]+)"/;
const HEAD_BYTES = 8 * 1024;

async function read({ origin, cookie, starts, pages }: Reading): Promise<Read> {
  const agent = new Agent({ keepAlive: true, maxSockets: starts.length });
  const firstByteMs: number[] = [];
  let asked = 0;
  let bytes = 0;
  /** Reads a page. @returns the path of the next. */
  const page = (path: string) =>
    new Promise<string>((resolve, reject) => {
      const began = performance.now();
      get(origin + path, { agent, headers: { cookie, accept: 'text/html' } }, (response) => {
        if (response.statusCode !== 200) reject(new Error(`${path} answered ${response.statusCode}`));
        // The link to the next page stands in the first kilobytes; the rest need not be looked at.
        response.once('data', (head: Buffer) => {
          firstByteMs.push(performance.now() - began);
          const next = NEXT.exec(head.toString('latin1', 0, HEAD_BYTES))?.[1]?.replaceAll('&amp;', '&');
          bytes += head.length;
          response.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
          });
          response.on('end', () => {
            const { pathname, search } = new URL(next ?? 'nodes', origin + path);
            resolve(pathname + search);
          });
        });
      }).on('error', reject);
    });
  const began = performance.now();
  await Promise.all(
    starts.map(async (start) => {
      let path = start;
      while (asked < pages) {
        asked += 1;
        path = await page(path);
      }
    }),
  );
  agent.destroy();
  return { firstByteMs, elapsedMs: performance.now() - began, bytes };
}

parentPort?.postMessage(await read(workerData as Reading));
