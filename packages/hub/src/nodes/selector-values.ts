import type { Sql } from '#seams/db-adapter/index.ts';
import type { NodeAccess } from '../accounts/index.ts';
import type { Clock } from '../clock.ts';
import { RefreshedByKey } from '../refreshed-by-key.ts';
import type { Audience } from '../viewer.ts';

/** Values of fields that the nodes of an audience have, the most frequent first. */
export type SelectorValues = Readonly<Record<string, readonly string[]>>;

const MOST = 200;
/** Rows looked at: what is in none of so many nodes need not be offered. */
const LOOKED_AT = 20_000;

/** What the typeahead offers of the data. */
export function createSelectorValues(by: {
  sql: Sql;
  access: NodeAccess;
  clock: Pick<Clock, 'now'>;
}): RefreshedByKey<SelectorValues> {
  return new RefreshedByKey({ clock: by.clock, load: (audience) => readValues(by, audience) });
}

async function readValues(
  { sql, access }: { sql: Sql; access: NodeAccess },
  audience: Audience,
): Promise<SelectorValues> {
  const rows = await sql<{ field: string; value: string }[]>`
    with looked as materialized (select n.region, n.agent_version, n.chainweb_version, n.owner, n.role, n.hw_type, n.tags from nodes n
      where ${access.visibleTo(audience)} limit ${LOOKED_AT})
    select field, value from (
      select field, value, row_number() over (partition by field order by count(*) desc, value) as rank
      from looked cross join lateral (
        values ('region', region), ('version', agent_version), ('chainweb', chainweb_version),
          ('owner', owner), ('role', role), ('hw', hw_type)
        union all select 'tag', tag from unnest(tags) as tag) as told(field, value)
      where value <> '' group by field, value) ranked where rank <= ${MOST} order by field, rank`;
  return Object.fromEntries(
    [...Map.groupBy(rows, ({ field }) => field)].map(([field, told]) => [
      field,
      told.map(({ value }) => value),
    ]),
  );
}
