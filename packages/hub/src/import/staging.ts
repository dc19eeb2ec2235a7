import type { TransactionSql } from '#seams/db-adapter/index.ts';
import type { Finding, Findings } from './findings.ts';
import type { SourcedRow } from './reader.ts';

const BATCH = 1000;

interface Staged {
  readonly key: string;
  readonly owner: string | null;
  /** Owner and label, of rows that refer to a node. */
  readonly node: string | null;
}

/** What a row is known by, and what it refers to. No e-mail holds a space, no label a line end: keys are unambiguous. */
function staged({ row }: SourcedRow): Staged {
  switch (row.kind) {
    case 'account':
      return { key: row.email, owner: null, node: null };
    case 'balance':
      return { key: row.email, owner: row.email, node: null };
    case 'node':
      return { key: `${row.owner} ${row.label}`, owner: row.owner, node: null };
    case 'ssh-key':
    case 'benchmark': {
      const node = `${row.owner} ${row.nodeLabel}`;
      return { key: `${node}\n${row.kind === 'ssh-key' ? row.publicKey : row.at}`, owner: null, node };
    }
  }
}

/** The file's rows in a temporary table of this transaction, so that none of them stays in memory. */
export class Staging {
  readonly #tx: TransactionSql;

  constructor(tx: TransactionSql) {
    this.#tx = tx;
  }

  async fill(rows: AsyncIterable<SourcedRow>): Promise<void> {
    const tx = this.#tx;
    await tx`create temporary table import_rows (line integer primary key, kind text not null, key text collate "C" not null,
      owner text, node text collate "C", row jsonb not null) on commit drop`;
    let batch: SourcedRow[] = [];
    for await (const row of rows) {
      batch.push(row);
      if (batch.length < BATCH) continue;
      await this.#insert(batch);
      batch = [];
    }
    await this.#insert(batch);
    await tx`create index on import_rows (kind, key text_pattern_ops, line)`;
    await tx`analyze import_rows`;
  }

  /** What no line shows by itself: rows said twice, and owners and nodes that nobody knows. */
  async check(problems: Findings): Promise<void> {
    const tx = this.#tx;
    report(
      problems,
      await tx<Found[]>`
        select 'duplicate' as code, line, format('%s %s stands in line %s already', kind, split_part(key, e'\n', 1), first) as message,
          count(*) over () as total
        from (select line, kind, key, min(line) over (partition by kind, key) as first from import_rows) r
        where line > first order by line limit 100`,
    );
    report(
      problems,
      await tx<Found[]>`
        select 'duplicate' as code, line, format('node id %s stands in line %s already', id, first) as message, count(*) over () as total
        from (select line, row ->> 'nodeId' as id, min(line) over (partition by row ->> 'nodeId') as first
          from import_rows where kind = 'node' and row ? 'nodeId') r
        where line > first order by line limit 100`,
    );
    report(
      problems,
      await tx<Found[]>`
        select 'unknown_owner' as code, line, format('%s: an account of the file or of this hub expected', owner) as message,
          count(*) over () as total
        from import_rows r
        where owner is not null and not exists (select from users u where u.email = r.owner)
          and not exists (select from import_rows a where a.kind = 'account' and a.key = r.owner)
        order by line limit 100`,
    );
    report(
      problems,
      await tx<Found[]>`
        select 'unknown_node' as code, line, format('%s: a node (owner, label) of the file or of this hub expected', node) as message,
          count(*) over () as total
        from import_rows r
        where node is not null and not exists (select from import_rows n where n.kind = 'node' and n.key = r.node)
          and not exists (select from imported_nodes i where i.owner = split_part(r.node, ' ', 1)
            and i.label = row ->> 'nodeLabel')
          and not exists (select from nodes n where n.owner = split_part(r.node, ' ', 1)
            and n.label = row ->> 'nodeLabel')
        order by line limit 100`,
    );
    report(
      problems,
      await tx<Found[]>`
        select 'node_taken' as code, line, format('node id %s is another node of this hub: %s', row ->> 'nodeId', taken.by) as message,
          count(*) over () as total
        from import_rows r cross join lateral (
          select i.owner || ' ' || i.label as by from imported_nodes i
            where i.node_id = row ->> 'nodeId' and i.owner || ' ' || i.label <> r.key
          union all
          select n.owner || ' ' || n.label from nodes n where n.node_id = row ->> 'nodeId' and n.owner <> r.owner) taken
        where kind = 'node' and row ? 'nodeId' order by line limit 100`,
    );
  }

  /** What is done otherwise than the file says. */
  async notice(notices: Findings): Promise<void> {
    report(
      notices,
      await this.#tx<Found[]>`
        select case when u.email is null then 'ancient_lowered' else 'tier_kept' end as code, line,
          case when u.email is null then format('%s: an Ancient Admin is never imported, becomes an Operator', key)
            else format('%s: is %s here and stays so, %s in the file', key, u.tier, row ->> 'tier') end as message,
          count(*) over () as total
        from import_rows r left join users u on u.email = r.key
        where kind = 'account' and (case when u.email is null then row ->> 'tier' = 'ancient' else row ->> 'tier' <> u.tier end)
        order by line limit 100`,
    );
  }

  async #insert(batch: readonly SourcedRow[]): Promise<void> {
    const keys = batch.map(staged);
    await this.#tx`
      insert into import_rows (line, kind, key, owner, node, row)
      select line, kind, key, owner, node, row::jsonb from unnest(
        ${batch.map(({ line }) => line)}::int[], ${batch.map(({ row }) => row.kind)}::text[],
        ${keys.map(({ key }) => key)}::text[], ${keys.map(({ owner }) => owner)}::text[],
        ${keys.map(({ node }) => node)}::text[], ${batch.map(({ row }) => JSON.stringify(row))}::text[]
      ) as r (line, kind, key, owner, node, row)`;
  }
}

type Found = Finding & { readonly line: number; readonly total: bigint };

function report(findings: Findings, found: readonly Found[]): void {
  findings.addAll(found, Number(found[0]?.total ?? 0n));
}
