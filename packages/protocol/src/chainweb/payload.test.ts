import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PayloadFormatError } from './error.ts';
import { headerHash } from './header-hash.ts';
import { decodeHeaderObject } from './header-object.ts';
import { mainnet, openapiObject } from './mainnet.fixture.ts';
import { decodePayload, minerOf, type Payload, payloadHash } from './payload.ts';

// The payload of Kadena's block 1,000,000 on chain 0, whose header is in the fixture: mined and hashed by others.
const mined = {
  transactions: [],
  minerData:
    'eyJhY2NvdW50IjoiYTFiMzE0MGNiN2NjODk1YzBlMDkxNzAyZWQwNTU3OWZiZTA1YzZlNjc0NWY4MmNlNjAzNzQ2YjQwMGM4MTU0OCIsInByZWRpY2F0ZSI6ImtleXMtYWxsIiwicHVibGljLWtleXMiOlsiYTFiMzE0MGNiN2NjODk1YzBlMDkxNzAyZWQwNTU3OWZiZTA1YzZlNjc0NWY4MmNlNjAzNzQ2YjQwMGM4MTU0OCJdfQ',
  transactionsHash: 'nT0j4xw2woMkdXXaopdurXIn24OG-jNMqQzUGfxV_MA',
  outputsHash: '4pXRrZ2K0_V0iGAxQCKrKdLjQTBZHBOQS7P-47kdnhY',
  payloadHash: 'GpaWbHkHrCjRhY8hKE0qZ1WsBBaG3Y_zkFLV2sYumQA',
};
const KEY = 'a1b3140cb7cc895c0e091702ed05579fbe05c6e6745f82ce603746b400c81548';

const bytes = fc.uint8Array({ maxLength: 40 });
const payloads: fc.Arbitrary<Payload> = fc.record({
  minerData: bytes,
  transactions: fc.array(bytes, { maxLength: 9 }),
  outputsHash: fc.constant(mined.outputsHash),
});

describe('a payload', () => {
  it('of the public mainnet hashes to what its block’s header names, and names its miner', () => {
    const header = decodeHeaderObject(openapiObject, mainnet);
    expect(headerHash(header)).toBe(header.hash);
    const payload = decodePayload(mined);
    expect(payloadHash(payload)).toBe(header.payloadHash);
    expect(minerOf(payload)).toEqual({ account: KEY, predicate: 'keys-all', keys: [KEY] });
  });

  it('of another miner, other outputs, another or one more transaction has another hash', () => {
    fc.assert(
      fc.property(payloads, payloads, (a, b) => {
        const same =
          Buffer.compare(a.minerData, b.minerData) === 0 &&
          a.transactions.length === b.transactions.length &&
          a.transactions.every((each, i) => Buffer.compare(each, b.transactions[i]!) === 0);
        expect(payloadHash(a) === payloadHash(b)).toBe(same);
        expect(payloadHash(a)).not.toBe(payloadHash({ ...a, outputsHash: mined.payloadHash }));
        expect(payloadHash(a)).not.toBe(
          payloadHash({ ...a, transactions: [...a.transactions, new Uint8Array()] }),
        );
      }),
    );
  });

  it('is read as far as it is one, and its miner as chainweb-node writes it', () => {
    const text = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const minedBy = (value: unknown) => minerOf(decodePayload({ ...mined, minerData: text(value) }));
    const good = { account: 'k:x', predicate: 'keys-all', 'public-keys': [KEY] };
    expect(minedBy(good)?.account).toBe('k:x');
    for (const bad of [null, 'x', { ...good, account: 1 }, { ...good, 'public-keys': ['0x12'] }])
      expect(minedBy(bad)).toBeUndefined();
    expect(minerOf({ minerData: Uint8Array.of(0xff, 0xfe) })).toBeUndefined();
    for (const bad of [
      null,
      [],
      { ...mined, minerData: 'a==' },
      { ...mined, transactions: [1] },
      { ...mined, outputsHash: 'x' },
    ])
      expect(() => decodePayload(bad)).toThrow(PayloadFormatError);
  });
});
