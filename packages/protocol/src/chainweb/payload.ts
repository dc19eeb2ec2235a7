import { decodeBase64url } from './base64url.ts';
import { hashBytes, hashText, isHash } from './block-hash.ts';
import { PayloadFormatError } from './error.ts';
import { inputLeaf, merkleRoot } from './merkle.ts';

/** What a block holds, as far as its header commits to it: outputs are known by their hash alone. */
export interface Payload {
  /** JSON by convention; chainweb itself takes any bytes. */
  readonly minerData: Uint8Array;
  readonly transactions: readonly Uint8Array[];
  readonly outputsHash: string;
}

/** To whom the chain pays a block. */
export interface Miner {
  readonly account: string;
  readonly predicate: string;
  /** 64 hex digits each, as the miner named them. */
  readonly keys: readonly string[];
}

/** Types of what a payload holds, in chainweb's hash universe. Both hashes enter the tree as they are. */
const TAG = { transaction: 0x13, minerData: 0x17 } as const;
const KEY = /^[0-9a-f]{64}$/;

/** What a header of this payload names: a payload is a block's if its hash is the header's `payloadHash`. */
export function payloadHash({ minerData, transactions, outputsHash }: Payload): string {
  const transactionsRoot = merkleRoot([
    inputLeaf(TAG.minerData, minerData),
    ...transactions.map((bytes) => inputLeaf(TAG.transaction, bytes)),
  ]);
  return hashText(merkleRoot([transactionsRoot, hashBytes(outputsHash)]));
}

/**
 * Reads a payload of the `payload` API, from parsed JSON. Nothing is verified; what it says its own hashes are is not read.
 *
 * @throws PayloadFormatError
 */
export function decodePayload(value: unknown): Payload {
  const { minerData, transactions, outputsHash } = fieldsOf(value);
  if (!Array.isArray(transactions)) throw new PayloadFormatError('a payload has a list of transactions');
  if (!isHash(outputsHash)) throw new PayloadFormatError('a payload names the hash of its outputs');
  return {
    minerData: bytesOf(minerData),
    transactions: transactions.map(bytesOf),
    outputsHash,
  };
}

/** @returns undefined where the miner data is not what chainweb-node writes: such a block is nobody's. */
export function minerOf({ minerData }: Pick<Payload, 'minerData'>): Miner | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(minerData));
  } catch {
    // Any bytes are miner data to chainweb.
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { account, predicate, 'public-keys': keys } = value as Readonly<Record<string, unknown>>;
  return typeof account === 'string' && typeof predicate === 'string' && isKeys(keys)
    ? { account, predicate, keys }
    : undefined;
}

function isKeys(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((key) => typeof key === 'string' && KEY.test(key));
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  throw new PayloadFormatError(`a payload is an object, not ${value === null ? 'null' : typeof value}`);
}

function bytesOf(value: unknown): Uint8Array {
  const bytes = typeof value === 'string' ? decodeBase64url(value) : undefined;
  if (bytes === undefined) throw new PayloadFormatError('a part of a payload is no unpadded base64url');
  return bytes;
}
