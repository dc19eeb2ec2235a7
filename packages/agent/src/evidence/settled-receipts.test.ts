import { type ProvenReceipt, peek, receiptRootKind, seal } from '@stoa/protocol';
import { expect, test, vi } from 'vitest';
import { honest, SettlingHub } from '#earnings/settling-hub.fixture.ts';
import { region, type World, world } from '#evidence/evidence-world.fixture.ts';
import { MINUTE_MS } from '#evidence/hub-time.ts';
import { settledKind } from '#evidence/settled-receipts.ts';
import { makeRegion } from '#identity/region.fixture.ts';
import { parseRecords } from '#record-line.ts';

async function afterAnHour(): Promise<{ w: World; sealed: Uint8Array }> {
  const w = await world();
  w.open();
  await w.live(67);
  return { w, sealed: w.sent.get(1)![0]!.sealed };
}

async function kept({ disk, store }: World) {
  const path = `${store.nodeDirectory}/evidence/settled/2026-01-01.log`;
  const bytes = await disk.readFile(path).catch(() => new Uint8Array());
  return parseRecords(settledKind, new TextDecoder().decode(bytes));
}

test('what was settled is asked for with each session and receipt, and once more while some of it comes', async () => {
  const { w, sealed } = await afterAnHour();
  expect(w.asked).toEqual([{ after: 0 }, { after: 0 }]);
  const hub = new SettlingHub(region);
  const first = hub.settle(honest(sealed));
  w.evidence.settled(first);
  w.evidence.settled(hub.settle(honest(sealed, { revision: 1 }), { pass: 1 }));
  await w.live(3);
  expect(w.asked.slice(2)).toEqual([{ after: 1 }]);
  expect((await kept(w)).map(({ body }) => body)[0]).toEqual(first.body);
  w.evidence.lost();
  await w.kill('kept');
  await w.boot();
  w.open();
  expect(w.asked.at(-1)).toEqual({ after: 1 });
});

test('one that leads to no root of the region, or is of another node, is not kept', async () => {
  const { w, sealed } = await afterAnHour();
  const hub = new SettlingHub(region);
  const settled = honest(sealed);
  const altered = hub.settle(settled);
  altered.body[altered.body.length - 1]! ^= 1;
  w.evidence.settled(altered);
  w.evidence.settled(hub.settle(settled, { key: makeRegion('eu', 'evil').hubKey }));
  w.evidence.settled(hub.settle({ ...settled, nodeId: new Uint8Array(32).fill(9) }));
  await w.clock.advance(MINUTE_MS);
  expect(await kept(w)).toEqual([]);
  expect(w.lines.filter((line) => line.includes('settled-receipt-unwritten')).length).toBe(3);
  // That is the hub's fault, and not this node's.
  expect(w.evidence.health.fault).toBeUndefined();
  w.evidence.settled(hub.settle(settled));
  await w.clock.advance(MINUTE_MS);
  expect((await kept(w)).length).toBe(1);
});

/** What a hostile instance, or who stole its key, can sign. */
function numbered(proven: ProvenReceipt, number: number): ProvenReceipt {
  const body = { ...peek(receiptRootKind, proven.root), number };
  return { ...proven, root: seal(receiptRootKind, body, region.hubKey) };
}

test('one frame with a number of its own takes no later receipt away, neither now nor after a restart', async () => {
  const { w, sealed } = await afterAnHour();
  const hub = new SettlingHub(region);
  w.evidence.settled(numbered(hub.settle(honest(sealed)), Number.MAX_SAFE_INTEGER));
  for (const pass of [1, 2, 3]) w.evidence.settled(hub.settle(honest(sealed, { revision: pass }), { pass }));
  await w.clock.advance(MINUTE_MS);
  expect((await kept(w)).length).toBe(4);
  w.evidence.lost();
  await w.kill('kept');
  await w.boot();
  w.open();
  expect(w.asked.at(-1)).toEqual({ after: Number.MAX_SAFE_INTEGER - 1 });
  // An honest hub has nothing behind that number.
  await w.live(6 * 60);
  expect(w.asked.at(-1)).toEqual({ after: 0 });
});

test('the same one over and over, or more than an answer has, costs no disk', async () => {
  const { w, sealed } = await afterAnHour();
  const hub = new SettlingHub(region);
  const one = hub.settle(honest(sealed));
  for (let i = 0; i < 50; i += 1) w.evidence.settled(one);
  for (let pass = 1; pass < 50; pass += 1)
    w.evidence.settled(hub.settle(honest(sealed, { revision: pass }), { pass }));
  await w.clock.advance(MINUTE_MS);
  expect((await kept(w)).length).toBe(1 + 64 - 50);
  w.evidence.lost();
  w.evidence.settled(hub.settle(honest(sealed, { revision: 99 }), { pass: 99 }));
  await w.clock.advance(MINUTE_MS);
  expect((await kept(w)).length).toBe(1 + 64 - 50);
});

test('what a disk did not take, and what came behind it, is asked for again', async () => {
  const { w, sealed } = await afterAnHour();
  const hub = new SettlingHub(region);
  const [first, second] = [
    hub.settle(honest(sealed)),
    hub.settle(honest(sealed, { revision: 1 }), { pass: 1 }),
  ];
  const appending = vi.spyOn(w.disk, 'append').mockRejectedValueOnce(new Error('disk full'));
  w.evidence.settled(first);
  w.evidence.settled(second);
  await w.clock.advance(MINUTE_MS);
  expect([appending.mock.calls.length, await kept(w)]).toEqual([1, []]);
  w.ack();
  expect(w.asked.at(-1)).toEqual({ after: 0 });
  w.evidence.settled(first);
  w.evidence.settled(second);
  await w.clock.advance(MINUTE_MS);
  expect((await kept(w)).length).toBe(2);
});
