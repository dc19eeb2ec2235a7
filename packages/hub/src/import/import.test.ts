import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AuditLog } from '#audit/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { anyChange, anyRows, changedFile, fileOf, headerOf, type LooseRow } from './import.fixture.ts';
import { runImport } from './import.ts';

const ANN = 'ann@old.example';
const ROWS: readonly LooseRow[] = [
  { kind: 'account', email: 'Ann@old.example', tier: 'ancient' },
  {
    kind: 'node',
    owner: ANN,
    label: 'rack 1',
    region: 'eu',
    tags: ['lab'],
    hosts: ['a.example', 'b.example'],
  },
  {
    kind: 'ssh-key',
    owner: ANN,
    nodeLabel: 'rack 1',
    publicKey: 'ssh-ed25519 AAAA stoa-hub:ann',
    sealed: 'c2VhbGVk',
  },
  {
    kind: 'benchmark',
    owner: ANN,
    nodeLabel: 'rack 1',
    at: '2026-06-01T00:00:00Z',
    breakdown: { cpu: 22 },
    score: '1.250000',
  },
  { kind: 'balance', email: ANN, pending: '0.000000000001', current: '9223372036854775808.5', redeemed: '3' },
];

describe('import', { timeout: 120_000 }, () => {
  let database: DbAdapter;
  const clock = { now: () => Date.UTC(2026, 10, 25) };

  const run = (
    rows: readonly (LooseRow | string)[],
    { header, dryRun = false }: { header?: unknown; dryRun?: boolean } = {},
  ) => {
    const { sql } = database;
    const deps = { sql, clock, audit: new AuditLog({ sql, clock }), region: 'eu', actor: 'command line' };
    return runImport(
      deps,
      fileOf(
        header ??
          headerOf(
            rows.filter((row) => typeof row !== 'string'),
            { sha256: true },
          ),
        rows,
      ),
      { dryRun },
    );
  };
  const held = async () =>
    (
      await database.sql`select (select json_agg(u order by email) from users u) as users,
        (select json_agg(n order by owner, label) from imported_nodes n) as nodes,
        (select json_agg(k order by owner, label) from imported_ssh_keys k) as keys,
        (select json_agg(b order by owner, label) from imported_benchmarks b) as benchmarks,
        (select json_agg(o order by email) from opening_balances o) as balances,
        (select count(*)::int from audit_log) as audited`
    )[0];

  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  beforeEach(async () => {
    await database.sql`truncate users, imported_nodes, imported_ssh_keys, imported_benchmarks, opening_balances cascade`;
  });
  afterAll(() => database.close());

  it('makes accounts, and keeps the rest with its source line until its feature takes it', async () => {
    const report = await run(ROWS);
    expect(report).toMatchObject({
      ok: true,
      problemCount: 0,
      noticeCount: 1,
      notices: [{ code: 'ancient_lowered', line: 2 }],
    });
    expect(report.done?.accounts).toEqual({ made: 1, changed: 0, left: 0, sample: [ANN] });
    const [user] =
      await database.sql`select email, tier, (select count(*)::int from user_credentials) as passwords from users`;
    expect(user).toEqual({ email: ANN, tier: 'operator', passwords: 0 });
    expect(await database.sql`select label, hosts, role, source_line from imported_nodes`).toMatchObject([
      { label: 'rack 1', hosts: ['a.example', 'b.example'], role: 'miner', source_line: 3 },
    ]);
    expect(
      await database.sql`select convert_from(sealed, 'utf8') as sealed, source_line from imported_ssh_keys`,
    ).toMatchObject([{ sealed: 'sealed', source_line: 4 }]);
    expect(await database.sql`select score, breakdown from imported_benchmarks`).toMatchObject([
      { score: '1.250000', breakdown: { cpu: 22 } },
    ]);
    expect(await database.sql`select pending, current, redeemed from opening_balances`).toMatchObject([
      { pending: '1', current: '9223372036854775808500000000000', redeemed: '3000000000000' },
    ]);
    const [audited] =
      await database.sql`select act, subject, detail from audit_log order by seq desc limit 1`;
    expect(audited).toMatchObject({
      act: 'import.run',
      subject: report.sha256,
      detail: { nodes: { made: 1 } },
    });
  });

  it('changes nothing when run again, and only what differs in a later file', async () => {
    await run(ROWS);
    const { audited: _before, ...before } = (await held())!;
    const again = await run(ROWS);
    for (const tally of Object.values(again.done!))
      expect(tally).toEqual({ made: 0, changed: 0, left: 1, sample: [] });
    const { audited: _after, ...after } = (await held())!;
    expect(after).toEqual(before);
    const later = ROWS.map((row) => (row.kind === 'balance' ? { ...row, redeemed: '4' } : row));
    const changed = await run(later);
    expect(changed.done).toMatchObject({
      balances: { changed: 1, left: 0, sample: [ANN] },
      nodes: { changed: 0, left: 1 },
    });
  });

  it('counts in a dry run what it would do, and writes nothing, not even into the log', async () => {
    const before = await held();
    const dry = await run(ROWS, { dryRun: true });
    expect(await held()).toEqual(before);
    expect((await run(ROWS)).done).toEqual(dry.done);
  });

  it('leaves accounts that are there as they are, and says where the file differs', async () => {
    await database.sql`insert into users (id, name, email, tier, created_at, updated_at) values ('1', 'Ann', ${ANN}, 'modern', now(), now())`;
    expect(await run(ROWS)).toMatchObject({
      ok: true,
      notices: [{ code: 'tier_kept' }],
      done: { accounts: { made: 0, left: 1 } },
    });
  });

  it.each<[string, string, number | undefined, readonly LooseRow[]]>([
    [
      'an account twice, in other letters',
      'duplicate',
      7,
      [...ROWS, { kind: 'account', email: 'ANN@old.example', tier: 'baron' }],
    ],
    ['a node twice', 'duplicate', 7, [...ROWS, ROWS[1]!]],
    [
      'a node id twice',
      'duplicate',
      8,
      [
        ...ROWS,
        ...['a', 'b'].map((label) => ({
          kind: 'node',
          owner: ANN,
          label,
          region: 'eu',
          nodeId: '0'.repeat(64),
        })),
      ],
    ],
    [
      'an owner that nobody knows',
      'unknown_owner',
      7,
      [...ROWS, { kind: 'node', owner: 'eve@old.example', label: 'x', region: 'eu' }],
    ],
    ['a key of no node', 'unknown_node', 2, [{ ...ROWS[2]!, nodeLabel: 'none' }]],
    ['a tier that there is not', 'bad_row', 2, [{ kind: 'account', email: ANN, tier: 'king' }]],
    [
      'a score of 5 decimals',
      'bad_row',
      5,
      ROWS.map((row) => (row.kind === 'benchmark' ? { ...row, score: '1.25000' } : row)),
    ],
    [
      'an amount of 13 decimals',
      'bad_row',
      6,
      ROWS.map((row) => (row.kind === 'balance' ? { ...row, current: '0.0000000000001' } : row)),
    ],
    [
      'NUL in a text',
      'bad_json',
      3,
      ROWS.map((row) => (row.kind === 'node' ? { ...row, role: 'a\0' } : row)),
    ],
    [
      'half of a surrogate pair',
      'bad_json',
      3,
      ROWS.map((row) => (row.kind === 'node' ? { ...row, role: '\ud800' } : row)),
    ],
    ['a line without end', 'line_too_long', 7, [...ROWS, { kind: 'x'.repeat(300_000) }]],
  ])('refuses %s, by its line', async (_what, code, line, rows) => {
    const before = await held();
    const header = headerOf(
      rows.filter(({ kind }) => kind !== 'balance'),
      { sha256: false },
    );
    const { problems, ...report } = await run(rows, { header });
    expect(problems).toContainEqual(expect.objectContaining({ code, line }));
    expect(report).toMatchObject({ ok: false, done: undefined });
    expect(await held()).toEqual(before);
  });

  it('refuses a node id that is another node here, a file of another region, and one without a header', async () => {
    const withId = ROWS.map((row) => (row.kind === 'node' ? { ...row, nodeId: 'a'.repeat(64) } : row));
    await run(withId);
    const renamed = [{ kind: 'node', owner: ANN, label: 'other', region: 'eu', nodeId: 'a'.repeat(64) }];
    expect(await run(renamed)).toMatchObject({ problems: [{ code: 'node_taken', line: 2 }] });
    const header = { ...headerOf(ROWS, { sha256: true }), region: 'us' };
    expect(await run(ROWS, { header })).toMatchObject({ problems: [{ code: 'other_region', line: 1 }] });
    expect(await run(ROWS, { header: {} })).toMatchObject({
      ok: false,
      problems: [{ code: 'bad_header' }, {}, {}, {}],
    });
  });

  it('shows the first hundred problems and counts all', async () => {
    const rows = Array.from({ length: 2500 }, (_, i) => ({
      kind: 'node',
      owner: 'eve@old.example',
      label: `n${i}`,
      region: 'eu',
    }));
    const report = await run(rows);
    expect([report.problems.length, report.problemCount]).toEqual([100, 2500]);
  });

  it('finds any single change of sums or rows: by the digest all, without it what counts and amounts show', async () => {
    expect.hasAssertions();
    await fc.assert(
      fc.asyncProperty(anyRows, anyChange, fc.boolean(), async (rows, change, sha256) => {
        const header = headerOf(rows, { sha256 });
        expect(await run(rows, { header, dryRun: true })).toMatchObject({ ok: true, problemCount: 0 });
        const changed = changedFile({ header, rows }, change);
        const report = await run(changed.rows, { header: changed.header, dryRun: true });
        if (changed.shows) expect(report.ok).toBe(false);
        expect(report.ok).toBe(report.done !== undefined);
      }),
      { numRuns: 60 },
    );
  });
});
