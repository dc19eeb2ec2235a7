import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MirrorSource } from './source.ts';

describe('a region that is mirrored', () => {
  it('leads this hub nowhere else', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await expect(new MirrorSource({ origin, fetch }).timestamp(1_000)).rejects.toMatchObject({
      code: 'mirror_failed',
    });
    expect(asked).toEqual(['/releases/metadata/timestamp.json']);
  });
});
