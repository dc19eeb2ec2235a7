import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeCertificate } from './certificate.ts';

/** Of all of them: two that sign themselves under one name can't both be trusted. */
const CERTIFICATE = makeCertificate();

interface Upload {
  readonly path: string;
  readonly parts: Map<number, Buffer>;
}

/** What S3 does with uploads in parts, as its interface has it; that signatures hold is tested beside who makes them. */
export class S3Storage implements AsyncDisposable {
  readonly objects = new Map<string, Buffer>();
  /** Each request for a part, by its number. */
  readonly asked: number[] = [];
  /** What happens to the next requests of this kind, once each: the connection ends before the answer, or a status. */
  readonly faults: { readonly at: 'part' | 'complete'; readonly with: 'cut after' | number }[] = [];
  /** From this part on each connection ends. */
  cutFrom: number | undefined;
  #begun = 0;
  readonly #uploads = new Map<string, Upload>();
  readonly #server = createServer(CERTIFICATE, (request, response) => {
    void this.#answer(request, response);
  });

  static async start(): Promise<S3Storage> {
    const storage = new S3Storage();
    storage.#server.listen(0, '127.0.0.1');
    await once(storage.#server, 'listening');
    return storage;
  }

  get origin(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** PEM: whoever dials it must trust it. */
  get ca(): string {
    return CERTIFICATE.cert;
  }

  /** As a storage does with uploads that nobody goes on with. */
  forget(): void {
    this.#uploads.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '', this.origin);
    const { method = '' } = request;
    const kind = kindOf(method, query);
    if (kind === 'part') this.asked.push(Number(query.get('partNumber')));
    if (kind === 'part' && Number(query.get('partNumber')) >= (this.cutFrom ?? Number.POSITIVE_INFINITY))
      return void request.socket.destroy();
    const body = await bodyOf(request).catch(() => undefined);
    if (body === undefined) return;
    const fault = this.faults[0]?.at === kind ? this.faults.shift()?.with : undefined;
    const refusal = query.has('X-Amz-Signature') ? fault : 403;
    if (typeof refusal === 'number') return void response.writeHead(refusal).end('<Error/>');
    const { status, etag, text, bytes } = this.#act(method, { path, query, body });
    if (fault === 'cut after') return void request.socket.destroy();
    response
      .writeHead(status, {
        ...(etag !== undefined && { etag }),
        ...(bytes !== undefined && { 'content-length': bytes }),
      })
      .end(text);
  }

  #act(
    method: string,
    { path, query, body }: { path: string; query: URLSearchParams; body: Buffer },
  ): { status: number; etag?: string; text?: string; bytes?: number } {
    if (query.has('uploads')) {
      this.#begun += 1;
      const id = `upload&${this.#begun}`;
      this.#uploads.set(id, { path, parts: new Map() });
      return { status: 200, text: `<R><UploadId>${id.replace('&', '&amp;')}</UploadId></R>` };
    }
    const id = query.get('uploadId');
    if (id === null) {
      if (method === 'PUT') this.objects.set(path, body);
      const object = this.objects.get(path);
      // As Amazon answers whoever may not list the bucket.
      if (object === undefined) return { status: 403 };
      return { status: 200, ...(method === 'HEAD' && { bytes: object.length }) };
    }
    const upload = this.#uploads.get(id);
    if (upload?.path !== path) return { status: 404, text: '<Error><Code>NoSuchUpload</Code></Error>' };
    if (method === 'GET') return { status: 200, text: '<R/>' };
    if (method === 'PUT') {
      upload.parts.set(Number(query.get('partNumber')), body);
      return { status: 200, etag: etagOf(body) };
    }
    const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>&quot;(\w+)&quot;/g)];
    const parts = named.map(([, number, etag]) => {
      const part = upload.parts.get(Number(number));
      return part !== undefined && etagOf(part) === `"${etag}"` ? part : undefined;
    });
    if (parts.length === 0 || parts.includes(undefined))
      return { status: 400, text: '<Error><Code>InvalidPart</Code></Error>' };
    this.objects.set(path, Buffer.concat(parts as Buffer[]));
    this.#uploads.delete(id);
    return { status: 200, text: '<R/>' };
  }
}

function kindOf(method: string, query: URLSearchParams): 'part' | 'complete' | undefined {
  if (!query.has('uploadId')) return undefined;
  return method === 'PUT' ? 'part' : method === 'POST' ? 'complete' : undefined;
}

function etagOf(body: Buffer): string {
  return `"${createHash('md5').update(body).digest('hex')}"`;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
