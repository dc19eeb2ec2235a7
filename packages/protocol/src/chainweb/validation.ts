import { meetsTarget, nextEpochStart, nextTarget, workOf } from './difficulty.ts';
import { forkStateFault } from './fork-state.ts';
import { blake2s256 } from './hashing.ts';
import { encodeWork, type Header } from './header.ts';
import { workHash } from './header-hash.ts';
import type { ChainwebNetwork } from './network.ts';

export type InvalidHeaderCode =
  | 'wrong_network'
  | 'wrong_chain'
  | 'wrong_adjacents'
  | 'wrong_hash'
  | 'wrong_work'
  | 'wrong_parent'
  | 'wrong_height'
  | 'wrong_braiding'
  | 'created_before_parent'
  | 'wrong_epoch_start'
  | 'wrong_target'
  | 'wrong_weight'
  | 'wrong_fork_state'
  | 'in_the_future';

export interface InvalidHeader {
  readonly valid: false;
  readonly code: InvalidHeaderCode;
  readonly why: string;
}

export type HeaderVerdict = { readonly valid: true } | InvalidHeader;

export interface Descent {
  readonly network: ChainwebNetwork;
  /** Verified itself, as each adjacent parent has to be. */
  readonly parent: Header;
  /** The header's adjacent parents by chain. */
  readonly adjacentParents: ReadonlyMap<number, Header>;
}

export interface HeaderContext extends Descent {
  /** Microseconds since 1970. */
  readonly now: bigint;
}

const VALID: HeaderVerdict = { valid: true };

/**
 * Chainweb's whole rule for a header that isn't a genesis block. It is valid only relative to its parents: with parents
 * that are not verified themselves it proves nothing, since anybody can mine at a target of his own choice.
 */
export function validateHeader(header: Header, context: HeaderContext): HeaderVerdict {
  const descent = validateDescent(header, context);
  if (!descent.valid) {
    return descent;
  }
  const alone = validateAlone(header, context.network);
  // The clock comes last: only a header without any other fault becomes valid by waiting.
  return alone.valid ? validateTime(header, context.now) : alone;
}

/**
 * The part of the rule that needs no other header: network, graph, hash and work against the target that the header
 * itself names. It tells a garbled header from one that may find its parents later, and nothing more.
 */
export function validateAlone(header: Header, network: ChainwebNetwork): HeaderVerdict {
  const placed = validatePlace(header, network);
  if (!placed.valid) {
    return placed;
  }
  const work = encodeWork(header);
  const hash = workHash(work);
  if (hash !== header.hash) {
    return invalid('wrong_hash', `the fields hash to ${hash}, the header says ${header.hash}`);
  }
  return meetsTarget(blake2s256(work), header.target)
    ? VALID
    : invalid('wrong_work', `the proof of work misses the header's target ${header.target.toString(16)}`);
}

/** The part of the rule that ties a header to its parents. Hash and work are not looked at. */
export function validateDescent(header: Header, descent: Descent): HeaderVerdict {
  const placed = validatePlace(header, descent.network);
  if (!placed.valid) {
    return placed;
  }
  const adjacents = resolveAdjacents(header, descent);
  return 'valid' in adjacents ? adjacents : (firstFault(header, descent, adjacents) ?? VALID);
}

/** The one part that changes with time: nodes ignore a block until its creation time has come, without any tolerance. */
export function validateTime(header: Header, now: bigint): HeaderVerdict {
  return header.creationTime <= now
    ? VALID
    : invalid('in_the_future', `created ${header.creationTime - now} us after this clock`);
}

function validatePlace(header: Header, network: ChainwebNetwork): HeaderVerdict {
  if (header.versionCode !== network.versionCode) {
    return invalid(
      'wrong_network',
      `version code ${header.versionCode}, ${network.name} has ${network.versionCode}`,
    );
  }
  const neighbours = network.graph[header.chain];
  if (neighbours === undefined) {
    return invalid('wrong_chain', `chain ${header.chain} is not in the graph of ${network.name}`);
  }
  const named = header.adjacents.map(({ chain }) => chain);
  const same = named.length === neighbours.length && named.every((chain, at) => chain === neighbours[at]);
  return same
    ? VALID
    : invalid('wrong_adjacents', `adjacent chains ${named}, chain ${header.chain} has ${neighbours}`);
}

/** The adjacent parents in the header's order, each the block that the header names, beside the parent. */
function resolveAdjacents(header: Header, descent: Descent): Header[] | InvalidHeader {
  const resolved: Header[] = [];
  for (const { chain, hash } of header.adjacents) {
    const adjacent = descent.adjacentParents.get(chain);
    if (adjacent?.hash !== hash || adjacent.chain !== chain || adjacent.versionCode !== header.versionCode) {
      return invalid('wrong_adjacents', `${hash} is no block of chain ${chain} of ${descent.network.name}`);
    }
    const unbraided = braidingFault(descent.parent, adjacent);
    if (unbraided !== undefined) {
      return invalid('wrong_braiding', unbraided);
    }
    resolved.push(adjacent);
  }
  return resolved;
}

/**
 * Whether two adjacent blocks can be parents of one: they stand at one height, and each rests on the other's parent.
 * chainweb-node holds this where it joins cuts, not among its header properties. Without it a single chain could be
 * forked for any length at a tenth of the work, on the blocks of neighbours who never knew of it.
 */
function braidingFault(parent: Header, adjacent: Header): string | undefined {
  if (adjacent.height !== parent.height) {
    return `adjacent parent at height ${adjacent.height}, expected ${parent.height}`;
  }
  const restsOn = (block: Header, other: Header): boolean =>
    block.adjacents.some(({ chain, hash }) => chain === other.chain && hash === other.parent);
  return restsOn(parent, adjacent) && restsOn(adjacent, parent)
    ? undefined
    : `the parent and ${adjacent.hash} of chain ${adjacent.chain} rest on different forks`;
}

function firstFault(
  header: Header,
  descent: Descent,
  adjacents: readonly Header[],
): InvalidHeader | undefined {
  return (
    parentFault(header, descent.parent) ??
    timeFault(header, descent, adjacents) ??
    difficultyFault(header, descent, adjacents) ??
    forkFault(header, descent.parent, adjacents)
  );
}

function parentFault(header: Header, parent: Header): InvalidHeader | undefined {
  if (header.parent !== parent.hash || header.chain !== parent.chain) {
    return invalid('wrong_parent', `${parent.hash} of chain ${parent.chain} is not the header's parent`);
  }
  if (parent.versionCode !== header.versionCode) {
    return invalid(
      'wrong_network',
      `version code ${header.versionCode}, the parent has ${parent.versionCode}`,
    );
  }
  return header.height === parent.height + 1
    ? undefined
    : invalid('wrong_height', `height ${header.height}, expected ${parent.height + 1}`);
}

function timeFault(
  header: Header,
  { network, parent }: Descent,
  adjacents: readonly Header[],
): InvalidHeader | undefined {
  const youngest = [parent, ...adjacents].reduce((a, b) => (b.creationTime > a.creationTime ? b : a));
  if (header.creationTime <= youngest.creationTime) {
    return invalid(
      'created_before_parent',
      `created at ${header.creationTime}, its parent on chain ${youngest.chain} at ${youngest.creationTime}`,
    );
  }
  const epochStart = nextEpochStart(network, parent);
  return header.epochStart === epochStart
    ? undefined
    : invalid('wrong_epoch_start', `epoch start ${header.epochStart}, expected ${epochStart}`);
}

function difficultyFault(
  header: Header,
  { network, parent }: Descent,
  adjacents: readonly Header[],
): InvalidHeader | undefined {
  const target = nextTarget(network, parent, adjacents);
  if (header.target !== target) {
    return invalid('wrong_target', `target ${header.target.toString(16)}, expected ${target.toString(16)}`);
  }
  const weight = parent.weight + workOf(target);
  return header.weight === weight
    ? undefined
    : invalid('wrong_weight', `weight ${header.weight}, expected ${weight}`);
}

function forkFault(header: Header, parent: Header, adjacents: readonly Header[]): InvalidHeader | undefined {
  const fault = forkStateFault(header, parent, adjacents);
  return fault === undefined ? undefined : invalid('wrong_fork_state', fault);
}

function invalid(code: InvalidHeaderCode, why: string): InvalidHeader {
  return { valid: false, code, why };
}
