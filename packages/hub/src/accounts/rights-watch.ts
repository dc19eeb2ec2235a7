import { z } from 'zod';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Bus } from '../bus.ts';
import type { Log } from '../log.ts';

/** The channel of the triggers in the migration `rights_told`. */
const CHANNEL = 'stoa_rights';
const BATCH = 5_000;

const told = z.union([
  z.strictObject({ account: z.string() }),
  z.strictObject({ nodeId: z.string(), owner: z.string() }),
]);

/**
 * Tells the bus whose rights got less and which nodes changed hands, whichever hub, person or ticker did it: the database
 * tells at commit. What was not heard while the connection was away concerns everybody.
 * @returns ends it.
 */
export async function watchRights({
  sql,
  bus,
  log,
}: {
  sql: Sql;
  bus: Bus;
  log: Pick<Log, 'error'>;
}): Promise<() => Promise<void>> {
  let again = false;
  const { unlisten } = await sql.listen(
    CHANNEL,
    (text) => {
      const news = told.parse(JSON.parse(text));
      if ('account' in news) bus.publish('rights', { account: news.account });
      else bus.publish('owners', { nodes: [news] });
    },
    () => {
      // After the first time the connection had been lost.
      if (again)
        tellAll(sql, bus).catch((err: unknown) =>
          log.error({ err }, 'who owns which node could not be read again: a transfer meanwhile shows late'),
        );
      again = true;
    },
  );
  return unlisten;
}

async function tellAll(sql: Sql, bus: Bus): Promise<void> {
  bus.publish('rights', { account: undefined });
  const batches = sql<{ nodeId: string; owner: string }[]>`select node_id as "nodeId", owner from nodes`;
  for await (const nodes of batches.cursor(BATCH)) bus.publish('owners', { nodes });
}
