import { type Checkpoint, checkpointKind, GATES, peek } from '@stoa/protocol';
import type { SessionWord } from '@stoa/protocol/stoicism';
import type { PackedRows } from '#seams/db-adapter/index.ts';
import { unpackFailures } from './word-store.ts';

const NONE: readonly bigint[] = GATES.map(() => 0n);

/** What both sides left of one node's hour. */
export interface HourTraces {
  readonly words: readonly SessionWord[];
  readonly checkpoint: Checkpoint | undefined;
  /** The same as the node sent it. */
  readonly sealed: Uint8Array | undefined;
  /** `hash` of that. */
  readonly checkpointHash: Uint8Array | undefined;
}

export interface NodeTraces extends HourTraces {
  readonly nodeId: string;
}

/** What the node said. */
type Told = Omit<HourTraces, 'words'>;
export const UNTOLD: Told = { checkpoint: undefined, sealed: undefined, checkpointHash: undefined };

export function toldIn({ bytes, hash }: { bytes: Uint8Array; hash: Uint8Array }): Told {
  return { checkpoint: peek(checkpointKind, bytes), sealed: bytes, checkpointHash: hash };
}

type Row<T> = { readonly nodeId: string } & T;

/** The rows of one table, read node by node. */
class Strand<T> {
  readonly #rows: PackedRows;
  readonly #read: (rows: PackedRows) => Row<T>;
  #next: Row<T> | undefined;

  constructor(rows: PackedRows, read: (rows: PackedRows) => Row<T>) {
    this.#rows = rows;
    this.#read = read;
    this.#step();
  }

  /** Of its next row. */
  get nodeId(): string | undefined {
    return this.#next?.nodeId;
  }

  take(nodeId: string): Row<T>[] {
    const taken: Row<T>[] = [];
    for (; this.#next?.nodeId === nodeId; this.#step()) taken.push(this.#next);
    return taken;
  }

  #step(): void {
    this.#next = this.#rows.more ? this.#read(this.#rows) : undefined;
  }
}

/** Three tables in the order of their nodes become one list of these. */
export function tracesOf(by: {
  readonly acknowledged: PackedRows;
  readonly judged: PackedRows;
  readonly checkpoints: PackedRows;
}): NodeTraces[] {
  const acknowledged = new Strand(by.acknowledged, (rows) => ({
    ...{ nodeId: rows.ascii(), epoch: Number(rows.int8()), minutes: rows.int8() },
  }));
  const judged = new Strand(by.judged, (rows) => ({
    ...{ nodeId: rows.ascii(), epoch: Number(rows.int8()), sessionId: rows.ascii(), judged: rows.int8() },
    failures: unpackFailures(rows.bytes()),
  }));
  const told = new Strand(by.checkpoints, (rows) => ({
    ...{ nodeId: rows.ascii(), bytes: rows.bytes(), hash: rows.bytes() },
  }));
  const nodes: NodeTraces[] = [];
  for (;;) {
    const nodeId = least(acknowledged.nodeId, judged.nodeId, told.nodeId);
    if (nodeId === undefined) return nodes;
    const words = wordsOf(acknowledged.take(nodeId), judged.take(nodeId));
    const [checkpoint] = told.take(nodeId);
    nodes.push({ nodeId, words, ...(checkpoint === undefined ? UNTOLD : toldIn(checkpoint)) });
  }
}

/**
 * Acknowledgements are of the session that was judged under their epoch; of none where words disagree on which that is, so that
 * none of them takes a node's acknowledgements from another. Most have one word, and both are one.
 */
function wordsOf(
  acknowledged: readonly { readonly epoch: number; readonly minutes: bigint }[],
  judged: readonly Omit<SessionWord, 'acknowledged'>[],
): SessionWord[] {
  const words: SessionWord[] = judged.map((word) => ({ ...word, acknowledged: 0n }));
  for (const { epoch, minutes } of acknowledged) {
    const [own, ...others] = judged.filter((word) => word.epoch === epoch);
    const sessionId = others.every((word) => word.sessionId === own?.sessionId) ? own?.sessionId : undefined;
    if (own !== undefined && others.length === 0)
      words[judged.indexOf(own)] = { ...own, acknowledged: minutes };
    else words.push({ epoch, sessionId, acknowledged: minutes, judged: 0n, failures: NONE });
  }
  return words;
}

function least(...ids: readonly (string | undefined)[]): string | undefined {
  let found: string | undefined;
  for (const id of ids) if (id !== undefined && (found === undefined || id < found)) found = id;
  return found;
}
