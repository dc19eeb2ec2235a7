import {
  createGenesis,
  draftHeader,
  encodeHeader,
  type Header,
  hashBytes,
  hashText,
  MAX_UINT256,
  mineHeader,
  simulatedNetwork,
} from '@stoa/protocol/chainweb';
import { beforeAll, describe, expect, test } from 'vitest';
import { ChainTime } from '#channel/chain-time.ts';
import { createLog } from '#log.ts';
import type { HeaderRef } from '#reports/header-replies.ts';
import { VirtualClock } from '#virtual-clock.ts';

const GENESIS_MS = Date.UTC(2026, 0, 1);
const STEP_MS = 30_000;
const payloadHash = hashText(new Uint8Array(32));
let layers: Header[][];

/** A few heights of all chains, mined at next to no work. */
function mine(heights: number): Header[][] {
  const made = [
    createGenesis(simulatedNetwork, {
      creationTime: BigInt(GENESIS_MS) * 1_000n,
      target: MAX_UINT256 / 16n,
      payloadHash: () => payloadHash,
    }),
  ];
  for (let height = 1; height <= heights; height += 1) {
    const below = made.at(-1)!;
    const layer = below.map((parent, chain) =>
      mineHeader(
        draftHeader({
          network: simulatedNetwork,
          parent,
          adjacentParents: simulatedNetwork.graph[chain]!.map((adjacent) => below[adjacent]!),
          creationTime: BigInt(GENESIS_MS + height * STEP_MS + chain) * 1_000n,
          payloadHash,
        }),
      ),
    );
    made.push(layer);
  }
  return made;
}

beforeAll(() => {
  layers = mine(3);
});

function chainTime(
  tips: () => readonly HeaderRef[] | undefined,
  spoil: (bytes: Uint8Array) => Uint8Array = (b) => b,
) {
  const clock = new VirtualClock();
  const known = new Map(layers.flat().map((header) => [header.hash, header]));
  const time = new ChainTime({
    clock,
    log: createLog({ clock, level: 'error', write: () => undefined }),
    network: 'simulated',
    tips,
    fetchHeader: async ({ hash }) => {
      const header = known.get(hashText(hash));
      if (header === undefined) throw new Error('unknown');
      return spoil(encodeHeader(header));
    },
  });
  return { clock, time };
}

const refs = (layer: readonly Header[]): HeaderRef[] =>
  layer.map(({ chain, hash }) => ({ chain, hash: hashBytes(hash) }));

describe('time proven by the chain', () => {
  test('is the median creation time of the verified tips, hourly, and only rises', async () => {
    let height = 3;
    const { clock, time } = chainTime(() => refs(layers[height]!));
    time.start();
    expect(time.proven).toBeUndefined();
    await clock.advance(3 * 60_000);
    expect(time.proven).toBe(GENESIS_MS + 3 * STEP_MS + 5);
    height = 2;
    await clock.advance(3_600_000);
    expect(time.proven).toBe(GENESIS_MS + 3 * STEP_MS + 5);
    time.stop();
    await clock.advance(0);
    expect(clock.pending).toBe(0);
  });

  test('is nothing where the headers do not hold, or are not there', async () => {
    const forged = (bytes: Uint8Array) => bytes.with(10, bytes[10]! ^ 1);
    for (const { clock, time } of [
      chainTime(() => refs(layers[3]!), forged),
      chainTime(() => undefined),
      chainTime(() => refs(layers[3]!).map((ref) => ({ ...ref, hash: new Uint8Array(32) }))),
      // Genesis blocks have no parents to be checked against.
      chainTime(() => refs(layers[0]!)),
    ]) {
      time.start();
      await clock.advance(7_200_000);
      expect(time.proven).toBeUndefined();
      time.stop();
    }
  });
});
