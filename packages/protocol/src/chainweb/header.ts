import { decodeBase64url, encodeBase64url } from './base64url.ts';
import { hashBytes, hashText } from './block-hash.ts';
import { HeaderFormatError } from './error.ts';
import { ADJACENT_BYTES, ADJACENTS, AT, HASH_BYTES, HEADER_BYTES, WORK_BYTES } from './layout.ts';
import { readUint256, writeUint256 } from './uint256.ts';

export interface AdjacentHash {
  readonly chain: number;
  readonly hash: string;
}

export interface Header {
  /** Fork number in the low 32 bits, fork votes in the high ones. */
  readonly featureFlags: bigint;
  /** Microseconds since 1970. */
  readonly creationTime: bigint;
  readonly parent: string;
  /** Blocks of the adjacent chains at the parent's height, ascending by chain. */
  readonly adjacents: readonly AdjacentHash[];
  readonly target: bigint;
  readonly payloadHash: string;
  readonly chain: number;
  /** Work of the chain up to and with this block. */
  readonly weight: bigint;
  readonly height: number;
  readonly versionCode: number;
  /** Microseconds since 1970: when the current difficulty epoch began. */
  readonly epochStart: bigint;
  readonly nonce: bigint;
  readonly hash: string;
}

/**
 * Reads the binary form. Nothing is verified: neither hash, nor work, nor descent.
 *
 * @throws HeaderFormatError for anything that would not encode to the same bytes again.
 */
export function decodeHeader(bytes: Uint8Array): Header {
  if (bytes.length !== HEADER_BYTES) {
    throw new HeaderFormatError(`a header has ${HEADER_BYTES} bytes, not ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hashAt = (offset: number): string => hashText(bytes.subarray(offset, offset + HASH_BYTES));
  const height = view.getBigUint64(AT.height, true);
  if (height > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new HeaderFormatError(`height ${height} is beyond anything that a chain can reach`);
  }
  return {
    featureFlags: view.getBigUint64(AT.featureFlags, true),
    creationTime: view.getBigUint64(AT.creationTime, true),
    parent: hashAt(AT.parent),
    adjacents: decodeAdjacents(view, hashAt),
    target: readUint256(bytes, AT.target),
    payloadHash: hashAt(AT.payloadHash),
    chain: view.getUint32(AT.chain, true),
    weight: readUint256(bytes, AT.weight),
    height: Number(height),
    versionCode: view.getUint32(AT.versionCode, true),
    epochStart: view.getBigUint64(AT.epochStart, true),
    nonce: view.getBigUint64(AT.nonce, true),
    hash: hashAt(AT.hash),
  };
}

function decodeAdjacents(view: DataView, hashAt: (offset: number) => string): AdjacentHash[] {
  const count = view.getUint16(AT.adjacentCount, true);
  if (count !== ADJACENTS) {
    throw new HeaderFormatError(`a header names ${ADJACENTS} adjacent parents, not ${count}`);
  }
  const adjacents: AdjacentHash[] = [];
  let previous = -1;
  for (let offset = AT.adjacents; offset < AT.target; offset += ADJACENT_BYTES) {
    const chain = view.getUint32(offset, true);
    if (chain <= previous) {
      throw new HeaderFormatError(`adjacent chain ${chain} follows ${previous}: expected ascending chains`);
    }
    adjacents.push({ chain, hash: hashAt(offset + 4) });
    previous = chain;
  }
  return adjacents;
}

/** @returns 286 bytes, the nonce in the last eight. */
export function encodeWork(header: Omit<Header, 'hash'>): Uint8Array {
  const bytes = new Uint8Array(WORK_BYTES);
  writeWork(header, bytes);
  return bytes;
}

/** @returns 318 bytes. */
export function encodeHeader(header: Header): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  writeWork(header, bytes);
  bytes.set(hashBytes(header.hash), AT.hash);
  return bytes;
}

function writeWork(header: Omit<Header, 'hash'>, bytes: Uint8Array): void {
  if (header.adjacents.length !== ADJACENTS) {
    throw new HeaderFormatError(
      `a header names ${ADJACENTS} adjacent parents, not ${header.adjacents.length}`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setBigUint64(AT.featureFlags, header.featureFlags, true);
  view.setBigUint64(AT.creationTime, header.creationTime, true);
  bytes.set(hashBytes(header.parent), AT.parent);
  view.setUint16(AT.adjacentCount, ADJACENTS, true);
  for (const [index, adjacent] of header.adjacents.entries()) {
    const offset = AT.adjacents + index * ADJACENT_BYTES;
    view.setUint32(offset, adjacent.chain, true);
    bytes.set(hashBytes(adjacent.hash), offset + 4);
  }
  writeUint256(header.target, bytes, AT.target);
  bytes.set(hashBytes(header.payloadHash), AT.payloadHash);
  view.setUint32(AT.chain, header.chain, true);
  writeUint256(header.weight, bytes, AT.weight);
  view.setBigUint64(AT.height, BigInt(header.height), true);
  view.setUint32(AT.versionCode, header.versionCode, true);
  view.setBigUint64(AT.epochStart, header.epochStart, true);
  view.setBigUint64(AT.nonce, header.nonce, true);
}

/** The default JSON form of the API: base64url of the binary form. */
export function encodeHeaderText(header: Header): string {
  return encodeBase64url(encodeHeader(header));
}

/** @throws HeaderFormatError */
export function decodeHeaderText(text: string): Header {
  const bytes = decodeBase64url(text);
  if (bytes === undefined) {
    throw new HeaderFormatError(`"${text.slice(0, 60)}" is no header: expected unpadded base64url`);
  }
  return decodeHeader(bytes);
}
