import { constants, type FileHandle, open, rm } from 'node:fs/promises';
import { diskError } from '#disk.ts';
import { type Random, uniform } from '#random.ts';

export interface DriveFigures {
  readonly randomReadIops: number;
  readonly randomWriteIops: number;
  readonly sequentialReadMbPerSecond: number;
  readonly sequentialWriteMbPerSecond: number;
  /** Past the page cache: without it the figures are those of memory too, and say so. */
  readonly direct: boolean;
}

export interface DriveLoad {
  readonly path: string;
  readonly megabytes: number;
  readonly seconds: number;
  readonly random: Random;
  /** ms, of a monotonic clock. */
  readonly now: () => number;
  readonly signal: AbortSignal;
  readonly onPhase: (phase: string) => void;
}

const MIB = 1024 * 1024;
const BLOCK = 4096;
/** As many as Node's pool of threads serves at once. */
const DEPTH = 4;
/** Of memory that a direct transfer may start at. */
const ALIGNMENT = 16;

/** Writes a file, reads and writes it at random, reads it through, removes it: whatever happens, it does not stay. */
export async function measureDrive(load: DriveLoad): Promise<DriveFigures> {
  const { path, onPhase } = load;
  try {
    const direct = await canBeDirect(path);
    const flags = constants.O_RDWR | constants.O_CREAT | (direct ? constants.O_DIRECT : 0);
    const file = await open(path, flags, 0o600);
    try {
      const buffers = await alignedBuffers(file, direct);
      onPhase('sequential writes of 1 MiB');
      const sequentialWriteMbPerSecond = await writeThrough(file, buffers, load);
      onPhase('random reads of 4 KiB');
      const randomReadIops = await randomRate(load, (slot, at) =>
        file.read(buffers.small[slot]!, 0, BLOCK, at),
      );
      onPhase('random writes of 4 KiB');
      const randomWriteIops = await randomRate(
        load,
        (slot, at) => file.write(buffers.small[slot]!, 0, BLOCK, at),
        file,
      );
      onPhase('sequential reads of 1 MiB');
      const sequentialReadMbPerSecond = await readThrough(file, buffers, load);
      return {
        randomReadIops,
        randomWriteIops,
        sequentialReadMbPerSecond,
        sequentialWriteMbPerSecond,
        direct,
      };
    } finally {
      await file.close();
    }
  } catch (error) {
    throw (error as NodeJS.ErrnoException).syscall === undefined ? error : diskError('measure', path, error);
  } finally {
    await rm(path, { force: true });
  }
}

/** Not on tmpfs, nor on some network file systems. */
async function canBeDirect(path: string): Promise<boolean> {
  try {
    const file = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_DIRECT, 0o600);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EINVAL') return false;
    throw error;
  }
}

interface Buffers {
  readonly large: Uint8Array;
  readonly small: readonly Uint8Array[];
}

/** JavaScript doesn't tell where a buffer lies: the kernel does, by refusing each offset but the aligned one. */
async function alignedBuffers(file: FileHandle, direct: boolean): Promise<Buffers> {
  const cut = (block: Uint8Array, from: number): Buffers => ({
    large: block.subarray(from, from + MIB),
    small: Array.from({ length: DEPTH }, (_, slot) =>
      block.subarray(from + MIB + slot * BLOCK, from + MIB + (slot + 1) * BLOCK),
    ),
  });
  const block = Buffer.allocUnsafeSlow(MIB + (DEPTH + 1) * BLOCK);
  // Not compressible: some drives and file systems would cheat.
  for (let at = 0, value = 1; at < block.length; at += 4) {
    value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
    block.writeUInt32LE(value, Math.min(at, block.length - 4));
  }
  if (!direct) return cut(block, 0);
  for (let from = 0; from < BLOCK; from += ALIGNMENT) {
    const buffers = cut(block, from);
    try {
      await file.write(buffers.small[0]!, 0, BLOCK, 0);
      return buffers;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error;
    }
  }
  return cut(block, 0);
}

async function writeThrough(file: FileHandle, { large }: Buffers, load: DriveLoad): Promise<number> {
  const started = load.now();
  for (let index = 0; index < load.megabytes; index += 1) {
    load.signal.throwIfAborted();
    await file.write(large, 0, MIB, index * MIB);
  }
  await file.datasync();
  return rateOf(load.megabytes * 1.048576, started, load);
}

async function readThrough(file: FileHandle, { large }: Buffers, load: DriveLoad): Promise<number> {
  const started = load.now();
  for (let index = 0; index < load.megabytes; index += 1) {
    load.signal.throwIfAborted();
    await file.read(large, 0, MIB, index * MIB);
  }
  return rateOf(load.megabytes * 1.048576, started, load);
}

async function randomRate(
  load: DriveLoad,
  transfer: (slot: number, at: number) => Promise<unknown>,
  synced?: FileHandle,
): Promise<number> {
  const blocks = (load.megabytes * MIB) / BLOCK;
  const started = load.now();
  let count = 0;
  const lane = async (slot: number): Promise<void> => {
    while (load.now() - started < load.seconds * 1000) {
      load.signal.throwIfAborted();
      await transfer(slot, uniform(load.random, 0, blocks) * BLOCK);
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: DEPTH }, (_, slot) => lane(slot)));
  await synced?.datasync();
  return rateOf(count, started, load);
}

function rateOf(amount: number, started: number, { now }: DriveLoad): number {
  return amount / (Math.max(1, now() - started) / 1000);
}
