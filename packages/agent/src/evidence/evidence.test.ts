import { nodeCrypto } from '@stoa/protocol/node';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ScriptedHub } from '#channel/scripted-hub.fixture.ts';
import { START, type World, world } from '#evidence/evidence-world.fixture.ts';
import { HOUR_MS, hourOf, MINUTE_MS } from '#evidence/hub-time.ts';
import { proofKind } from '#evidence/receipt-log.ts';
import { makeRegion } from '#identity/region.fixture.ts';
import type { MemoryDisk, Unsynced } from '#memory-disk.ts';
import { parseRecords } from '#record-line.ts';

describe('an hour', () => {
  test('gets a checkpoint with the minutes that the hub acknowledged, five seconds to five minutes after its end', async () => {
    const w = await world();
    w.open();
    await w.live(30);
    await w.clock.advance(30 * MINUTE_MS + 4_000);
    expect(w.sent.size).toBe(0);
    await w.clock.advance(300_000);
    expect(w.checkpoints).toMatchObject([
      {
        number: 1,
        hubHour: hourOf(START),
        minutes: 2n ** 30n - 1n,
        previous: new Uint8Array(32),
        uptimeMs: HOUR_MS,
      },
    ]);
    expect(w.evidence.health).toEqual({ fault: undefined, alarm: false, pending: 0 });
    const log = `${w.store.nodeDirectory}/evidence/log/2026-01-01.log`;
    const proofs = parseRecords(proofKind, new TextDecoder().decode(await w.disk.readFile(log)));
    expect(proofs.length).toBe(1);
    expect(proofs[0]?.checkpoint).toEqual(w.sent.get(1)?.[0]?.sealed);
  });

  test('is answered anew as often as an hour can be read again, and a hub that goes on costs no disk', async () => {
    const w = await world();
    w.open();
    await w.live(67);
    const { sealed } = w.sent.get(1)![0]!;
    const flood = async () => {
      for (let revision = 1; revision <= 300; revision += 1)
        w.evidence.receipt(w.hub.receiptFor(sealed, w.store.key.publicKey, revision));
      await w.clock.advance(MINUTE_MS);
    };
    const kept = async () => {
      const log = `${w.store.nodeDirectory}/evidence/log/2026-01-01.log`;
      return parseRecords(proofKind, new TextDecoder().decode(await w.disk.readFile(log))).length;
    };
    await flood();
    expect(await kept()).toBe(1 + 120);
    await flood();
    expect(await kept()).toBe(1 + 120);
    expect(w.lines.filter((line) => line.includes('receipt-revisions-refused')).length).toBe(1);
    await w.clock.advance(24 * HOUR_MS);
    const before = await kept();
    await flood();
    expect(await kept()).toBe(before + 120);
    expect(w.evidence.health.fault).toBeUndefined();
  });

  test('without a hub gets one as well; the chain goes on', async () => {
    const w = await world();
    w.open();
    await w.live(10);
    w.evidence.lost();
    await w.clock.advance(5 * HOUR_MS);
    expect(w.sent.size).toBe(0);
    w.open();
    await w.live(2);
    expect(
      w.checkpoints.map(({ number, hubHour, minutes }) => [number, hubHour - hourOf(START), minutes]),
    ).toEqual([
      [1, 0, 1023n],
      [2, 1, 0n],
      [3, 2, 0n],
      [4, 3, 0n],
      [5, 4, 0n],
    ]);
  });

  test('in which the process did not run gets none; the one in which it was killed gets what it knew', async () => {
    const w = await world();
    w.open();
    await w.live(10);
    await w.kill('lost');
    await w.clock.advance(3 * HOUR_MS);
    await w.boot();
    w.open();
    await w.live(1);
    expect(w.checkpoints).toMatchObject([
      { number: 1, hubHour: hourOf(START), minutes: 1023n, bootId: new Uint8Array(16).fill(1) },
    ]);
  });

  test('is sent again until its receipt is here, also to a hub that answers only later', async () => {
    const w = await world();
    w.receipts = false;
    w.open();
    await w.live(80);
    expect(w.sent.get(1)!.length).toBeGreaterThan(2);
    w.receipts = true;
    w.evidence.lost();
    w.open();
    await w.live(1);
    expect(w.evidence.health.pending).toBe(0);
    expect(new Set(w.sent.get(1)!.map(({ sealed }) => nodeCrypto.hash(sealed).join())).size).toBe(1);
  });

  test('that the hub takes no more stays as the word of the node alone', async () => {
    const w = await world();
    w.receipts = false;
    w.open();
    await w.live(70);
    w.evidence.lost();
    const before = w.sent.get(1)!.length;
    await w.clock.advance(26 * HOUR_MS);
    w.receipts = true;
    w.open();
    await w.live(2);
    expect(w.sent.get(1)!.length).toBe(before);
    expect(w.sent.size).toBeGreaterThan(23);
    expect(w.evidence.health.pending).toBe(0);
    expect(w.lines.filter((line) => line.includes('checkpoint-without-receipt')).length).toBeGreaterThan(0);
  });

  test('of a session that lasts for days gets its checkpoint like the first', async () => {
    const w = await world();
    w.open();
    await w.live(50 * 60 + 10);
    expect(w.checkpoints.map(({ minutes }) => minutes)).toEqual(
      Array.from({ length: 50 }, () => 2n ** 60n - 1n),
    );
  });

  test('of a quarantined node is kept and sent when the quarantine is over', async () => {
    const w = await world();
    w.open(true);
    await w.live(70);
    expect({ sent: w.sent.size, pending: w.evidence.health.pending }).toEqual({ sent: 0, pending: 1 });
    w.evidence.lost();
    w.open();
    await w.live(1);
    expect(w.sent.size).toBe(1);
  });
});

describe('what is not believed', () => {
  test('a receipt of somebody else', async () => {
    const w = await world();
    w.receipts = false;
    w.open();
    await w.live(70);
    const { sealed } = w.sent.get(1)![0]!;
    const forged = new ScriptedHub(w.clock, makeRegion('eu', 'evil')).receiptFor(
      sealed,
      w.store.key.publicKey,
    );
    w.evidence.receipt(forged);
    w.evidence.receipt({ ...w.hub.receiptFor(sealed, w.store.key.publicKey), sealed: forged.sealed });
    await w.clock.advance(0);
    expect(w.evidence.health).toMatchObject({ pending: 1, fault: undefined });
  });

  test('a hub time far past the proven one', async () => {
    const w = await world();
    w.open();
    await w.live(5);
    w.evidence.acknowledged(w.hub.wall() + 30 * 24 * HOUR_MS);
    await w.live(70);
    expect(w.checkpoints.map(({ hubHour }) => hubHour)).toEqual([hourOf(START)]);
  });
});

test('a full disk costs nothing once there is room again', async () => {
  const w = await world();
  w.open();
  await w.live(10);
  w.disk.capacityBytes = 0;
  await w.live(60);
  expect(w.evidence.health.fault).toMatchObject({ code: 'disk_full' });
  expect(w.sent.size).toBe(0);
  w.disk.capacityBytes = 1e9;
  await w.live(3);
  expect(w.checkpoints).toMatchObject([{ number: 1, minutes: 2n ** 60n - 1n }]);
  expect(w.evidence.health.fault).toBeUndefined();
});

type Step =
  | { do: 'live'; minutes: number }
  | { do: 'offline'; minutes: number }
  | { do: 'receipts'; on: boolean }
  | { do: 'kill'; afterSteps: number; minutes: number; unsynced: Unsynced };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('live' as const), minutes: fc.integer({ min: 1, max: 90 }) }),
  fc.record({ do: fc.constant('offline' as const), minutes: fc.integer({ min: 1, max: 200 }) }),
  fc.record({ do: fc.constant('receipts' as const), on: fc.boolean() }),
  fc.record({
    do: fc.constant('kill' as const),
    afterSteps: fc.nat(40),
    minutes: fc.integer({ min: 1, max: 70 }),
    unsynced: fc.constantFrom<Unsynced>('lost', 'torn', 'kept'),
  }),
);

/** Runs the steps and keeps which minutes must not be lost. */
class History {
  readonly w: World;
  readonly acknowledged = new Set<number>();
  readonly safe = new Set<number>();

  constructor(w: World) {
    this.w = w;
  }

  async run(taken: Step): Promise<void> {
    const { w } = this;
    if (taken.do === 'receipts') w.receipts = taken.on;
    else if (taken.do === 'live') await this.live(taken.minutes);
    else if (taken.do === 'offline') {
      w.evidence.lost();
      await w.clock.advance(taken.minutes * MINUTE_MS);
      w.open();
    } else await this.#kill(taken);
  }

  async live(minutes: number): Promise<void> {
    for (let i = 0; i < minutes; i += 1) {
      const minute = Math.floor(this.w.hub.wall() / MINUTE_MS);
      this.acknowledged.add(minute);
      this.w.ack();
      await this.w.clock.advance(0);
      if ((await powered(this.w.disk)) && this.w.evidence.health.fault === undefined) this.safe.add(minute);
      await this.w.clock.advance(MINUTE_MS);
    }
  }

  async #kill({ afterSteps, minutes, unsynced }: Extract<Step, { do: 'kill' }>): Promise<void> {
    const { w } = this;
    w.disk.crashAfter(afterSteps);
    await this.live(minutes);
    await w.kill(unsynced);
    await w.boot();
    w.open();
  }
}

async function powered(disk: MemoryDisk): Promise<boolean> {
  return disk.space('/').then(
    () => true,
    () => false,
  );
}

test('over any run of kills at any step: no number twice, none left out, no acknowledged minute lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
      const w = await world();
      const history = new History(w);
      w.open();
      for (const taken of steps) await history.run(taken);
      w.receipts = true;
      await history.live(140);
      const chain = w.checkpoints;
      expect(chain.map(({ number }) => number)).toEqual(chain.map((_, i) => i + 1));
      for (const copies of w.sent.values())
        expect(new Set(copies.map(({ sealed }) => nodeCrypto.hash(sealed).join())).size).toBe(1);
      for (const [i, checkpoint] of chain.slice(1).entries()) {
        const before = w.sent.get(i + 1)![0]!;
        expect(checkpoint.previous).toEqual(nodeCrypto.hash(before.sealed));
        expect(checkpoint.hubHour).toBeGreaterThan(before.checkpoint.hubHour);
      }
      const told = new Set(
        chain.flatMap(({ hubHour, minutes }) =>
          Array.from({ length: 60 }, (_, i) => i)
            .filter((i) => (minutes >> BigInt(i)) & 1n)
            .map((i) => hubHour * 60 + i),
        ),
      );
      for (const minute of told) expect(history.acknowledged.has(minute)).toBe(true);
      const closed = Math.floor(w.hub.wall() / HOUR_MS) * 60 - 60;
      for (const minute of history.safe) if (minute < closed) expect(told.has(minute)).toBe(true);
    }),
    { numRuns: 60 },
  );
}, 60_000);
