import crypto from 'node:crypto';
import { constants, type FileHandle, open, rm } from 'node:fs/promises';
import { type DriveFile, type DriveWork, type Work, type WorkLane, workOf } from '@stoa/protocol/stoicism';
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

/** By whom the content of the file is given, and where its random reads begin: what comes of them is told at once. */
export interface DriveProof {
  readonly content: (blocks: number) => Promise<Uint8Array>;
  readonly begin: (blocks: number) => Promise<Uint8Array>;
  readonly end: (blocks: number, lanes: WorkLane[]) => Promise<void>;
}

export interface DriveLoad {
  readonly proof: DriveProof;
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
      const blocks = (load.megabytes * MIB) / BLOCK;
      const content = { nonce: await load.proof.content(blocks), blocks };
      const { drive } = workOf(crypto, { part: 'randomRead', nonce: content.nonce, lane: 0, file: content });
      onPhase('sequential writes of 1 MiB');
      const sequentialWriteMbPerSecond = await writeThrough(file, { buffers, drive }, load);
      onPhase('random reads of 4 KiB');
      const randomReadIops = await readAtRandom(file, { buffers, content }, load);
      onPhase('random writes of 4 KiB');
      const randomWriteIops = await writeAtRandom(file, { buffers, drive }, load);
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

/** The content of the next stretch is made while one is written. */
async function writeThrough(
  file: FileHandle,
  { buffers: { large }, drive }: { buffers: Buffers; drive: DriveWork },
  load: DriveLoad,
): Promise<number> {
  const contentAt = (index: number): Uint8Array => drive.content((index * MIB) / BLOCK, MIB);
  let next = contentAt(0);
  const started = load.now();
  for (let index = 0; index < load.megabytes; index += 1) {
    load.signal.throwIfAborted();
    large.set(next);
    const written = file.write(large, 0, MIB, index * MIB);
    if (index + 1 < load.megabytes) next = contentAt(index + 1);
    await written;
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

/** In lanes, in each of which a block says which one comes next. */
async function readAtRandom(
  file: FileHandle,
  { buffers, content }: { buffers: Buffers; content: DriveFile },
  load: DriveLoad,
): Promise<number> {
  const nonce = await load.proof.begin(content.blocks);
  const started = load.now();
  const lanes = await Promise.all(
    buffers.small.map((buffer, lane) => {
      const work = workOf(crypto, { part: 'randomRead', nonce, lane, file: content });
      return readLane(file, { buffer, work, started }, load);
    }),
  );
  const steps = lanes.reduce((sum, { every, marks }) => sum + every * marks.length, 0);
  const rate = rateOf(steps, started, load);
  await load.proof.end(content.blocks, lanes);
  return rate;
}

const MOST_MARKS = 256;

/** As `runChain` does it. */
async function readLane(
  file: FileHandle,
  { buffer, work: { first, drive }, started }: { buffer: Uint8Array; work: Work; started: number },
  load: DriveLoad,
): Promise<WorkLane> {
  let [state, marks, every]: [Uint8Array, Uint8Array[], number] = [first, [], 1];
  while (marks.length === 0 || load.now() - started < load.seconds * 1000) {
    for (let left = every; left > 0; left -= 1) {
      load.signal.throwIfAborted();
      await file.read(buffer, 0, BLOCK, drive.next(state) * BLOCK);
      state = drive.fold(state, buffer);
    }
    marks.push(new Uint8Array(state));
    if (marks.length < MOST_MARKS) continue;
    marks = marks.filter((_, index) => index % 2 === 1);
    every *= 2;
  }
  return { every, marks };
}

/** What is there already. */
async function writeAtRandom(
  file: FileHandle,
  { buffers, drive }: { buffers: Buffers; drive: DriveWork },
  load: DriveLoad,
): Promise<number> {
  const blocks = (load.megabytes * MIB) / BLOCK;
  const started = load.now();
  let count = 0;
  const lane = async (buffer: Uint8Array): Promise<void> => {
    while (load.now() - started < load.seconds * 1000) {
      load.signal.throwIfAborted();
      const block = uniform(load.random, 0, blocks);
      buffer.set(drive.content(block, BLOCK));
      await file.write(buffer, 0, BLOCK, block * BLOCK);
      count += 1;
    }
  };
  await Promise.all(buffers.small.map(lane));
  await file.datasync();
  return rateOf(count, started, load);
}

function rateOf(amount: number, started: number, { now }: DriveLoad): number {
  return amount / (Math.max(1, now() - started) / 1000);
}
