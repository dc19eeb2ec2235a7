import { type Checkpoint, CheckpointError, formatCheckpoint, parseCheckpoint } from '@stoa/protocol/chainweb';
import type { VerifiedSet } from './verified-set.ts';

/** Where it is kept: whole after any crash, and nobody else's to write. */
export interface CheckpointFile {
  load(): Promise<Uint8Array | undefined>;
  save(bytes: Uint8Array): Promise<void>;
}

/** As deep below the lowest head as no fork reaches: two hours of blocks. */
const DEPTH = 240;
const PERIOD_MS = 10 * 60_000;

/**
 * Keeps a checkpoint near the head, so that a hub that starts again verifies hours of headers and not all since the
 * pinned one. It rests on the pinned checkpoint and is worth nothing without it: where the admin pins another one, the
 * hub verifies from there.
 */
export class RollingCheckpoint {
  readonly name = 'rolling-checkpoint';
  readonly periodMs = PERIOD_MS;
  readonly #set: VerifiedSet;
  readonly #file: CheckpointFile;
  readonly #pinned: Checkpoint;
  readonly #depth: number;
  #height: number;

  /** @param by.depth below the lowest head. */
  constructor(by: { set: VerifiedSet; file: CheckpointFile; pinned: Checkpoint; depth?: number }) {
    this.#set = by.set;
    this.#file = by.file;
    this.#pinned = by.pinned;
    this.#depth = by.depth ?? DEPTH;
    this.#height = by.pinned.height;
  }

  async tick(): Promise<void> {
    const checkpoint = this.#set.checkpoint(this.#depth);
    if (checkpoint === undefined || checkpoint.height <= this.#height) return;
    const kept = { pinned: formatCheckpoint(this.#pinned), rolled: formatCheckpoint(checkpoint) };
    await this.#file.save(Buffer.from(JSON.stringify(kept)));
    this.#height = checkpoint.height;
  }
}

/**
 * Where verification begins: at the checkpoint kept by an earlier run, if it rests on this pinned one; else at that.
 * @param onUnreadable is told why a file that is there cannot be used.
 */
export async function startingCheckpoint(
  pinned: Checkpoint,
  file: Pick<CheckpointFile, 'load'>,
  onUnreadable: (error: unknown) => void,
): Promise<Checkpoint> {
  const bytes = await file.load();
  if (bytes === undefined) return pinned;
  try {
    const kept = JSON.parse(Buffer.from(bytes).toString('utf8')) as {
      pinned?: unknown;
      rolled?: unknown;
    } | null;
    if (kept?.pinned !== formatCheckpoint(pinned)) return pinned;
    return parseCheckpoint(String(kept.rolled));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof CheckpointError)) throw error;
    onUnreadable(error);
    return pinned;
  }
}
