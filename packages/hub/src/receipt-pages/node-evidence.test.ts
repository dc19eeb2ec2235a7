import { fromHex } from '@stoa/protocol';
import { makeParties } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { expect, it } from 'vitest';
import type { NodeKey } from '#nodes/index.ts';
import { NodeEvidence } from './node-evidence.ts';

const HOUR = 490_000;
const NODE = 'ab'.repeat(32);

/** A node of which something is there in each hour. @param owned from which hour on it is its owner's. */
function evidence(
  owned: number,
  asked: (hubHour: number) => void = () => undefined,
  keys: readonly NodeKey[] = [],
): NodeEvidence {
  return new NodeEvidence({
    receipts: {
      of: async (_, hubHour) => {
        asked(hubHour);
        return [];
      },
      proofOf: async () => undefined,
    },
    store: {
      ownedSince: async (_, hubHour) => (hubHour === HOUR + 30 ? owned : 0),
      signed: async (_, { from, until }) =>
        new Map(
          Array.from({ length: Math.max(0, until - from) }, (_, i) => {
            const hubHour = from + i;
            return [hubHour, { hubHour, checkpoint: Uint8Array.of(1), receipts: [] }];
          }),
        ),
      documents: async () => [],
      key: async () => keys.at(-1)?.publicKey,
      keys: async () => [...keys],
    },
    ...{ region: 'eu', chain: () => makeParties('node evidence').chain, crypto: nodeCrypto },
    clock: { now: () => (HOUR + 30) * 3_600_000 },
  });
}

const span = { from: HOUR, until: HOUR + 24 };
const stays = new AbortController().signal;

it('tells an owner nothing of the hours of the one before', async () => {
  const hours = async (owned: number) =>
    (await evidence(owned).read(NODE, span, stays))!.hours.map(({ hubHour }) => hubHour - HOUR);
  expect(await hours(0)).toHaveLength(24);
  expect(await hours(HOUR + 20)).toEqual([20, 21, 22, 23]);
  expect(await hours(HOUR + 24)).toEqual([]);
  expect((await evidence(HOUR + 25).read(NODE, span, stays))!.nodeId).toEqual(fromHex(NODE));
});

it('tells the keys of before that were good in these hours, and what proves them', async () => {
  const key = (byte: number) => new Uint8Array(32).fill(byte);
  const at = (hour: number) => (HOUR + hour) * 3_600_000;
  const credential = Uint8Array.of(9);
  const keys = [
    { publicKey: key(1), credential: undefined, since: at(-90), until: at(-3) },
    { publicKey: key(2), credential: undefined, since: at(-50), until: at(5) },
    { publicKey: key(3), credential, since: at(2), until: at(12) },
    { publicKey: key(4), credential, since: at(7), until: undefined },
  ];
  const file = (await evidence(0, undefined, keys).read(NODE, span, stays))!;
  expect([file.nodeKey, file.credential]).toEqual([key(4), credential]);
  expect(file.formerKeys).toEqual([
    { publicKey: key(2), since: at(-50), until: at(5) },
    { publicKey: key(3), credential, since: at(2), until: at(12) },
  ]);
  expect(await evidence(0).read(NODE, span, stays)).not.toHaveProperty('formerKeys');
});

it('looks at no further hour when nobody waits for it any more', async () => {
  const leaving = new AbortController();
  const asked: number[] = [];
  const reader = evidence(0, (hubHour) => {
    asked.push(hubHour - HOUR);
    if (asked.length === 3) leaving.abort();
  });
  expect(await reader.read(NODE, span, leaving.signal)).toBeUndefined();
  expect(asked).toEqual([0, 1, 2]);
});
