import type { HubConfig } from '../config.ts';
import type { Log } from '../log.ts';
import { type DbAdapter, openEmbedded, openUrl } from '../seams/db-adapter/index.ts';
import { paths } from './context.ts';

/** The database that the configuration names, not yet migrated. */
export function openDatabase(
  config: HubConfig,
  by: { log: Log; onServerExit: (error: Error) => void },
): Promise<DbAdapter> {
  return config.databaseUrl === undefined
    ? openEmbedded({ dataDir: paths(config).database, ...by })
    : openUrl({ url: config.databaseUrl, replicas: config.databaseReplicas, log: by.log });
}
