import { makeReleaseParties, NOW } from '@stoa/protocol/fixtures';
import { peekRoot, roleKey } from '@stoa/protocol/release';
import { describe, expect, it } from 'vitest';
import { createLog } from '#log.ts';
import { MemoryDisk } from '#memory-disk.ts';
import { type FetchMetadata, ReleaseBook } from '#update/release-book.ts';
import { VirtualClock } from '#virtual-clock.ts';

const parties = makeReleaseParties('release book');
const anchor = parties.root();
const DAY = 86_400_000;

interface Tree {
  [name: string]: Uint8Array;
}

function tree(version: number, over: { expiresAt?: number } = {}): Tree {
  const targets = parties.targets({ version, release: `1.${version}.0` });
  const { timestamp, snapshot } = parties.online(targets, { version, targetsVersion: version, ...over });
  return {
    'timestamp.json': timestamp,
    [`${version}.snapshot.json`]: snapshot,
    [`${version}.targets.json`]: targets,
  };
}

function serve(files: Tree, asked: string[] = []): FetchMetadata {
  return async (name) => {
    asked.push(name);
    return files[name];
  };
}

function open(disk: MemoryDisk, lines: string[] = []): Promise<ReleaseBook> {
  const log = createLog({
    clock: new VirtualClock(),
    level: 'debug',
    write: (line) => void lines.push(line),
  });
  return ReleaseBook.open({ disk, log, directory: '/data/update', anchor });
}

describe('the book of releases', () => {
  it('follows a mirror, and knows all of it after a restart', async () => {
    const disk = new MemoryDisk();
    const book = await open(disk);
    const asked: string[] = [];
    expect((await book.refresh(serve(tree(1), asked), NOW)).release).toBe('1.1.0');
    expect(asked).toEqual(['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json']);
    await book.refresh(serve(tree(1), asked), NOW);
    expect(asked.slice(4)).toEqual(['2.root.json', 'timestamp.json', '1.snapshot.json']);
    const again = await open(disk);
    expect(again.targets?.release).toEqual(book.targets?.release);
    expect([again.timestampAt, again.timestampVersion]).toEqual([NOW, 1]);
  });

  it('F18 takes no older timestamp, and says so', async () => {
    const book = await open(new MemoryDisk());
    await book.refresh(serve(tree(2)), NOW);
    await expect(book.refresh(serve(tree(1)), NOW)).rejects.toMatchObject({
      code: 'metadata_older',
      retry: true,
    });
    expect(book.targets?.release.version).toBe(2);
  });

  it('F19 holds to the highest version it has seen, though that has expired since and the process is another one', async () => {
    const disk = new MemoryDisk();
    await (await open(disk)).refresh(serve(tree(2, { expiresAt: NOW + DAY })), NOW);
    const later = NOW + 2 * DAY;
    const book = await open(disk);
    await expect(book.refresh(serve(tree(1, { expiresAt: later + DAY })), later)).rejects.toMatchObject({
      code: 'metadata_older',
    });
    expect((await book.refresh(serve(tree(3, { expiresAt: later + DAY })), later)).version).toBe(3);
  });

  it('F17 takes nothing that has expired, and starts with it all the same', async () => {
    const disk = new MemoryDisk();
    const book = await open(disk);
    await book.refresh(serve(tree(1)), NOW);
    const late = NOW + 400 * DAY;
    await expect(book.refresh(serve(tree(1)), late)).rejects.toMatchObject({ code: 'metadata_expired' });
    expect((await open(disk)).targets?.release.release).toBe('1.1.0');
  });

  it('F17 lets no clock go back behind the last timestamp that it accepted', async () => {
    const disk = new MemoryDisk();
    await (await open(disk)).refresh(serve(tree(1, { expiresAt: NOW + DAY })), NOW + DAY / 2);
    const short = serve(tree(2, { expiresAt: NOW + DAY / 4 }));
    await expect((await open(disk)).refresh(short, NOW)).rejects.toMatchObject({ code: 'metadata_expired' });
  });

  it('F20 follows the root through rotations, and gives up the marks of keys that are gone', async () => {
    const disk = new MemoryDisk();
    const book = await open(disk);
    await book.refresh(serve(tree(9)), NOW);
    const hub = parties.newKey();
    const online = { keys: [roleKey('hub', hub.publicKey)], threshold: 1 };
    const roles = { ...peekRoot(anchor).roles, snapshot: online, timestamp: online };
    const rotated = parties.root({ version: 2, roles });
    const targets = parties.targets({ version: 10, release: '2.0.0' });
    const { timestamp, snapshot } = parties.online(targets, { version: 1, targetsVersion: 10 }, hub);
    const files = {
      '2.root.json': rotated,
      'timestamp.json': timestamp,
      '1.snapshot.json': snapshot,
      '10.targets.json': targets,
    };
    expect((await book.refresh(serve(files), NOW)).release).toBe('2.0.0');
    const again = await open(disk);
    expect([again.root.version, again.timestampVersion, again.roots.length]).toEqual([2, 1, 1]);
  });

  it('is seeded anew where its files rotted, and writes every prefix of a refresh well', async () => {
    for (let steps = 0; ; steps += 1) {
      const disk = new MemoryDisk();
      await (await open(disk)).refresh(serve(tree(1)), NOW);
      disk.crashAfter(steps);
      const cut = await (await open(disk)).refresh(serve(tree(2)), NOW).then(
        () => false,
        () => true,
      );
      disk.restart();
      const book = await open(disk);
      expect([1, 2]).toContain(book.targets?.release.version);
      expect((await book.refresh(serve(tree(2)), NOW)).version).toBe(2);
      if (!cut) break;
    }
    const disk = new MemoryDisk();
    await (await open(disk)).refresh(serve(tree(1)), NOW);
    for (const name of ['marks', 'targets.json']) await disk.writeAtomic(`/data/update/${name}`, 'rot');
    const lines: string[] = [];
    const book = await open(disk, lines);
    expect(book.targets).toBeUndefined();
    expect(lines.join()).toContain('update-targets-unusable');
    expect((await book.refresh(serve(tree(1)), NOW)).version).toBe(1);
  });

  it('takes no file that is not what the one above it names', async () => {
    const book = await open(new MemoryDisk());
    const files = { ...tree(1), '1.targets.json': parties.targets({ version: 1, release: '6.6.6' }) };
    await expect(book.refresh(serve(files), NOW)).rejects.toMatchObject({ code: 'metadata_bad' });
    const { '1.snapshot.json': _lost, ...rest } = tree(1);
    await expect(book.refresh(serve(rest), NOW)).rejects.toMatchObject({ code: 'mirrors_silent' });
  });
});
