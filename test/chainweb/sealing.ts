import {
  type ChainwebNetwork,
  draftHeader,
  type Header,
  hashText,
  mineHeader,
  nextTarget,
  type Work,
  workOf,
} from '@stoa/protocol/chainweb';

/** How long blocks take, and what makes a header of them. */
export interface Sealing {
  /** Mean ms until a block on these parents is found. */
  wait(parent: Header, adjacentParents: readonly Header[]): number;
  seal(work: Work, salt: number): Header;
}

/** Share of the block delay that miners spend on a block; for the rest the chain waits for its neighbours. */
const MINING_SHARE = 0.45;

/** Headers that are valid by the whole rule. @param work hashes that a block costs at the genesis */
export function provenWork(
  network: ChainwebNetwork,
  { work, speed }: { work: number; speed: number },
): Sealing {
  const hashRate = (work * speed) / ((network.blockDelayMs / 1_000) * MINING_SHARE);
  return {
    wait: (parent, adjacents) => (Number(workOf(nextTarget(network, parent, adjacents))) / hashRate) * 1_000,
    seal: (draft, salt) => mineHeader({ ...draftHeader(draft), nonce: BigInt(salt) << 20n }),
  };
}

/**
 * Headers that nobody has worked for, and whose hashes are just names: for tests that look at transactions alone, a
 * hundredth of the cost.
 */
export function unprovenWork(
  network: ChainwebNetwork,
  { branch, pace }: { branch: number; pace: () => number },
): Sealing {
  const mean = network.blockDelayMs * MINING_SHARE;
  return {
    wait: () => mean * pace(),
    seal: ({ parent, adjacentParents, creationTime, payloadHash }, salt) => {
      const name = new Uint8Array(32);
      new Uint32Array(name.buffer).set([salt, parent.chain, parent.height + 1, branch, 1]);
      return {
        ...parent,
        creationTime,
        payloadHash,
        parent: parent.hash,
        adjacents: adjacentParents.map(({ chain, hash }) => ({ chain, hash })),
        weight: parent.weight + 1n,
        height: parent.height + 1,
        hash: hashText(name),
      };
    },
  };
}
