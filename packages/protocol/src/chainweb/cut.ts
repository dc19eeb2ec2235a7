import { isHash } from './block-hash.ts';
import { CutFormatError } from './error.ts';
import { parseUint256 } from './uint256.ts';

export interface Tip {
  readonly chain: number;
  readonly height: number;
  readonly hash: string;
}

/** A node's heads, one per chain, as `GET /cut` tells them: a claim, not evidence. */
export interface Cut {
  /** Sum of the heights of all chains. */
  readonly height: number;
  readonly weight: bigint;
  /** Name of the node's network. */
  readonly instance: string;
  /** Ascending by chain. Heights of adjacent chains differ by at most one. */
  readonly tips: readonly Tip[];
}

/** @throws CutFormatError */
export function decodeCut(json: string): Cut {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new CutFormatError('a cut has to be JSON', { cause });
  }
  const fields = fieldsOf(value, 'a cut');
  const weight = fields.get('weight');
  const instance = fields.get('instance');
  const total = typeof weight === 'string' ? parseUint256(weight) : undefined;
  if (total === undefined) {
    throw new CutFormatError(`cut weight ${JSON.stringify(weight)} is not base64url of 32 bytes`);
  }
  if (typeof instance !== 'string') {
    throw new CutFormatError(`cut instance ${JSON.stringify(instance)} is not the name of a network`);
  }
  const tips = [...fieldsOf(fields.get('hashes'), 'the hashes of a cut')].map(decodeTip);
  return {
    height: wholeNumber(fields.get('height'), 'cut height'),
    weight: total,
    instance,
    tips: tips.sort((a, b) => a.chain - b.chain),
  };
}

function decodeTip([key, value]: [string, unknown]): Tip {
  const chain = /^\d{1,9}$/.test(key) ? Number(key) : Number.NaN;
  const fields = fieldsOf(value, `the tip of chain ${key}`);
  const hash = fields.get('hash');
  if (!isHash(hash)) {
    throw new CutFormatError(`the tip of chain ${key} has no hash`);
  }
  return {
    chain: wholeNumber(chain, `chain "${key}"`),
    height: wholeNumber(fields.get('height'), `height of chain ${key}`),
    hash,
  };
}

function fieldsOf(value: unknown, what: string): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CutFormatError(`${what} is not an object`);
  }
  return new Map<string, unknown>(Object.entries(value));
}

function wholeNumber(value: unknown, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new CutFormatError(`${what} is not a whole number`);
  }
  return value;
}
