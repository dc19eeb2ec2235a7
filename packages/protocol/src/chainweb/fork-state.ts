import type { Header } from './header.ts';

// Fork epochs: miners vote for the next fork number over 14,280 blocks of five days, and the last 120 blocks spread the
// count over the chains. The votes stand in thousandths, so that the averaging loses no vote.
const VOTING_BLOCKS = 120 * 119;
const COUNTING_BLOCKS = 120;
const EPOCH_BLOCKS = VOTING_BLOCKS + COUNTING_BLOCKS;
const VOTE = 1_000n;

export function forkNumber(header: Pick<Header, 'featureFlags'>): bigint {
  return header.featureFlags & 0xffff_ffffn;
}

export function forkVotes(header: Pick<Header, 'featureFlags'>): bigint {
  return header.featureFlags >> 32n;
}

/** Two thirds of the voting blocks, after rounding the average to whole votes, halves to even. */
function carried(votes: bigint): boolean {
  const [whole, rest] = [votes / VOTE, votes % VOTE];
  const up = rest * 2n > VOTE || (rest * 2n === VOTE && whole % 2n === 1n);
  return (whole + (up ? 1n : 0n)) * 3n >= BigInt(VOTING_BLOCKS) * 2n;
}

/** @returns what is wrong with the header's fork number or votes, if anything. */
export function forkStateFault(
  header: Header,
  parent: Header,
  adjacentParents: readonly Header[],
): string | undefined {
  const position = header.height % EPOCH_BLOCKS;
  const number = forkNumber(parent) + (position === 0 && carried(forkVotes(parent)) ? 1n : 0n);
  if (forkNumber(header) !== number) {
    return `fork number ${forkNumber(header)}, expected ${number}`;
  }
  const votes = forkVotes(header);
  if (position >= VOTING_BLOCKS) {
    const all = [parent, ...adjacentParents];
    const mean = all.reduce((sum, block) => sum + forkVotes(block), 0n) / BigInt(all.length);
    return votes === mean ? undefined : `fork votes ${votes}, expected the mean of the parents' ${mean}`;
  }
  const before = position === 0 ? 0n : forkVotes(parent);
  return votes === before || votes === before + VOTE
    ? undefined
    : `fork votes ${votes}, expected ${before} or one vote more`;
}
