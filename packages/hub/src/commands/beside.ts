import { HubError } from '../error.ts';
import { createLog } from '../log.ts';
import { loadOrigin } from '../region-settings.ts';
import { attachEmbedded, type DbAdapter, openUrl } from '../seams/db-adapter/index.ts';
import { type CommandContext, paths } from './context.ts';

/** Does something in the database of a hub that runs, and knows by which origin it is reached. */
export async function besideHub<T>(
  { config }: CommandContext,
  work: (database: DbAdapter, origin: string) => Promise<T>,
): Promise<T> {
  const log = createLog({ level: config.logLevel });
  await using database = await (config.databaseUrl === undefined
    ? attachEmbedded({ dataDir: paths(config).database, log })
    : openUrl({ url: config.databaseUrl, log }));
  const origin = config.publicUrl?.origin ?? (await loadOrigin(database.sql));
  if (origin === undefined)
    throw new HubError('hub_unknown', 'no hub has served from this database yet: start it first', {
      retry: true,
    });
  return await work(database, origin);
}
