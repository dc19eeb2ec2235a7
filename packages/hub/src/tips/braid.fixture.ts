import {
  type Checkpoint,
  createCheckpoint,
  createGenesis,
  draftHeader,
  encodeHeader,
  type Header,
  headerHash,
  MAX_UINT256,
  mineHeader,
  simulatedNetwork as network,
} from '@stoa/protocol/chainweb';
import type { Reporter } from './reporter.ts';

export const GENESIS_MS: number = Date.UTC(2026, 10, 25, 12);
export const BLOCK_MS = 30_000;
export const CHAINS: readonly number[] = [...network.graph.keys()];

const payloadOf = (salt: number): string => Buffer.alloc(32, salt).toString('base64url');

/** A braid of ten chains at a few hashes a block, that tests extend block by block. */
export class Braid {
  /** height -> chain -> header. */
  readonly #levels: (Header | undefined)[][];
  readonly #salt: number;

  constructor(levels?: readonly (readonly (Header | undefined)[])[], salt = 1) {
    const genesis = (): Header[] =>
      createGenesis(network, {
        creationTime: BigInt(GENESIS_MS) * 1_000n,
        target: MAX_UINT256 / 8n,
        payloadHash: () => payloadOf(0),
      });
    this.#levels = (levels ?? [genesis()]).map((level) => [...level]);
    this.#salt = salt;
  }

  get checkpoint(): Checkpoint {
    return createCheckpoint(network, this.level(0));
  }

  at(chain: number, height: number): Header {
    const header = this.#levels[height]?.[chain];
    if (header === undefined) {
      throw new RangeError(`no block of chain ${chain} at height ${height}`);
    }
    return header;
  }

  level(height: number): Header[] {
    return CHAINS.map((chain) => this.at(chain, height));
  }

  /** What a block of this chain at this height has to say, unmined. */
  draft(chain: number, height: number, lateMs = chain): Omit<Header, 'hash'> {
    return draftHeader({
      network,
      parent: this.at(chain, height - 1),
      adjacentParents: network.graph[chain]!.map((each) => this.at(each, height - 1)),
      creationTime: BigInt(GENESIS_MS + height * BLOCK_MS + lateMs) * 1_000n,
      payloadHash: payloadOf(this.#salt),
    });
  }

  mine(chain: number, height: number, lateMs?: number): Header {
    const header = mineHeader(this.draft(chain, height, lateMs));
    this.adopt(header);
    return header;
  }

  /** Builds on this block from now on. */
  adopt(header: Header): void {
    this.#levels[header.height] ??= [];
    this.#levels[header.height]![header.chain] = header;
  }

  /** Whole levels up to and with this height, oldest first. */
  mineTo(height: number): Header[] {
    const mined: Header[] = [];
    for (let at = this.#levels.length; at <= height; at += 1) {
      mined.push(...CHAINS.map((chain) => this.mine(chain, at)));
    }
    return mined;
  }

  /** Other miners on the same past, up to and with this height. */
  fork(height: number, salt: number): Braid {
    return new Braid(this.#levels.slice(0, height + 1), salt);
  }
}

export class FixedClock {
  ms = GENESIS_MS;

  now(): number {
    return this.ms;
  }

  /** The moment at which blocks of this height have been found. */
  atHeight(height: number): this {
    this.ms = GENESIS_MS + (height + 1) * BLOCK_MS;
    return this;
  }
}

/** A forger recomputes the hash of what he changed, and mines to the target that he wrote himself. */
export function forge(header: Omit<Header, 'hash'>, change: Partial<Header>): Uint8Array {
  return encodeHeader(mineHeader({ ...header, ...change }));
}

/** The same without any proof of work. */
export function rehash(header: Omit<Header, 'hash'>, change: Partial<Header>): Uint8Array {
  const changed = { ...header, ...change };
  return encodeHeader({ ...changed, hash: headerHash(changed) });
}

export function node(nodeId: string, change: Partial<Reporter> = {}): Reporter {
  return { nodeId, ownerId: `owner of ${nodeId}`, network: `AS of ${nodeId}`, reference: false, ...change };
}
