import { isHash } from './block-hash.ts';
import { HeaderFormatError } from './error.ts';
import type { AdjacentHash, Header } from './header.ts';
import type { ChainwebNetwork } from './network.ts';
import { parseUint256, uint256Text } from './uint256.ts';

/**
 * Fork votes push featureFlags past 2^53, where a JSON number loses its low bits: whole numbers of these fields are read
 * from their digits.
 */
const WIDE_FIELDS = new Set(['featureFlags', 'creationTime', 'epochStart']);

/** Parses JSON text so that the 64-bit fields of headers in it become bigint, at any depth. */
export function parseHeaderJson(text: string): unknown {
  return JSON.parse(text, (key: string, value: unknown, ...[context]: unknown[]) => {
    const digits = sourceOf(context);
    return WIDE_FIELDS.has(key) && typeof value === 'number' && /^\d+$/.test(digits) ? BigInt(digits) : value;
  });
}

function sourceOf(context: unknown): string {
  const source: unknown = typeof context === 'object' && context !== null && Reflect.get(context, 'source');
  return typeof source === 'string' ? source : '';
}

/**
 * Reads `application/json;blockheader-encoding=object`. Nothing is verified.
 *
 * @throws HeaderFormatError
 */
export function decodeHeaderObject(text: string, network: ChainwebNetwork): Header {
  let value: unknown;
  try {
    value = parseHeaderJson(text);
  } catch (cause) {
    throw new HeaderFormatError('a header object has to be JSON', { cause });
  }
  return headerFromObject(value, network);
}

/** The same from an object that `parseHeaderJson` made, such as an item of a page or an event. */
export function headerFromObject(value: unknown, network: ChainwebNetwork): Header {
  if (typeof value !== 'object' || value === null) {
    throw new HeaderFormatError(`a header object is expected, not ${typeof value}`);
  }
  const field = new FieldReader(new Map<string, unknown>(Object.entries(value)));
  const version = field.text('chainwebVersion');
  if (version !== network.name) {
    throw new HeaderFormatError(`the header is of network "${version}", expected "${network.name}"`);
  }
  return {
    featureFlags: field.wide('featureFlags'),
    creationTime: field.wide('creationTime'),
    parent: field.hash('parent'),
    adjacents: field.adjacents('adjacents'),
    target: field.uint256('target'),
    payloadHash: field.hash('payloadHash'),
    chain: field.count('chainId'),
    weight: field.uint256('weight'),
    height: field.count('height'),
    versionCode: network.versionCode,
    epochStart: field.wide('epochStart'),
    nonce: field.wide('nonce'),
    hash: field.hash('hash'),
  };
}

/** @returns JSON text; the numbers are written out, since JSON.stringify knows no 64-bit ones. */
export function encodeHeaderObject(header: Header, network: ChainwebNetwork): string {
  const fields: [string, string][] = [
    ['nonce', JSON.stringify(String(header.nonce))],
    ['creationTime', String(header.creationTime)],
    ['parent', JSON.stringify(header.parent)],
    [
      'adjacents',
      JSON.stringify(Object.fromEntries(header.adjacents.map(({ chain, hash }) => [String(chain), hash]))),
    ],
    ['target', JSON.stringify(uint256Text(header.target))],
    ['payloadHash', JSON.stringify(header.payloadHash)],
    ['chainId', String(header.chain)],
    ['weight', JSON.stringify(uint256Text(header.weight))],
    ['height', String(header.height)],
    ['chainwebVersion', JSON.stringify(network.name)],
    ['epochStart', String(header.epochStart)],
    ['featureFlags', String(header.featureFlags)],
    ['hash', JSON.stringify(header.hash)],
  ];
  return `{${fields.map(([name, value]) => `"${name}":${value}`).join(',')}}`;
}

class FieldReader {
  readonly #fields: ReadonlyMap<string, unknown>;

  constructor(fields: ReadonlyMap<string, unknown>) {
    this.#fields = fields;
  }

  text(name: string): string {
    const value = this.#fields.get(name);
    return typeof value === 'string' ? value : this.#refuse(name, 'text');
  }

  hash(name: string): string {
    const value = this.#fields.get(name);
    return isHash(value) ? value : this.#refuse(name, 'a hash');
  }

  uint256(name: string): bigint {
    return parseUint256(this.text(name)) ?? this.#refuse(name, 'base64url of 32 bytes');
  }

  count(name: string): number {
    const value = this.#fields.get(name);
    return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
      ? value
      : this.#refuse(name, 'a whole number');
  }

  /** A nonce comes as decimal text, the others as numbers. */
  wide(name: string): bigint {
    const value = this.#fields.get(name);
    const wide = typeof value === 'string' && /^\d{1,20}$/.test(value) ? BigInt(value) : value;
    return typeof wide === 'bigint' && wide === BigInt.asUintN(64, wide)
      ? wide
      : this.#refuse(name, 'an unsigned 64-bit number');
  }

  adjacents(name: string): AdjacentHash[] {
    const value = this.#fields.get(name);
    if (typeof value !== 'object' || value === null) {
      return this.#refuse(name, 'an object of hashes by chain');
    }
    return Object.entries(value)
      .map(([key, hash]: [string, unknown]) => {
        const chain = Number(key);
        return isHash(hash) && String(chain) === key && Number.isSafeInteger(chain)
          ? { chain, hash }
          : this.#refuse(name, 'an object of hashes by chain');
      })
      .sort((a, b) => a.chain - b.chain);
  }

  #refuse(name: string, expected: string): never {
    throw new HeaderFormatError(`header field "${name}" is not ${expected}`);
  }
}
