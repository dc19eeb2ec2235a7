import { meetsTarget, nextEpochStart, nextTarget, workOf } from './difficulty.ts';
import { blake2s256 } from './hashing.ts';
import { encodeWork, type Header } from './header.ts';
import { workHash } from './header-hash.ts';
import { AT } from './layout.ts';
import type { ChainwebNetwork } from './network.ts';

export interface Work {
  readonly network: ChainwebNetwork;
  readonly parent: Header;
  /** Blocks of the adjacent chains at the parent's height, ascending by chain. */
  readonly adjacentParents: readonly Header[];
  /** Microseconds since 1970; after that of every parent. */
  readonly creationTime: bigint;
  readonly payloadHash: string;
}

/** The header that extends these parents by chainweb's rule, without a proof of work. It votes for no fork. */
export function draftHeader(work: Work): Omit<Header, 'hash'> {
  const { network, parent, adjacentParents } = work;
  const target = nextTarget(network, parent, adjacentParents);
  return {
    featureFlags: parent.featureFlags,
    creationTime: work.creationTime,
    parent: parent.hash,
    adjacents: adjacentParents.map(({ chain, hash }) => ({ chain, hash })),
    target,
    payloadHash: work.payloadHash,
    chain: parent.chain,
    weight: parent.weight + workOf(target),
    height: parent.height + 1,
    versionCode: network.versionCode,
    epochStart: nextEpochStart(network, parent),
    nonce: 0n,
  };
}

/**
 * Searches the nonce, from the draft's own on, that meets the draft's target: for simulated networks, where a block
 * costs hundreds of hashes.
 */
export function mineHeader(draft: Omit<Header, 'hash'>): Header {
  const bytes = encodeWork(draft);
  const view = new DataView(bytes.buffer);
  const highest = Number(draft.target >> 224n);
  for (let nonce = draft.nonce; ; nonce = BigInt.asUintN(64, nonce + 1n)) {
    view.setBigUint64(AT.nonce, nonce, true);
    const pow = blake2s256(bytes);
    // Nearly every miss shows in the four most significant bytes.
    const top = new DataView(pow.buffer, pow.byteOffset, 32).getUint32(28, true);
    if (top <= highest && meetsTarget(pow, draft.target)) {
      return { ...draft, nonce, hash: workHash(bytes) };
    }
  }
}
