import type { Sql } from '#seams/db-adapter/index.ts';
import type { Bus } from '../bus.ts';
import { loadText, saveText } from '../region-settings.ts';
import type { Task } from '../ticker.ts';
import type { ReleaseReader, Standing } from './reader.ts';

const FAULT = 'release-upkeep-fault';
const DAY = 86_400_000;
const HOUR = DAY / 24;

/** Why the last attempt to keep releases fresh failed; undefined where it did not. */
export async function upkeepFault(sql: Sql): Promise<string | undefined> {
  return (await loadText(sql, FAULT)) || undefined;
}

/** Keeps what is served fresh: by signing it anew, or by following the region that does. One instance at a time. */
export class ReleaseUpkeep implements Task {
  readonly name = 'release-upkeep';
  readonly periodMs = 60_000;
  readonly #sql: Sql;
  readonly #work: () => Promise<unknown>;

  /** @param by.work sweeps, and signs or follows; idempotent. */
  constructor(by: { sql: Sql; work: () => Promise<unknown> }) {
    this.#sql = by.sql;
    this.#work = by.work;
  }

  async tick(): Promise<void> {
    try {
      await this.#work();
      await this.#tell('');
    } catch (error) {
      await this.#tell(error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  async #tell(fault: string): Promise<void> {
    const told = fault.slice(0, 1_000);
    if (((await loadText(this.#sql, FAULT)) ?? '') !== told) await saveText(this.#sql, FAULT, told);
  }
}

export interface ReleaseEnd {
  readonly rule: 'release-metadata';
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
  /** How long before its end it must have been made anew. */
  readonly warnMs: number;
}

/** When the parts of what is served end, and how long before somebody must be told (F17). */
export function endsOf(standing: Standing | undefined): readonly ReleaseEnd[] {
  if (standing?.inForce === undefined) return [];
  const { root, inForce } = standing;
  const { release, snapshot, timestamp } = inForce;
  const ends = [
    { name: `Release root ${root.version}`, notAfter: root.expiresAt, warnMs: 30 * DAY },
    { name: `Signed release ${release.version}`, notAfter: release.expiresAt, warnMs: 30 * DAY },
    { name: 'Release snapshot', notAfter: snapshot.expiresAt, warnMs: 2 * DAY },
    { name: 'Release timestamp', notAfter: timestamp.expiresAt, warnMs: 8 * HOUR },
  ];
  return ends.map((end) => ({ rule: 'release-metadata', ...end }));
}

/** Tells this process what any of the region has put in force. Each instance runs it. */
export class ReleaseWatch implements Task {
  readonly name = 'release-watch';
  readonly periodMs = 5_000;
  readonly #reader: ReleaseReader;
  readonly #bus: Bus;
  #seen: number | undefined;
  #ends: readonly ReleaseEnd[] = [];

  constructor(by: { reader: ReleaseReader; bus: Bus }) {
    this.#reader = by.reader;
    this.#bus = by.bus;
  }

  /** As of the last tick. */
  get ends(): readonly ReleaseEnd[] {
    return this.#ends;
  }

  async tick(): Promise<void> {
    const standing = await this.#reader.standing();
    this.#ends = endsOf(standing);
    const version = standing?.inForce?.release.version;
    if (version === undefined || version === this.#seen) return;
    this.#seen = version;
    this.#bus.publish('releases', { targetsVersion: version });
  }
}
