import { hashText } from './block-hash.ts';
import { sha512t256 } from './hashing.ts';
import type { Header } from './header.ts';
import { headerHash } from './header-hash.ts';
import { inputLeaf, merkleRoot } from './merkle.ts';
import type { ChainwebNetwork } from './network.ts';

export interface Genesis {
  /** Microseconds since 1970. */
  readonly creationTime: bigint;
  readonly target: bigint;
  readonly payloadHash: (chain: number) => string;
}

/** The blocks at height 0, by chain. They are constants of a network: never mined, and without weight. */
export function createGenesis(network: ChainwebNetwork, genesis: Genesis): Header[] {
  return network.graph.map((neighbours, chain) => {
    const fields: Omit<Header, 'hash'> = {
      featureFlags: 0n,
      creationTime: genesis.creationTime,
      parent: genesisParent(network, chain),
      adjacents: neighbours.map((each) => ({ chain: each, hash: genesisParent(network, each) })),
      target: genesis.target,
      payloadHash: genesis.payloadHash(chain),
      chain,
      weight: 0n,
      height: 0,
      versionCode: network.versionCode,
      epochStart: genesis.creationTime,
      nonce: 0n,
    };
    return { ...fields, hash: headerHash(fields) };
  });
}

/** Nothing hashes to it as a block: it only tells networks and chains apart. */
function genesisParent(network: ChainwebNetwork, chain: number): string {
  return hashText(
    merkleRoot([
      sha512t256(Uint8Array.of(0, ...new TextEncoder().encode('CHAINWEB_GENESIS'))),
      inputLeaf(0x08, u32(network.versionCode)),
      inputLeaf(0x02, u32(chain)),
    ]),
  );
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}
