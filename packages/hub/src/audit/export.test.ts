import { gunzipSync, gzipSync } from 'node:zlib';
import { makeParties, NOW, type Parties } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { AuditLog } from './audit-log.ts';
import { AuditExport } from './export.ts';
import { AuditRetention } from './retention.ts';
import { type AuditScope, AuditStore } from './store.ts';
import { verifyExport } from './verifier.ts';

const EVERYTHING = { from: 1, to: Number.MAX_SAFE_INTEGER };
const ANN = 'ann@x.example';

async function* inPieces(bytes: Uint8Array, size = 997) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('an export of the audit log', { timeout: 120_000 }, () => {
  let database: DbAdapter;
  let store: AuditStore;
  const parties: Parties = makeParties('audit export');
  const rootFingerprint = nodeCrypto.hash(parties.keys.root.publicKey);
  let whole: Buffer;
  let lines: string[];

  const exported = async (scope: AuditScope, range = EVERYTHING, signer = parties) => {
    const by = { key: signer.keys.instance, chain: () => signer.chain };
    const made = new AuditExport({ store, signer: by, clock: { now: () => NOW } });
    let written = '';
    for await (const line of made.lines({ scope, range, by: 'root@x.example' })) written += line;
    return Buffer.from(written);
  };
  const check = (bytes: Uint8Array, pinned = true) =>
    verifyExport(inPieces(bytes), { crypto: nodeCrypto, ...(pinned && { rootFingerprint }) });
  const codes = async (bytes: Uint8Array) =>
    (await check(bytes)).problems.map(({ code, line }) => (line === undefined ? code : `${code}:${line}`));
  const joined = (changed: readonly string[]) => Buffer.from(`${changed.join('\n')}\n`);

  beforeAll(async () => {
    database = await openTemporary();
    store = new AuditStore(database.sql);
    let now = NOW - 20 * 24 * 3_600_000;
    const log = new AuditLog({ sql: database.sql, clock: { now: () => (now += 60_000) } });
    for (let i = 0; i < 12; i += 1)
      await log.append({
        actor: i % 3 === 0 ? ANN : 'bob@x.example',
        act: 'node.tag',
        subject: `node ${i}`,
        ...(i % 2 === 0 && { owner: ANN }),
        detail: { add: ['ü', i], ['__proto__']: { x: 1e21 } },
        ...(i === 5 && { retention: '7d' as const }),
      });
    await new AuditRetention({ store, clock: { now: () => NOW } }).tick();
    whole = await exported({ kind: 'all' });
    lines = whole.toString().trimEnd().split('\n');
  }, 60_000);
  afterAll(() => database.close());

  it('verifies down to the root, rows without content included', async () => {
    const report = await check(whole);
    expect(report).toMatchObject({ ok: true, rows: 12, blanked: 1, problems: [] });
    expect(report.root).toBe(Buffer.from(rootFingerprint).toString('hex'));
    expect(report.manifest).toMatchObject({ from: 1, to: 12, count: 12, hub: 'hub-1', region: 'eu' });
    expect(await check(gzipSync(whole))).toMatchObject({ ok: true });
  });

  it('of a range or of one account verifies as well, and holds nothing of others', async () => {
    expect(await check(await exported({ kind: 'all' }, { from: 4, to: 9 }))).toMatchObject({
      ok: true,
      rows: 6,
    });
    expect(await check(await exported({ kind: 'all' }, { from: 50, to: 60 }))).toMatchObject({
      ok: true,
      rows: 0,
    });
    const ann = await exported({ kind: 'account', email: ANN });
    expect(await check(ann)).toMatchObject({ ok: true, rows: 8 });
    expect(ann.toString()).not.toContain('"node 1"');
  });

  it('says exactly what differs', async () => {
    const at = (i: number, change: (line: string) => string) => joined(lines.with(i, change(lines[i]!)));
    expect(await codes(at(3, (row) => row.replace('bob@', 'eve@')))).toEqual([
      'bad_content:4',
      'bad_digest:14',
    ]);
    expect(await codes(at(3, (row) => row.replace('"seq":3', '"seq":4')))).toEqual(
      expect.arrayContaining(['bad_hash:4', 'missing_rows:4']),
    );
    expect(await codes(joined(lines.toSpliced(4, 1)))).toEqual([
      'missing_rows:5',
      'bad_digest:13',
      'bad_count',
    ]);
    expect(await codes(joined(lines.toSpliced(4, 2, lines[5]!, lines[4]!)))).toEqual(
      expect.arrayContaining(['missing_rows:5', 'bad_order:6']),
    );
    expect(await codes(joined(lines.toSpliced(4, 0, lines[4]!)))).toEqual([
      'bad_order:6',
      'bad_digest:15',
      'bad_count',
    ]);
    expect(await codes(joined(lines.slice(0, -1)))).toEqual(['no_footer']);
    expect(await codes(joined(lines.slice(0, -2)))).toEqual(['bad_count', 'bad_range', 'no_footer']);
    expect(await codes(joined([...lines, lines[3]!]))).toEqual(['after_footer:15']);
    expect(await codes(joined(lines.slice(1)))).toEqual(expect.arrayContaining(['no_manifest']));
    expect(await codes(at(0, (line) => line.replace('root@x', 'none@x')))).toEqual(['bad_digest:14']);
    expect(await codes(whole.subarray(0, -1))).toEqual(['truncated:14']);
    expect(await codes(gzipSync(whole).subarray(0, -9))).toEqual(['damaged:13', 'no_footer']);
    expect(await codes(Buffer.concat([gzipSync(whole), Buffer.from('more')]))).toEqual([
      'damaged:13',
      'no_footer',
    ]);
    expect(await codes(Buffer.alloc(0))).toEqual(['no_manifest', 'no_footer']);
  });

  it('does not hold under another root, nor signed anew by somebody else', async () => {
    const other = makeParties('somebody else');
    const forged = await exported({ kind: 'all' }, EVERYTHING, other);
    expect(await codes(forged)).toEqual(['wrong_root:14']);
    expect(await check(forged, false)).toMatchObject({ ok: true });
    expect(await check(forged, false)).not.toMatchObject({
      root: Buffer.from(rootFingerprint).toString('hex'),
    });
    const swapped = { ...parties, keys: { ...parties.keys, instance: other.keys.instance } };
    expect(await codes(await exported({ kind: 'all' }, EVERYTHING, swapped))).toEqual(['bad_signature:14']);
    const expired = {
      ...parties,
      chain: { ...parties.chain, instance: parties.instanceCert({ notAfter: NOW }) },
    };
    expect(await codes(await exported({ kind: 'all' }, EVERYTHING, expired))).toEqual([
      'certificate_expired:14',
    ]);
  });

  it('does not pass off a permanent row as one of which the content went', async () => {
    const row = JSON.parse(lines[3]!) as { row: Record<string, unknown> };
    const blanked = (retention: string) =>
      joined(lines.with(3, JSON.stringify({ row: { ...row.row, retention, content: null } })));
    expect(await codes(blanked('permanent'))).toEqual(['blanked:4', 'bad_digest:14']);
    expect(await codes(blanked('7d'))).toEqual(['bad_hash:4', 'bad_digest:14']);
  });

  it('shows any bit flipped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length * 8 - 1), async (bit) => {
        const changed = Buffer.from(whole);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        const report = await check(changed);
        expect(report.ok).toBe(false);
        expect(report.problemCount).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
  });

  it('shows any bit flipped of the packed file, unless the content is the same', async () => {
    const packed = gzipSync(whole);
    await fc.assert(
      fc.asyncProperty(fc.nat(packed.length * 8 - 1), async (bit) => {
        const changed = Buffer.from(packed);
        changed[bit >> 3]! ^= 1 << (bit & 7);
        const { ok } = await check(changed);
        // The name of a system in gzip's head, or padding: no part of what was signed.
        expect(ok && !gunzipSync(changed).equals(whole)).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('shows lines dropped, moved, repeated, cut or added', async () => {
    const place = fc.nat(lines.length - 1);
    const change = fc.oneof(
      fc.tuple(place, fc.integer({ min: 1, max: 4 })).map(([at, count]) => lines.toSpliced(at, count)),
      fc.tuple(place, place).map(([from, to]) => lines.toSpliced(from, 1).toSpliced(to, 0, lines[from]!)),
      fc.tuple(place, place).map(([from, to]) => lines.toSpliced(to, 0, lines[from]!)),
      fc.tuple(place, fc.json()).map(([to, line]) => lines.toSpliced(to, 0, line)),
    );
    await fc.assert(
      fc.asyncProperty(change, async (changed) => {
        const bytes = changed.length === 0 ? Buffer.alloc(0) : joined(changed);
        expect((await check(bytes)).ok).toBe(bytes.equals(whole));
      }),
      { numRuns: 200 },
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
        expect((await check(whole.subarray(0, length))).ok).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('tells what no export is, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        expect((await check(bytes)).ok).toBe(false);
      }),
    );
  });
});
