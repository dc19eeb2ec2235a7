import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataDirBusyError, holdDataDir } from '#data-lock.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stoa-lock-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

describe('the lock of a data directory', () => {
  it('is held once, whatever way leads there, until it is released', async () => {
    const link = `${directory}/link`;
    symlinkSync(directory, link);
    const lock = await holdDataDir(directory, 'default');
    await expect(holdDataDir(link, 'default')).rejects.toThrow(DataDirBusyError);
    await lock.release();
    await (await holdDataDir(link, 'default')).release();
  });

  it('leaves other instances alone', async () => {
    const locks = await Promise.all(
      ['default', 'node-2'].map((instance) => holdDataDir(directory, instance)),
    );
    expect(locks).toHaveLength(2);
    await Promise.all(locks.map((lock) => lock.release()));
  });

  it('dies with its process, also by kill -9', async () => {
    const script = `
      import { holdDataDir } from ${JSON.stringify(join(import.meta.dirname, 'data-lock.ts'))};
      await holdDataDir(${JSON.stringify(directory)}, 'default');
      console.log('held');
      setInterval(() => 0, 1e6);
    `;
    const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script]);
    await once(child.stdout, 'data');
    await expect(holdDataDir(directory, 'default')).rejects.toMatchObject({ code: 'data_dir_busy' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await holdDataDir(directory, 'default')).release();
  });
});
