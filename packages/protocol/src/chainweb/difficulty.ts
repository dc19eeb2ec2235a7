import type { Header } from './header.ts';
import type { ChainwebNetwork } from './network.ts';
import { MAX_UINT256, readUint256 } from './uint256.ts';

/** Expected number of hashes that a block of this target costs: what it adds to the weight of its chain. */
export function workOf(target: bigint): bigint {
  return MAX_UINT256 / target;
}

/** A hash that equals the target meets it (`checkTarget` of chainweb-node). */
export function meetsTarget(pow: Uint8Array, target: bigint): boolean {
  return readUint256(pow) <= target;
}

/** The youngest epochs are a tenth as long, since hash power changes fast after a genesis. */
function epochWindow(network: ChainwebNetwork, height: number): number {
  return height <= network.window ? Math.max(1, Math.floor(network.window / 10)) : network.window;
}

/** Whether the block at this height is the last one of its difficulty epoch. */
function endsEpoch(network: ChainwebNetwork, height: number): boolean {
  return (height + 1) % epochWindow(network, height) === 0;
}

/**
 * The target that a child of these blocks must have: its parent's, or after the end of an epoch the mean of what the
 * parent's and each adjacent parent's epoch asks for. Chainweb bounds the step only by the largest target.
 *
 * @param adjacentParents blocks of the adjacent chains at the parent's height
 */
export function nextTarget(
  network: ChainwebNetwork,
  parent: Header,
  adjacentParents: readonly Header[],
): bigint {
  if (!endsEpoch(network, parent.height)) {
    return parent.target;
  }
  const window = epochWindow(network, parent.height);
  const blocks = [parent, ...adjacentParents];
  const sum = blocks.reduce((total, block) => total + adjustedTarget(network, window, block), 0n);
  return sum / BigInt(blocks.length);
}

/** old target x actual epoch time / intended epoch time, exact and rounded up. */
function adjustedTarget(network: ChainwebNetwork, window: number, block: Header): bigint {
  const actual = block.creationTime - block.epochStart;
  const intended = BigInt(window) * BigInt(network.blockDelayMs) * 1_000n;
  const target = (block.target * actual + intended - 1n) / intended;
  return target < MAX_UINT256 ? target : MAX_UINT256;
}

/** The epoch start that a child of this block must carry, in microseconds. */
export function nextEpochStart(network: ChainwebNetwork, parent: Header): bigint {
  const startsHere = network.firstEpochFromFirstBlock && parent.height === 1;
  return startsHere || endsEpoch(network, parent.height) ? parent.creationTime : parent.epochStart;
}
