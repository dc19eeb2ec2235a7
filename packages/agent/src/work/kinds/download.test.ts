import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createClock } from '#clock.ts';
import { createHttp } from '#http.ts';
import { download } from '#work/kinds/download.ts';
import { runningJob } from '#work/kinds/running-job.fixture.ts';

const real = createClock();
/** The pause before another try, and how long a source may be silent. */
const QUICK = new Map([
  [5_000, 0],
  [90_000, 100],
]);
const quick = { ...real, after: (ms: number, task: () => void) => real.after(QUICK.get(ms) ?? ms, task) };
const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));

async function fetched(listener: RequestListener): Promise<{ bytes: Buffer; log: string[] }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { job, log } = runningJob('system-probe');
  const parts: Uint8Array[] = [];
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/seed`;
  for await (const chunk of download({ http: createHttp({ clock: real }), clock: quick }, job, url))
    parts.push(chunk);
  return { bytes: Buffer.concat(parts), log };
}

describe('a download', () => {
  it('goes on where it was cut, as often as it gets further', async () => {
    const { bytes, log } = await fetched((request, response) => {
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      const to = Math.min(content.length, from + 20_000);
      response.writeHead(from === 0 ? 200 : 206, { 'content-length': content.length - from });
      response.write(content.subarray(from, to), () =>
        to < content.length ? response.destroy() : response.end(),
      );
    });
    expect(bytes.equals(content)).toBe(true);
    expect(log.length).toBeGreaterThan(8);
  });

  it('F29 goes on where its source fell silent', async () => {
    const { bytes, log } = await fetched((request, response) => {
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(from === 0 ? 200 : 206, { 'content-length': content.length - from });
      if (from === 0) response.write(content.subarray(0, 1000));
      else response.end(content.subarray(from));
    });
    expect(bytes.equals(content)).toBe(true);
    expect(log).toEqual([expect.stringContaining('going on at byte 1000')]);
  });

  it('takes no whole file for the rest of one, and no answer for a file', async () => {
    await expect(fetched((_request, response) => response.writeHead(403).end('no'))).rejects.toMatchObject({
      code: 'download_failed',
      message: expect.stringContaining('403'),
    });
    const deaf: RequestListener = (_request, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 1000), () => response.destroy());
    };
    await expect(fetched(deaf)).rejects.toMatchObject({ message: expect.stringContaining('200 to a range') });
  });
});
