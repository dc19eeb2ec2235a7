import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { loadText, saveText } from '../region-settings.ts';
import type { Task } from '../ticker.ts';
import { type DumpDeps, writeDump } from './dump.ts';

const HOUR_MS = 3_600_000;
const DUMP_HOUR = 3;
const SETTING = 'ledger-dump-day';

export interface NightlyDumpDeps extends DumpDeps {
  readonly directory: string;
  /** Its bytes seal the dump. */
  readonly keyFile: string;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info'>;
}

/** A dump of the whole ledger a night, by one process of the region, once it is 03:00 UTC. Old ones are left to whoever keeps them. */
export class NightlyDump implements Task {
  readonly name = 'ledger-dump';
  readonly periodMs: number = HOUR_MS / 4;
  readonly #deps: NightlyDumpDeps;

  constructor(deps: NightlyDumpDeps) {
    this.#deps = deps;
  }

  async tick(): Promise<void> {
    const { sql, directory, keyFile, clock, log } = this.#deps;
    const day = new Date(clock.now() - DUMP_HOUR * HOUR_MS).toISOString().slice(0, 10);
    if ((await loadText(sql, SETTING)) === day) return;
    const path = join(directory, `ledger-${day}.sealed`);
    const { events } = await writeDump(this.#deps, path, {
      kind: 'key-file',
      bytes: await readFile(keyFile),
    });
    await saveText(sql, SETTING, day);
    log.info({ path, events }, 'the ledger was dumped');
  }
}
