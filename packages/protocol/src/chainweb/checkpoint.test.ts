import { describe, expect, it } from 'vitest';
import { createCheckpoint, formatCheckpoint, parseCheckpoint } from './checkpoint.ts';
import { CheckpointError } from './error.ts';
import { encodeHeaderText, type Header } from './header.ts';
import { headerHash } from './header-hash.ts';
import { simulatedNetwork, stoaNetwork } from './network.ts';

const parentOf = (chain: number): string => Buffer.alloc(32, chain + 1).toString('base64url');

/** A genesis block, which needs no proof of work. */
function genesis(chain: number, change: Partial<Header> = {}): Header {
  const fields: Omit<Header, 'hash'> = {
    featureFlags: 0n,
    creationTime: 1_769_904_000_000_000n,
    parent: parentOf(chain),
    adjacents: stoaNetwork.graph[chain]!.map((each) => ({ chain: each, hash: parentOf(each) })),
    target: 2n ** 240n,
    payloadHash: parentOf(99),
    chain,
    weight: 0n,
    height: 0,
    versionCode: stoaNetwork.versionCode,
    epochStart: 1_769_904_000_000_000n,
    nonce: 0n,
    ...change,
  };
  return { ...fields, hash: headerHash(fields) };
}

const chains = stoaNetwork.graph.map((_adjacents, chain) => chain);
const headers = chains.map((chain) => genesis(chain));
const replaced = (change: Partial<Header>): Header[] =>
  chains.map((chain) => genesis(chain, chain === 4 ? change : {}));

describe('checkpoint file', () => {
  it('round-trips', () => {
    const checkpoint = createCheckpoint(stoaNetwork, headers.toReversed());
    expect(checkpoint.headers).toEqual(headers);
    expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual(checkpoint);
  });

  it.each<[string, () => unknown, string]>([
    ['no JSON', () => parseCheckpoint('{'), 'JSON'],
    ['an unknown network', () => parseCheckpoint('{"network":"mainnet01"}'), '"stoa" or "simulated"'],
    ['no headers', () => parseCheckpoint('{"network":"stoa"}'), 'no list'],
    ['garbage', () => parseCheckpoint('{"network":"stoa","headers":["AAAA"]}'), 'entry 0'],
    ['a chain too few', () => createCheckpoint(stoaNetwork, headers.slice(1)), '10 headers, not 9'],
    [
      'one chain twice',
      () => createCheckpoint(stoaNetwork, [...headers.slice(1), headers[1]!]),
      'no header of chain 0',
    ],
    [
      'different heights',
      () => createCheckpoint(stoaNetwork, replaced({ height: 1 })),
      'chain 4 stands at height 1',
    ],
    ['two forks', () => createCheckpoint(stoaNetwork, replaced({ parent: parentOf(77) })), 'two forks'],
    ['another network', () => createCheckpoint(simulatedNetwork, headers), 'version code'],
    [
      'a wrong hash',
      () => createCheckpoint(stoaNetwork, [{ ...headers[0]!, weight: 5n }, ...headers.slice(1)]),
      'hash to',
    ],
    [
      'blocks after the genesis that were never mined',
      () =>
        createCheckpoint(
          stoaNetwork,
          chains.map((chain) => genesis(chain, { height: 7 })),
        ),
      'proof of work',
    ],
  ])('refuses %s', (_what, attempt, message) => {
    expect(attempt).toThrow(CheckpointError);
    expect(attempt).toThrow(message);
  });

  it('is base64url headers in a list', () => {
    const file: unknown = JSON.parse(formatCheckpoint(createCheckpoint(stoaNetwork, headers)));
    expect(file).toEqual({ network: 'stoa', headers: headers.map(encodeHeaderText) });
  });
});
