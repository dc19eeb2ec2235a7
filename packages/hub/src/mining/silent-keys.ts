import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { miningKeysOf } from './keys.ts';
import { MiningStore, type SilentHistory } from './store.ts';

/** A mining key that an owner's nodes mine to, by their agents' word, and that is silent or was. */
export interface OwnersKey {
  readonly owner: string;
  readonly key: string;
  /** Labels of the nodes, some of them. */
  readonly nodes: readonly string[];
  /** All of the nodes are of a demonstration. */
  readonly simulated: boolean;
  /** Undefined: it found a block since. */
  readonly silent: SilentHistory | undefined;
}

/** Blocks are counted as often. */
const PERIOD_MS = 300_000;
const NODES_NAMED = 3;

/** Whose keys found no block for longer than they usually do. Reads only. */
export class SilentKeys {
  readonly #sql: Sql;
  readonly #store: MiningStore;
  readonly #clock: Pick<Clock, 'now'>;
  #held: { readonly at: number; readonly keys: readonly OwnersKey[] } | undefined;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'> }) {
    this.#sql = by.sql;
    this.#store = new MiningStore(by.sql);
    this.#clock = by.clock;
  }

  /** @param told of which it was said that they are silent: those are among them as long as they are anybody's. */
  async read(told: readonly string[]): Promise<readonly OwnersKey[]> {
    const silent = await this.#silent();
    const known = new Set(silent.map(({ key }) => key));
    const back = await this.#ofOwners(told.filter((key) => !known.has(key)));
    return [...silent, ...back];
  }

  async #silent(): Promise<readonly OwnersKey[]> {
    const now = this.#clock.now();
    if (this.#held !== undefined && now - this.#held.at < PERIOD_MS) return this.#held.keys;
    const histories = new Map((await this.#store.silent()).map((one) => [one.key, one]));
    const keys = (await this.#ofOwners([...histories.keys()])).map((one) => ({
      ...one,
      silent: histories.get(one.key),
    }));
    this.#held = { at: now, keys };
    return keys;
  }

  async #ofOwners(keys: readonly string[]): Promise<OwnersKey[]> {
    if (keys.length === 0) return [];
    const spelt = keys.flatMap((key) => [key, key.toUpperCase()]);
    const rows = await this.#sql<{ owner: string; label: string; simulated: boolean; argv: string[] }[]>`
      select n.owner, n.label, n.simulated, d.argv from node_descriptions d join nodes n using (node_id)
      where n.retired_at is null and n.refused_at is null
        and d.argv ?| ${[...spelt, ...spelt.map((key) => `--mining-public-key=${key}`)]}::text[]
      order by n.owner, n.label`;
    const wanted = new Set(keys);
    const named = rows.flatMap((row) =>
      miningKeysOf(row.argv)
        .filter((key) => wanted.has(key))
        .map((key) => ({ ...row, key })),
    );
    return [...Map.groupBy(named, ({ owner, key }) => `${key} ${owner}`).values()].map((rows) => ({
      ...{ owner: rows[0]!.owner, key: rows[0]!.key },
      nodes: rows.slice(0, NODES_NAMED).map(({ label }) => label),
      simulated: rows.every(({ simulated }) => simulated),
      silent: undefined,
    }));
  }
}
