import type { Outcome } from './outcome.ts';
import type { Row } from './value.ts';

export type Table = ReadonlyMap<string, Row>;

/** What a chain holds after a block, on that block's fork. Blocks without transactions share their parent's. */
export interface ChainState {
  readonly tables: ReadonlyMap<string, Table>;
  /** Every transaction of the fork, by request key. */
  readonly outcomes: ReadonlyMap<string, Mined>;
}

export interface Mined {
  readonly outcome: Outcome;
  readonly height: number;
}

export const emptyState: ChainState = { tables: new Map(), outcomes: new Map() };

/** A state in the making: a block's, or what a read may pretend to write. */
export class Draft {
  readonly #base: ChainState;
  readonly #tables = new Map<string, Map<string, Row>>();
  readonly #outcomes = new Map<string, Mined>();

  constructor(base: ChainState) {
    this.#base = base;
  }

  get(table: string, key: string): Row | undefined {
    return this.#tables.get(table)?.get(key) ?? this.#base.tables.get(table)?.get(key);
  }

  set(table: string, key: string, row: Row): void {
    const rows = this.#tables.get(table) ?? new Map<string, Row>();
    this.#tables.set(table, rows.set(key, row));
  }

  mined(key: string): boolean {
    return this.#outcomes.has(key) || this.#base.outcomes.has(key);
  }

  /** Of the fork, those of this block included. */
  get count(): number {
    return this.#outcomes.size + this.#base.outcomes.size;
  }

  record(outcome: Outcome, height: number): void {
    this.#outcomes.set(outcome.reqKey, { outcome, height });
  }

  finish(): ChainState {
    if (this.#outcomes.size === 0 && this.#tables.size === 0) return this.#base;
    const tables = new Map(this.#base.tables);
    for (const [name, rows] of this.#tables)
      tables.set(name, new Map([...(tables.get(name) ?? []), ...rows]));
    return { tables, outcomes: new Map([...this.#base.outcomes, ...this.#outcomes]) };
  }
}
