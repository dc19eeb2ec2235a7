import { Readable } from 'node:stream';
import { stream } from 'hono/streaming';
import { parseRange } from '../byte-range.ts';
import type { HubContext } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import type { JobLog } from './job-logs.ts';

/** A log as text, whole or a range of it: what is written meanwhile is asked for by the next range. */
export function answerLog(c: HubContext, log: JobLog | undefined): Response {
  if (log === undefined) throw notFound('The log');
  const { size } = log;
  c.header('content-type', 'text/plain; charset=utf-8');
  c.header('cache-control', 'no-store');
  c.header('accept-ranges', 'bytes');
  c.header('x-stoa-size', String(size));
  const range = parseRange(c.req.header('range'), size);
  if (range === 'unsatisfiable') {
    c.header('content-range', `bytes */${size}`);
    throw new HttpError(416, 'range_past_end', `The log has ${size} bytes by now.`, {
      fix: 'Ask again later, from there.',
      retry: true,
    });
  }
  const { first, last } = range ?? { first: 0, last: size - 1 };
  c.header('content-length', String(last - first + 1));
  if (range !== undefined) c.header('content-range', `bytes ${first}-${last}/${size}`);
  const status = range === undefined ? 200 : 206;
  if (c.req.method === 'HEAD') return c.body(null, status);
  return c.body(Readable.toWeb(Readable.from(log.bytes(first, last))) as ReadableStream<Uint8Array>, status);
}

/** A log as it grows, until its job is over, or the reader leaves. */
export function followLog(
  c: HubContext,
  pieces: (signal: AbortSignal) => AsyncIterable<Uint8Array>,
): Response {
  c.header('content-type', 'text/plain; charset=utf-8');
  c.header('cache-control', 'no-store');
  return stream(c, async (out) => {
    const leaving = new AbortController();
    out.onAbort(() => leaving.abort());
    for await (const piece of pieces(leaving.signal)) await out.write(piece);
  });
}
