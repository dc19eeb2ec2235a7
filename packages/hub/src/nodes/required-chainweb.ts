import { z } from 'zod';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { NodeAccess } from '../accounts/index.ts';
import type { Clock } from '../clock.ts';
import { RefreshedByKey } from '../refreshed-by-key.ts';
import { loadText, saveText } from '../region-settings.ts';
import { join, negate, printSelector, type Selector } from '../selector/index.ts';
import type { Audience } from '../viewer.ts';
import { versionKey } from './fields/version.ts';
import { listUrl } from './list-filter.ts';
import type { Instant, Liveness } from './liveness.ts';
import { nodeContext, parseSelector, selectorSql } from './node-selector.ts';
import type { SqlFragment } from './state-sql.ts';
import { summaryTables } from './summary.ts';

/** The chainweb-node version that every node is to run by a date: older ones may be left behind there. Milliseconds since 1970. */
export interface RequiredChainweb {
  readonly version: string;
  readonly by: number;
  readonly setAt: number;
}

/** Nodes that run an older one, of those that the reader sees. */
export interface OutdatedChainweb {
  readonly required: RequiredChainweb;
  readonly count: number;
}

/** From so long before the date on it presses. */
const PRESSES_MS = 7 * 86_400_000;

const SETTING = 'required-chainweb';
const stored = z.object({ version: z.string(), by: z.number(), setAt: z.number() });

type Queries = Sql | TransactionSql;

export async function loadRequiredChainweb(sql: Queries): Promise<RequiredChainweb | undefined> {
  const text = (await loadText(sql, SETTING)) ?? '';
  return text === '' ? undefined : stored.parse(JSON.parse(text));
}

/** @param required undefined: none is required any more. */
export function saveRequiredChainweb(sql: Queries, required: RequiredChainweb | undefined): Promise<void> {
  return saveText(sql, SETTING, required === undefined ? '' : JSON.stringify(required));
}

/** Whether it is a version that nodes can be compared with. */
export function isVersion(text: string): boolean {
  return versionKey(text) !== undefined;
}

export function presses({ by }: RequiredChainweb, now: number): boolean {
  return now >= by - PRESSES_MS;
}

/** Nodes below it, over the aliases of `selectorSql`: what `chainweb:<…` finds. */
export function outdatedSql(sql: Sql, required: RequiredChainweb, at: Instant): SqlFragment {
  return selected(sql, belowChainweb(required), at);
}

/** The list of those that are counted, relative to a page one deep. */
export function outdatedUrl(required: RequiredChainweb): string {
  return listUrl(printSelector(counted(required)));
}

/** How many are below the required version, by audience: counted once for all who see the same. */
export function createOutdatedChainweb(by: {
  sql: Sql;
  access: NodeAccess;
  clock: Pick<Clock, 'now'>;
  liveness: Liveness;
}): RefreshedByKey<OutdatedChainweb | undefined> {
  return new RefreshedByKey({ clock: by.clock, load: (audience) => countOutdated(by, audience) });
}

async function countOutdated(
  { sql, access, liveness }: { sql: Sql; access: NodeAccess; liveness: Liveness },
  audience: Audience,
): Promise<OutdatedChainweb | undefined> {
  const required = await loadRequiredChainweb(sql);
  if (required === undefined) return undefined;
  const [row] = await sql<{ count: number }[]>`select count(*)::int as count from ${summaryTables(sql)}
    where ${selected(sql, counted(required), liveness.at())} and ${access.visibleTo(audience)}`;
  return { required, count: row!.count };
}

/** Nodes that are known to run an older one. */
export function belowChainweb({ version }: Pick<RequiredChainweb, 'version'>): Selector {
  return { kind: 'term', field: 'chainweb', operator: '<', values: [version], column: 1 };
}

/** Without those that left the fleet. */
function counted(required: RequiredChainweb): Selector {
  return join('and', [belowChainweb(required), negate(parseSelector('state:retired,refused'))]);
}

function selected(sql: Sql, selector: Selector, at: Instant): SqlFragment {
  return selectorSql(selector, nodeContext({ sql, at, heads: { heads: () => [] } }), 'exact');
}
