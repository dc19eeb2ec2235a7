import type { SignedCommand } from './signer.ts';

/** What a read gives, and of which block. */
export interface ChainRead {
  readonly data: unknown;
  readonly height: number;
  /** Seconds since 1970. */
  readonly blockTime: number;
}

/** What a node says of a request key. */
export interface ChainResult {
  readonly status: 'applied' | 'failed' | 'badlisted';
  /** Of a failure. */
  readonly message: string;
  /** Undefined where it is in no block. */
  readonly block: { readonly height: number; readonly hash: string; readonly gas: number } | undefined;
}

/** What a node says would become of a transaction in its next block. */
export interface Preflight {
  /** What it takes. Of a failure that is all of its limit. */
  readonly gas: number;
  /** Why it would fail; undefined: it would not. */
  readonly failure: string | undefined;
}

/** A node of the network, as the mint needs it. Everything rejects where it does not answer. */
export interface ChainNode {
  /** Its host. */
  readonly name: string;
  /** Resolves when the node has it, or had it before. */
  send(chain: number, command: SignedCommand): Promise<void>;
  /** Of those that it knows, by request key; as its chain was so many blocks ago. */
  results(chain: number, keys: readonly string[], depth: number): Promise<ReadonlyMap<string, ChainResult>>;
  /** Runs a command as its next block would, signed by whoever the command says, and keeps nothing. */
  preflight(chain: number, cmd: string): Promise<Preflight>;
  /** Runs code without a transaction. @throws ReadRefused where the code fails */
  read(chain: number, code: string, depth: number): Promise<ChainRead>;
}

/** A node ran the code, and it failed. */
export class ReadRefused extends Error {
  override readonly name = 'ReadRefused';
}
