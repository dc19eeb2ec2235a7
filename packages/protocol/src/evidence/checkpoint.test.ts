import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../codec/codec.ts';
import { nodeCrypto as crypto } from '../crypto/node.ts';
import { portableCrypto } from '../crypto/portable.ts';
import { arbitrary } from '../fixtures/arbitrary.ts';
import { makeParties } from '../fixtures/parties.ts';
import { sample } from '../fixtures/sample.ts';
import { sealedCheckpoint, sealedReceipt } from '../messages/control.ts';
import { open, seal } from '../signed.ts';
import { checkpointKind } from './checkpoint.ts';
import { MINUTES_MASK, minuteWord } from './minutes.ts';
import { GATES, receiptKind } from './receipt.ts';

const { keys, chain, random } = makeParties('evidence');

describe('a checkpoint and its receipt', () => {
  it('come back whole through their frames, and open in both implementations', () => {
    for (let round = 0; round < 10; round += 1) {
      const checkpoint = sample(checkpointKind.body, random);
      const sealed = seal(checkpointKind, checkpoint, keys.node);
      const received = decode(sealedCheckpoint, encode(sealedCheckpoint, { sealed })).sealed;
      expect(open(checkpointKind, received, crypto, keys.node.publicKey)).toEqual(checkpoint);
      expect(open(checkpointKind, received, portableCrypto, keys.node.publicKey)).toEqual(checkpoint);
      const receipt = { ...sample(receiptKind.body, random), checkpoint: crypto.hash(received) };
      const answer = {
        sealed: seal(receiptKind, receipt, keys.instance),
        region: chain.region,
        instance: chain.instance,
      };
      const back = decode(sealedReceipt, encode(sealedReceipt, answer));
      expect(open(receiptKind, back.sealed, crypto, keys.instance.publicKey)).toEqual(receipt);
    }
  });

  it('do not pass for one another', () => {
    const sealed = seal(checkpointKind, sample(checkpointKind.body, random), keys.node);
    expect(() => open(receiptKind, sealed, crypto, keys.node.publicKey)).toThrow(
      expect.objectContaining({ code: 'bad_signature' }),
    );
  });

  it('chain: the hash of a sealed checkpoint changes with every byte of it', () => {
    const sealed = seal(checkpointKind, sample(checkpointKind.body, random), keys.node);
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const altered = sealed.slice();
        altered[at]! ^= change;
        expect(crypto.hash(altered)).not.toEqual(crypto.hash(sealed));
      }),
    );
  });
});

describe('a word of minutes', () => {
  it('holds the sixty minutes of an hour and nothing else', () => {
    fc.assert(
      fc.property(arbitrary(minuteWord), (minutes) => {
        expect(decode(minuteWord, encode(minuteWord, minutes))).toBe(minutes);
      }),
    );
    expect(encode(minuteWord, MINUTES_MASK)).toEqual(Uint8Array.of(0x0f, 255, 255, 255, 255, 255, 255, 255));
    expect(() => encode(minuteWord, MINUTES_MASK + 1n)).toThrow(RangeError);
    expect(() => decode(minuteWord, Uint8Array.of(0x10, 0, 0, 0, 0, 0, 0, 0))).toThrow(
      expect.objectContaining({ code: 'malformed' }),
    );
  });

  it('is there for each gate at most once', () => {
    const receipt = sample(receiptKind.body, random);
    const words = Array.from({ length: GATES.length + 1 }, () => 1n);
    expect(() => encode(receiptKind.body, { ...receipt, gateFailures: words })).toThrow(RangeError);
  });
});
