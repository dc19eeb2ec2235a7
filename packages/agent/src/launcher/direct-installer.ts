import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { createDisk } from '#atomic-file.ts';
import { diskError } from '#disk.ts';
import { AgentError } from '#error.ts';
import type { SlotInstaller } from '#launcher/installer.ts';
import type { Launched } from '#launcher/launched.ts';
import { layoutOf } from '#launcher/layout.ts';
import { SlotStore, type SlotStoreDeps } from '#launcher/slot-store.ts';

const DIRECTORY_MODE = 0o755;
const SELF_TEST_MS = 60_000;

/** The store of the installation that this process was started from. */
export function openSlotStore(
  launched: Pick<Launched, 'prefix' | 'embeddedRoot' | 'programInode'>,
  facts: Pick<SlotStoreDeps, 'provenTime'> = {},
): SlotStore {
  const { prefix, embeddedRoot, programInode } = launched;
  return new SlotStore({
    disk: createDisk({ directoryMode: DIRECTORY_MODE }),
    layout: layoutOf(prefix),
    embeddedRoot,
    programInode,
    platform: `${process.platform}-${process.arch}`,
    selfTest: (program) => runSelfTest(program, prefix),
    ...facts,
  });
}

/** For an agent that owns the program's directory. */
export function createDirectInstaller(launched: Launched): SlotInstaller {
  const store = openSlotStore(launched);
  return {
    way: 'direct',
    state: () => store.state(),
    stage: ({ file, ...release }) => store.stage({ ...release, bytes: readPlainFile(file) }),
    select: (id) => store.select(id),
    reject: (id, reason) => store.reject(id, reason),
    keep: (id) => store.keep(id),
    up: () => store.up(),
    restart: () => launched.restart(),
  };
}

/** A regular file, and not through a link that somebody put in its place. @throws DiskError */
export async function* readPlainFile(path: string): AsyncGenerator<Uint8Array> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      if (!(await file.stat()).isFile()) throw new RangeError(`${path} is no regular file`);
      yield* file.createReadStream({ autoClose: false }) as AsyncIterable<Uint8Array>;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw error instanceof AgentError ? error : diskError('read', path, error);
  }
}

/** Code `self_test_failed`. */
class SelfTestError extends AgentError<'self_test_failed'> {
  override readonly name = 'SelfTestError';

  constructor(how: string, cause?: unknown) {
    super('self_test_failed', how, { retry: false, cause });
  }
}

/** Its environment is empty and its output is not trusted: what counts is that it ends well, and in time. */
async function runSelfTest(program: string, prefix: string): Promise<void> {
  const child = spawn(program, ['--selftest', prefix], {
    env: {},
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: SELF_TEST_MS,
    killSignal: 'SIGKILL',
  });
  let told = '';
  child.stderr.on('data', (chunk: Buffer) => {
    if (told.length < 2_000) told += chunk.toString();
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new SelfTestError(`it can't be started (${cause.message})`, cause)),
    );
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else
        reject(new SelfTestError(`its self-test ended with ${signal ?? code}: ${told.trim().slice(0, 500)}`));
    });
  });
}
