import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskError } from '#disk.ts';
import { InstallError } from '#launcher/installer.ts';
import { type Layout, runtimeFiles } from '#launcher/layout.ts';

/** A runtime that has taken the program's place and not proven itself yet. */
export interface RuntimeTrial {
  readonly id: string;
  readonly sha256: string;
}

const TRIAL = /^\d{1,9} (runtime-\d{1,5}\.\d{1,5}\.\d{1,5}-[0-9a-f]{12}) ([0-9a-f]{64})\n?$/;

/** Streamed to the medium, executable, and whole under its name or not there. @returns SHA-256 in hex of what came. */
export async function writeRuntime(path: string, bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const temporary = `${path}.tmp`;
  return onDisk('write', path, async () => {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    try {
      const hash = createHash('sha256');
      const file = await open(temporary, 'w', 0o755);
      try {
        await file.chmod(0o755);
        for await (const chunk of bytes) {
          hash.update(chunk);
          await file.writeFile(chunk);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
      await syncDirectory(dirname(path));
      return hash.digest('hex');
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  });
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

/**
 * Puts a staged runtime in the program's place. The order is what no cut may disturb: the one before is kept under a second
 * name, then the trial is written down, and then a single rename(2) exchanges the program (F14). Before it the old one runs
 * at the next start, after it the new one, and from the second step on the guard can bring the old one back.
 */
export async function exchangeProgram(layout: Layout, { id, sha256 }: RuntimeTrial): Promise<void> {
  const { prefix, program, previousProgram, runtimeTrial } = layout;
  await onDisk('exchange', program, async () => {
    await rm(previousProgram, { force: true });
    await link(program, previousProgram);
    await syncDirectory(prefix);
    try {
      await replaceText(runtimeTrial, `0 ${id} ${sha256}\n`);
      await rename(runtimeFiles(layout, id).program, program);
    } catch (error) {
      await rm(runtimeTrial, { force: true });
      await rm(previousProgram, { force: true });
      throw error;
    }
    await syncDirectory(prefix);
  });
}

/** Undefined where none is on trial. */
export function readTrial(layout: Layout): Promise<RuntimeTrial | undefined> {
  return trialIn(layout.runtimeTrial);
}

/** What the guard put back. */
export function readFailedTrial(layout: Layout): Promise<RuntimeTrial | undefined> {
  return trialIn(layout.runtimeFailed);
}

/** Its starts are counted anew. */
export async function recountTrial(layout: Layout, { id, sha256 }: RuntimeTrial): Promise<void> {
  await onDisk('write', layout.runtimeTrial, () => replaceText(layout.runtimeTrial, `0 ${id} ${sha256}\n`));
}

/** The runtime stays: first nobody counts any more, then the one before it goes. */
export async function endTrial(layout: Layout): Promise<void> {
  await onDisk('remove', layout.runtimeTrial, async () => {
    await rm(layout.runtimeTrial, { force: true });
    await syncDirectory(layout.prefix);
    await rm(layout.previousProgram, { force: true });
  });
}

export async function forgetFailedTrial(layout: Layout): Promise<void> {
  await onDisk('remove', layout.runtimeFailed, () => rm(layout.runtimeFailed, { force: true }));
}

export async function inodeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).ino;
  } catch {
    return undefined;
  }
}

async function trialIn(path: string): Promise<RuntimeTrial | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw diskError('read', path, error);
  }
  const [, id, sha256] = TRIAL.exec(text) ?? [];
  return id === undefined || sha256 === undefined ? undefined : { id, sha256 };
}

async function replaceText(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w', 0o644);
  try {
    await file.chmod(0o644);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncDirectory(dirname(path));
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function onDisk<T>(operation: string, path: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw error instanceof InstallError ? error : diskError(operation, path, error);
  }
}
