import { AccountStore } from '#accounts/index.ts';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Tier } from '../viewer.ts';

export interface Tally {
  readonly made: number;
  readonly changed: number;
  /** As they were. */
  readonly left: number;
  /** The first of those made or changed. */
  readonly sample: readonly string[];
}

export interface Tallies {
  readonly accounts: Tally;
  readonly nodes: Tally;
  readonly sshKeys: Tally;
  readonly benchmarks: Tally;
  readonly balances: Tally;
}

const SAMPLE = 5;
const BATCH = 1000;

interface Written {
  made: number;
  changed: number;
  total: number;
  sample: string[] | null;
}

/** Brings the tables to what the checked rows of `import_rows` say. Nothing is written where nothing differs. */
export async function writeRows(tx: TransactionSql, now: number): Promise<Tallies> {
  return {
    accounts: await writeAccounts(tx, now),
    nodes: tally(
      await tx<Written[]>`
        with written as (
          insert into imported_nodes as t (owner, label, node_id, region, role, hw_type, tags, hosts, notes, source_line)
          select owner, row ->> 'label', row ->> 'nodeId', row ->> 'region', row ->> 'role', row ->> 'hwType',
            array(select jsonb_array_elements_text(row -> 'tags')), array(select jsonb_array_elements_text(row -> 'hosts')),
            array(select jsonb_array_elements_text(row -> 'notes')), line
          from import_rows where kind = 'node' order by line
          on conflict (owner, label) do update set node_id = excluded.node_id, region = excluded.region, role = excluded.role,
            hw_type = excluded.hw_type, tags = excluded.tags, hosts = excluded.hosts, notes = excluded.notes, source_line = excluded.source_line
          where (t.node_id, t.region, t.role, t.hw_type, t.tags, t.hosts, t.notes) is distinct from
            (excluded.node_id, excluded.region, excluded.role, excluded.hw_type, excluded.tags, excluded.hosts, excluded.notes)
          returning t.xmax = 0 as made, t.label || ' of ' || t.owner as name)
        ${counted(tx, 'node')}`,
    ),
    sshKeys: tally(
      await tx<Written[]>`
        with written as (
          insert into imported_ssh_keys as t (owner, label, public_key, sealed, source_line)
          select split_part(node, ' ', 1), row ->> 'nodeLabel', row ->> 'publicKey', decode(row ->> 'sealed', 'base64'), line
          from import_rows where kind = 'ssh-key' order by line
          on conflict (owner, label, public_key) do update set sealed = excluded.sealed, source_line = excluded.source_line
          where t.sealed <> excluded.sealed
          returning t.xmax = 0 as made, t.label || ' of ' || t.owner as name)
        ${counted(tx, 'ssh-key')}`,
    ),
    benchmarks: tally(
      await tx<Written[]>`
        with written as (
          insert into imported_benchmarks as t (owner, label, at, score, breakdown, source_line)
          select split_part(node, ' ', 1), row ->> 'nodeLabel', (row ->> 'at')::timestamptz, (row ->> 'score')::numeric,
            row -> 'breakdown', line
          from import_rows where kind = 'benchmark' order by line
          on conflict (owner, label, at) do update set score = excluded.score, breakdown = excluded.breakdown,
            source_line = excluded.source_line
          where (t.score, t.breakdown) is distinct from (excluded.score, excluded.breakdown)
          returning t.xmax = 0 as made, t.label || ' of ' || t.owner || ': ' || t.score as name)
        ${counted(tx, 'benchmark')}`,
    ),
    balances: tally(
      await tx<Written[]>`
        with written as (
          insert into opening_balances as t (email, pending, current, redeemed, source_line)
          select owner, (row ->> 'pending')::numeric * 1000000000000, (row ->> 'current')::numeric * 1000000000000,
            (row ->> 'redeemed')::numeric * 1000000000000, line
          from import_rows where kind = 'balance' order by line
          on conflict (email) do update set pending = excluded.pending, current = excluded.current,
            redeemed = excluded.redeemed, source_line = excluded.source_line
          where (t.pending, t.current, t.redeemed) is distinct from (excluded.pending, excluded.current, excluded.redeemed)
          returning t.xmax = 0 as made, t.email as name)
        ${counted(tx, 'balance')}`,
    ),
  };
}

/** Of what the statement before has written; the rest of the kind's rows are there as they should be. */
function counted(tx: TransactionSql, kind: string) {
  return tx`select count(*) filter (where made)::int as made, count(*) filter (where not made)::int as changed,
    (select count(*)::int from import_rows where kind = ${kind}) as total,
    (select array_agg(name) from (select name from written limit ${SAMPLE}) s) as sample
    from written`;
}

function tally([row]: readonly Written[]): Tally {
  const { made, changed, total, sample } = row!;
  return { made, changed, left: total - made - changed, sample: sample ?? [] };
}

/** Without a password: they sign in by a reset link. */
async function writeAccounts(tx: TransactionSql, now: number): Promise<Tally> {
  // `AccountStore` begins no transaction here: its statement joins this one.
  const store = new AccountStore(tx as unknown as Sql);
  const sample: string[] = [];
  let [made, total, after] = [0, 0, 0];
  for (;;) {
    const rows = await tx<{ line: number; email: string; tier: Tier }[]>`
      select line, key as email, case row ->> 'tier' when 'ancient' then 'operator' else row ->> 'tier' end as tier
      from import_rows where kind = 'account' and line > ${after} order by line limit ${BATCH}`;
    const last = rows.at(-1);
    if (last === undefined) break;
    after = last.line;
    const emails = await store.ensureUsers(rows, now);
    total += rows.length;
    made += emails.length;
    if (sample.length < SAMPLE) sample.push(...emails.slice(0, SAMPLE - sample.length));
  }
  return { made, changed: 0, left: total - made, sample };
}
