import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDisk } from '#atomic-file.ts';
import { type Disk, DiskDeniedError, DiskFullError, FileMissingError, readText } from '#disk.ts';
import { MemoryDisk } from '#memory-disk.ts';

const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', tmpdir()]).status === 0;

/** Runs in a mount namespace of its own, over a tmpfs of 64 KiB. */
const fillScript = (at: string): string => `
  import { rmSync, readdirSync } from 'node:fs';
  import { createDisk } from ${JSON.stringify(join(import.meta.dirname, 'atomic-file.ts'))};
  const disk = createDisk();
  const full = '${at}/full/';
  const codeOf = (done) => done.then(() => 'written', (error) => error.code);
  await disk.writeAtomic(full + 'state', 'old');
  await disk.append(full + 'log', 'whole');
  await disk.writeAtomic(full + 'ballast', Buffer.alloc(40_000));
  const refused = await codeOf(disk.writeAtomic(full + 'state', Buffer.alloc(60_000)));
  const cut = await codeOf(disk.append(full + 'log', Buffer.alloc(60_000)));
  const kept = Buffer.from(await disk.readFile(full + 'state')).toString();
  const log = Buffer.from(await disk.readFile(full + 'log')).toString();
  if (readdirSync(full).join() !== 'ballast,log,state') throw new Error('left: ' + readdirSync(full));
  rmSync(full + 'ballast');
  await disk.writeAtomic(full + 'state', Buffer.alloc(30_000));
  console.log(refused, cut, kept, 'small=ok', 'log=' + log);
`;

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stoa-disk-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe.each([
  ['the real disk', (): Disk => createDisk()],
  ['the disk in memory', (): Disk => new MemoryDisk()],
])('%s', (_name, makeDisk) => {
  it('reads back what it wrote, as bytes and as text', async () => {
    const disk = makeDisk();
    const path = join(directory, 'a', 'b', 'state.json');
    await disk.writeAtomic(path, Uint8Array.of(0, 255, 10));
    expect([...(await disk.readFile(path))]).toEqual([0, 255, 10]);
    await disk.writeAtomic(path, 'héllo');
    expect(await readText(disk, path)).toBe('héllo');
  });

  it('names a missing file as such', async () => {
    const disk = makeDisk();
    const path = join(directory, 'absent');
    await expect(disk.readFile(path)).rejects.toThrow(FileMissingError);
    expect(await readText(disk, path)).toBeUndefined();
    expect(await disk.stat(path)).toBeUndefined();
    expect(await disk.list(path)).toEqual([]);
    await expect(disk.remove(path)).resolves.toBeUndefined();
  });

  it('makes files readable by their owner alone, unless told otherwise', async () => {
    const disk = makeDisk();
    await disk.writeAtomic(join(directory, 'key'), 'k');
    await disk.writeAtomic(join(directory, 'public'), 'p', 0o644);
    await disk.append(join(directory, 'log'), 'l');
    const modes = ['key', 'public', 'log'].map(
      async (name) => (await disk.stat(join(directory, name)))?.mode,
    );
    expect(await Promise.all(modes)).toEqual([0o600, 0o644, 0o600]);
  });

  it('keeps the order of writes to one path, so that the last call wins', async () => {
    const disk = makeDisk();
    const path = join(directory, 'contended');
    await Promise.all(
      Array.from({ length: 30 }, (_, n) => disk.writeAtomic(path, `${n}`.repeat(1 + n * 100))),
    );
    expect(await readText(disk, path)).toBe('29'.repeat(2901));
    await disk.remove(path);
    await Promise.all(Array.from({ length: 30 }, (_, n) => disk.append(path, `${n},`)));
    expect(await readText(disk, path)).toBe(Array.from({ length: 30 }, (_, n) => `${n},`).join(''));
  });

  it('lists names sorted, directories included, and removes a tree', async () => {
    const disk = makeDisk();
    await disk.writeAtomic(join(directory, 'd', 'z'), '1');
    await disk.writeAtomic(join(directory, 'd', 'a', 'deep'), '2');
    expect(await disk.list(join(directory, 'd'))).toEqual(['a', 'z']);
    expect((await disk.stat(join(directory, 'd', 'a')))?.kind).toBe('directory');
    await disk.remove(join(directory, 'd', 'a'));
    expect(await disk.list(join(directory, 'd'))).toEqual(['z']);
  });

  it('measures the space that a plain user may still take', async () => {
    const disk = makeDisk();
    const { totalBytes, freeBytes, freeInodes, totalInodes } = await disk.space(directory);
    expect(freeBytes).toBeGreaterThan(0);
    expect(freeBytes).toBeLessThanOrEqual(totalBytes);
    expect(freeInodes).toBeLessThanOrEqual(totalInodes);
  });
});

describe('the real disk', () => {
  it('overwrites a temporary file that an earlier crash left, and its mode', async () => {
    const path = join(directory, 'identity.json');
    await writeFile(`${path}.tmp`, 'garbage of an interrupted write', { mode: 0o666 });
    await createDisk().writeAtomic(path, 'whole');
    expect(await readdir(directory)).toEqual(['identity.json']);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('gives a directory that it makes to its owner alone', async () => {
    await createDisk().writeAtomic(join(directory, 'new', 'file'), 'x');
    expect((await stat(join(directory, 'new'))).mode & 0o777).toBe(0o700);
  });

  it('inspects a link, not what it names', async () => {
    await symlink('/etc/passwd', join(directory, 'link'));
    expect((await createDisk().stat(join(directory, 'link')))?.kind).toBe('other');
  });

  it('reports a full device (the kernel answers ENOSPC on /dev/full)', async () => {
    await expect(createDisk().append('/dev/full', 'x')).rejects.toThrow(DiskFullError);
  });

  it('leaves nothing behind when the target cannot be replaced', async () => {
    const path = join(directory, 'occupied');
    await mkdir(join(path, 'child'), { recursive: true });
    await expect(createDisk().writeAtomic(path, 'x')).rejects.toMatchObject({
      code: 'disk_fault',
      retry: true,
    });
    expect(await readdir(directory)).toEqual(['occupied']);
  });

  it.runIf(canMount)(
    'F16 refuses on a full file system, leaves no partial file, and recovers when it is freed',
    () => {
      const script = join(directory, 'fill.ts');
      writeFileSync(script, fillScript(directory));
      const mounted = `mount -t tmpfs -o size=64k none ${directory}/full && exec ${process.execPath} ${script}`;
      mkdirSync(join(directory, 'full'));
      const { stdout, stderr } = spawnSync('unshare', ['-rm', 'sh', '-c', mounted], { encoding: 'utf8' });
      expect({ stdout, stderr }).toEqual({
        stdout: 'disk_full disk_full old small=ok log=whole\n',
        stderr: '',
      });
    },
  );

  it.runIf(process.getuid?.() !== 0)('reports what permission forbids', async () => {
    await expect(createDisk().writeAtomic('/etc/stoa-agent-test', 'x')).rejects.toThrow(DiskDeniedError);
  });
});
