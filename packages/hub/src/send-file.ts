import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { parseRange } from './byte-range.ts';
import type { HubContext } from './http.ts';

export interface SentFile {
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** Of the content, which never changes under its address. */
  readonly etag: string;
  readonly contentType: string;
  /** A name to save it under. */
  readonly filename?: string;
  /** Called once its last byte was read: as far as a hub can tell, it has arrived. */
  readonly sent?: () => void;
}

/** A file whose address names its content: any cache may keep it for good, and who was cut off goes on where they were. */
export function sendFile(c: HubContext, file: SentFile): Response {
  const { path, size, sent } = file;
  const etag = `"${file.etag}"`;
  c.header('etag', etag);
  c.header('accept-ranges', 'bytes');
  c.header('cache-control', 'public, max-age=31536000, immutable');
  if (c.req.header('if-none-match') === etag) return c.body(null, 304);
  const wanted = c.req.header('if-range') ?? etag;
  const range = wanted === etag ? parseRange(c.req.header('range'), size) : undefined;
  if (range === 'unsatisfiable') {
    c.header('content-range', `bytes */${size}`);
    return c.body(null, 416);
  }
  const { first, last } = range ?? { first: 0, last: size - 1 };
  c.header('content-type', file.contentType);
  if (file.filename !== undefined) c.header('content-disposition', `attachment; filename="${file.filename}"`);
  c.header('content-length', String(last - first + 1));
  if (range !== undefined) c.header('content-range', `bytes ${first}-${last}/${size}`);
  c.status(range === undefined ? 200 : 206);
  if (c.req.method === 'HEAD') return c.body(null);
  const stream = createReadStream(path, { start: first, end: last });
  if (sent !== undefined && last === size - 1) stream.once('end', sent);
  return c.body(Readable.toWeb(stream) as ReadableStream<Uint8Array>);
}
