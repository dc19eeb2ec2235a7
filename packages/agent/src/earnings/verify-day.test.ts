import { dirname } from 'node:path';
import { LIMITS, type SettledReceipt } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { HourReport } from '@stoa/protocol/stoicism';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { readText } from '#disk.ts';
import { type EarningsWorld, earningsWorld, FIRST_HOUR, HELPFUL } from '#earnings/earnings-world.fixture.ts';
import { renderReport } from '#earnings/report-view.ts';
import { failing, OWN_EVIDENCE } from '#earnings/settling-hub.fixture.ts';
import { directory, region } from '#evidence/evidence-world.fixture.ts';
import { HOUR_MS } from '#evidence/hub-time.ts';
import { formerKind } from '#identity/identity.ts';
import { formerPath, storeIdentity } from '#identity/identity-store.ts';
import { writeRecord } from '#record-line.ts';

const ALL = (1n << 60n) - 1n;

function verdicts(reports: readonly HourReport[]): [number, string][] {
  return reports.map(({ hubHour, verdict }) => [hubHour - FIRST_HOUR, verdict]);
}

function faults(reports: readonly HourReport[]): string[] {
  return reports.flatMap(({ hubHour, findings }) =>
    findings.flatMap(({ fault, gate = '' }) =>
      fault === undefined ? [] : [`${hubHour - FIRST_HOUR} ${fault} ${gate}`.trim()],
    ),
  );
}

describe('a day', () => {
  test('that was settled honestly matches, and says what rests on the word of others', async () => {
    const { settle, verify } = await earningsWorld(3);
    await settle();
    const reports = await verify();
    expect(verdicts(reports)).toEqual([
      [0, 'match'],
      [1, 'match'],
      [2, 'match'],
    ]);
    const trusted = reports[1]!.findings.filter(({ what }) => what === 'rests-on');
    expect(trusted.map(({ gate, subject, signer }) => [gate ?? subject, signer])).toEqual([
      ...[
        ['account', 'region eu'],
        ['tip', 'instance hub-1'],
      ],
      ...[
        ['serving', 'instance hub-1'],
        ['published', 'region eu'],
      ],
    ]);
  });

  test('that is not settled yet is neither right nor wrong', async () => {
    const { verify } = await earningsWorld(2);
    expect(verdicts(await verify())).toEqual([
      [0, 'unknown'],
      [1, 'unknown'],
    ]);
  });
});

describe('a hub that lies', () => {
  const tenth: bigint = 1n << 10n;
  const lies: [string, Partial<SettledReceipt>, string][] = [
    [
      'drops a minute',
      { minutes: ALL & ~tenth, gateFailures: failing({ 'warm-up': ALL & ~tenth }) },
      'minute-dropped',
    ],
    [
      'invents a failed gate',
      { gateFailures: failing({ 'warm-up': ALL, argv: tenth }) },
      'gate-invented argv',
    ],
    [
      'invents that there was no score',
      { gateFailures: failing({ 'warm-up': ALL, benchmark: tenth }) },
      'gate-invented benchmark',
    ],
    ['pays less than the product', { points: 1n }, 'points-wrong'],
    ['ends a warm-up that is not over', { gateFailures: failing({}) }, 'gate-waived warm-up'],
  ];
  test.each(lies)('and %s is named with the hour', async (_, lie, fault) => {
    const { settle, verify } = await earningsWorld(3);
    await settle({ 1: lie });
    const reports = await verify();
    expect(faults(reports)).toEqual([`1 ${fault}`]);
    expect(reports[1]!.findings.find(({ what }) => what === 'differs')).toMatchObject({
      signer: 'instance hub-1',
    });
  });
});

describe('a gap of the hub', () => {
  const word = 0xfn;
  const start = (FIRST_HOUR + 1) * 60;

  test('is kept with its signed record, and rests on that', async () => {
    const { settle, verify, hub } = await earningsWorld(2);
    const record = hub.gapRecord(start, start + 4);
    const evidence = [...OWN_EVIDENCE, { kind: 'gap', hash: nodeCrypto.hash(record) }];
    await settle({ 1: { gap: word, evidence } }, [record]);
    const reports = await verify();
    expect(verdicts(reports)).toEqual([
      [0, 'match'],
      [1, 'match'],
    ]);
    expect(renderReport('2026-01-01', reports, false)).toContain('instance hub-1: gap, 4 min in 01:00');
  });

  test('that no record grants is named with the hour', async () => {
    const { settle, verify } = await earningsWorld(2);
    await settle({ 1: { gap: word } });
    expect(faults(await verify())).toEqual(['1 gap-unrecorded']);
  });
});

describe('the node’s own chain', () => {
  test('names the hour of a checkpoint that is gone without a trace, also of the last', async () => {
    const world = await earningsWorld(3);
    await world.settle();
    const path = `${(await world.node()).directory}/log/2026-01-01.log`;
    const lines = (await readText(world.w.disk, path))!.split('\n\n');
    for (const at of [1, 2]) {
      await world.w.disk.writeAtomic(
        path,
        lines.filter((_, i) => i !== at).join('\n\n') + (at === 2 ? '\n' : ''),
      );
      expect(verdicts(await world.verify())[at], `line ${at}`).toEqual([at, 'differs']);
    }
  });

  test('goes on in the spool, where a changed byte is seen as well', async () => {
    const world = await earningsWorld(2, HELPFUL, (w) => {
      w.receipts = false;
    });
    await world.settle();
    expect(verdicts(await world.verify())).toEqual([
      [0, 'partly'],
      [1, 'partly'],
    ]);
    const path = `${(await world.node()).directory}/spool/000000000002`;
    const sealed = await world.w.disk.readFile(path);
    for (const at of [3, 40, 60, sealed.length - 1]) {
      const altered = sealed.slice();
      altered[at]! ^= 1;
      await world.w.disk.writeAtomic(path, altered);
      expect(verdicts(await world.verify())[1], `byte ${at}`).toEqual([1, 'differs']);
    }
  });

  test('is held by the hub’s receipts where it was signed by a key that is gone', async () => {
    const world = await earningsWorld(2);
    await world.settle();
    const { identity, cert } = await world.node();
    const seed = new Uint8Array(32).fill(77);
    const credential = region.credential(nodeCrypto.signingKey(seed).publicKey, {
      ...cert,
      keyGeneration: 1,
    });
    await storeIdentity(world.w.disk, directory, { ...identity, seed, credential });
    const reports = await world.verify();
    expect(verdicts(reports)).toEqual([
      [0, 'match'],
      [1, 'match'],
    ]);
    expect(reports[0]!.findings[0]).toMatchObject({ what: 'rests-on', subject: 'checkpoint' });
  });
});

test('a key that was changed goes on proving the hours that it signed, and no later ones', async () => {
  const world = await earningsWorld(2);
  await world.settle();
  const { identity, cert, directory: evidence } = await world.node();
  const seed = new Uint8Array(32).fill(77);
  const next = nodeCrypto.signingKey(seed).publicKey;
  const credential = region.credential(next, { ...cert, keyGeneration: 1 });
  await storeIdentity(world.w.disk, directory, { ...identity, seed, credential });
  const former = (at: number) =>
    writeRecord(world.w.disk, formerPath(dirname(evidence)), formerKind, {
      ...{ credential: identity.credential, at },
    });
  await former((FIRST_HOUR + 2) * HOUR_MS);
  const subject = ({ findings }: HourReport) => findings.find((one) => one.subject === 'checkpoint')!.what;
  expect((await world.verify()).map(subject)).toEqual(['match', 'match']);
  await former((FIRST_HOUR + 1) * HOUR_MS - LIMITS.oldKeyMs);
  expect((await world.verify()).map(subject)).toEqual(['match', 'rests-on']);
});

describe('one byte of what is kept', () => {
  let honest: EarningsWorld;
  const files = new Map<string, Uint8Array>();

  beforeAll(async () => {
    honest = await earningsWorld(3);
    await honest.settle();
    const { directory } = await honest.node();
    for (const kind of ['log', 'hour-logs', 'settled'])
      for (const name of await honest.w.disk.list(`${directory}/${kind}`)) {
        const path = `${directory}/${kind}/${name}`;
        files.set(path, await honest.w.disk.readFile(path));
      }
  });

  test('is missed nowhere: the hour that it was of is named', async () => {
    expect(files.size).toBe(3);
    const where = fc.constantFrom(...files.keys()).chain((path) =>
      fc.record({
        path: fc.constant(path),
        at: fc.nat(files.get(path)!.length - 1),
        // Those that a reader may be lenient about come as often as others.
        byte: fc.oneof(fc.nat(255), fc.constantFrom(9, 10, 13, 32, 61)),
      }),
    );
    await fc.assert(
      fc.asyncProperty(where, async ({ path, at, byte }) => {
        const whole = files.get(path)!;
        fc.pre(whole[at] !== byte);
        const altered = whole.slice();
        altered[at] = byte;
        await honest.w.disk.writeAtomic(path, altered);
        const reports = await honest.verify();
        await honest.w.disk.writeAtomic(path, whole);
        // Each record takes two line feeds; one of those between two belongs to either.
        const before = new TextDecoder().decode(whole.subarray(0, at)).split('\n').length - 1;
        const hour = FIRST_HOUR + Math.floor(Math.max(0, before - 1) / 2);
        const named = reports.filter(({ verdict }) => verdict === 'differs').map(({ hubHour }) => hubHour);
        const slack = whole[at] === 10 ? 1 : 0;
        expect(
          named.some((one) => Math.abs(one - hour) <= slack),
          `${path} ${at} ${byte}: ${named}`,
        ).toBe(true);
      }),
      { numRuns: 12 },
    );
  }, 60_000);
});
