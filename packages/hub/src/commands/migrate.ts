import { createLog } from '../log.ts';
import type { CommandContext } from './context.ts';
import { openDatabase } from './database.ts';

/** `stoa-hub migrate`: brings the database to this version's schema. `serve` does the same at its start. */
export async function migrate({ config, out, json }: CommandContext): Promise<void> {
  const log = createLog({ level: config.logLevel });
  await using database = await openDatabase(config, {
    log,
    onServerExit: (error) => log.fatal({ err: error }, 'the embedded database ended by itself'),
  });
  await database.migrate();
  out(
    json
      ? JSON.stringify({ ok: true, database: database.kind })
      : `The ${database.kind} database has the schema of this version.`,
  );
}
