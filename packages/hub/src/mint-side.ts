import type { MintSignerClient } from '@stoa/signer/client';
import type { Clock } from './clock.ts';
import { type HubConfig, mintNodesOf } from './config.ts';
import type { LedgerBook } from './ledger/index.ts';
import type { Log } from './log.ts';
import { type ChainDeps, createMint, KadenaNode, type Mint, quorumOf } from './mint/index.ts';
import type { DbAdapter } from './seams/db-adapter/index.ts';

export type MintConfig = Pick<
  HubConfig,
  | 'mintContract'
  | 'minter'
  | 'mintSender'
  | 'mintNodes'
  | 'mintGasPrice'
  | 'chainwebUrl'
  | 'chainwebSecondUrl'
>;

export interface MintSideDeps {
  readonly config: MintConfig;
  /** Undefined where this hub mints nothing. */
  readonly signer: MintSignerClient | undefined;
  readonly sql: DbAdapter['sql'];
  readonly book: LedgerBook;
  readonly region: string;
  readonly network: string;
  readonly holder: string;
  readonly clock: Clock;
  readonly log: Log;
}

const ANU = 1_000_000_000_000;
/** Long enough for several batches one after the other, short enough for a death to be told within the hour. */
const TTL_SECONDS = 3_600;

/** The daily mint by the hub's settings; undefined where they name no contract. */
export function openMint({ config, signer, network, ...deps }: MintSideDeps): Mint | undefined {
  const chain = mintChain(config, network);
  return chain && signer && createMint({ ...deps, ...chain, signer });
}

/** Over which nodes and to which contract it goes; undefined where the settings name none. */
export function mintChain(config: MintConfig, network: string): ChainDeps | undefined {
  const { mintContract, minter, mintSender, mintGasPrice } = config;
  if (mintContract === undefined || minter === undefined) return undefined;
  const nodes = mintNodesOf(config).map((url) => new KadenaNode({ url, network }));
  return {
    ...{ nodes, quorum: quorumOf(nodes.length) },
    terms: {
      ...{ ...mintContract, networkId: network, publicKey: minter, sender: mintSender ?? `k:${minter}` },
      ...{ gasPrice: mintGasPrice / ANU, ttl: TTL_SECONDS },
    },
  };
}
