import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openArchiveStorage, S3Storage } from './storage.ts';

const NODE = '0123456789abcdef'.repeat(4);
const clock = { now: () => Date.UTC(2013, 4, 24) };
const amazon = new S3Storage({
  ...{ base: new URL('https://examplebucket.s3.amazonaws.com/'), region: 'us-east-1', clock },
  ...{ accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
});

describe('storage', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stoa-archives-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('signs as the documentation of S3 does (Signature Version 4, query parameters)', async () => {
    const link = new URL(await amazon.link('https://examplebucket.s3.amazonaws.com/test.txt', 86_400_000));
    expect(Object.fromEntries(link.searchParams)).toEqual({
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request',
      'X-Amz-Date': '20130524T000000Z',
      'X-Amz-Expires': '86400',
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Signature': 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    });
  });

  it('gives each backup a place of its own, which fits into a job, and knows it again', async () => {
    const place = new URL(await amazon.place(NODE));
    expect(place.pathname).toBe('/0123456789abcdef/20130524T000000000');
    expect(place.href.length).toBeLessThan(380);
    expect(amazon.holds(NODE, `${place.origin}${place.pathname}`)).toBe(true);
    expect(amazon.holds(NODE, `${place.origin}/${NODE.slice(0, 16)}/20261126T080000`)).toBe(true);
  });

  it('knows no place as the node’s that it would not give to it', () => {
    const at = '20261126T080000';
    const own = NODE.slice(0, 16);
    const bucket = 'https://examplebucket.s3.amazonaws.com';
    const places = [
      ...[`/${'f'.repeat(16)}/${at}`, `/${own}/..%2f${'f'.repeat(16)}/${at}`, `/${own}/x/${at}`],
      ...[`/${own}/${at}/`, `/${own}/${at}?acl`, `/${own}/${at}\n`, `/${own}/`, `/${own}`, '/', ''],
      `.evil.example/${own}/${at}`,
    ];
    for (const place of places) expect(amazon.holds(NODE, `${bucket}${place}`), place).toBe(false);
  });

  it('takes its key from a private file, and starts with none that it can not use', async () => {
    const file = join(directory, 'key');
    await writeFile(file, 'AKID:secret/with+signs\n', { mode: 0o600 });
    const set = {
      archivesUrl: new URL('https://s3.example/b/p/'),
      archivesRegion: 'eu',
      archivesKeyFile: file,
    };
    const storage = await openArchiveStorage(set, clock);
    expect(await storage!.place(NODE)).toContain('https://s3.example/b/p/0123456789abcdef/');
    expect(await openArchiveStorage({ ...set, archivesUrl: undefined }, clock)).toBeUndefined();
    const long = new URL(`https://s3.example/${'p'.repeat(200)}`);
    await expect(openArchiveStorage({ ...set, archivesUrl: long }, clock)).rejects.toMatchObject({
      code: 'archives_url_too_long',
    });
    const open = { ...set, archivesUrl: new URL('http://s3.example/b') };
    await expect(openArchiveStorage(open, clock)).rejects.toMatchObject({ code: 'bad_archives_url' });
    for (const archivesKeyFile of [undefined, join(directory, 'none')])
      await expect(openArchiveStorage({ ...set, archivesKeyFile }, clock)).rejects.toMatchObject({
        code: 'bad_archives_key',
      });
    await chmod(file, 0o644);
    await expect(openArchiveStorage(set, clock)).rejects.toMatchObject({ code: 'private_file_exposed' });
  });
});
