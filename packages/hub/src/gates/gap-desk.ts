import type { HubParty } from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { AuditLog } from '../audit/index.ts';
import type { Clock } from '../clock.ts';
import { HubError } from '../error.ts';
import { sealGap } from './gap-seal.ts';
import { type GapRecord, GapStore } from './gap-store.ts';

/** How long a gap's hours may still be revised: what is granted later pays nobody. */
const OPEN_MINUTES = 24 * 60;
const LISTED = 50;

/** Acts on gaps: what the rule does not grant, an admin may, with a reason that stands in the log and in the record. */
export class GapDesk {
  readonly #sql: Sql;
  readonly #store: GapStore;
  readonly #audit: Pick<AuditLog, 'appendIn'>;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { sql: Sql; audit: Pick<AuditLog, 'appendIn'>; clock: Pick<Clock, 'now'> }) {
    this.#sql = by.sql;
    this.#store = new GapStore(by.sql);
    this.#audit = by.audit;
    this.#clock = by.clock;
  }

  /** The newest first. */
  list(): Promise<GapRecord[]> {
    return this.#store.newest(LISTED);
  }

  /**
   * Grants the whole of a gap: to each node, as ever, whose own evidence covers it. Twice is once.
   * @param from its first minute, as listed. @param party by whose key it stands. @throws HubError `no_such_gap`, `gap_closed`.
   */
  async grant(
    { instanceId, from }: { instanceId: string; from: number },
    act: { by: string; reason: string },
    party: Pick<HubParty, 'key' | 'chain'>,
  ): Promise<GapRecord> {
    const now = this.#clock.now();
    const gap = await this.#store.find(instanceId, from);
    if (gap === undefined)
      throw new HubError(
        'no_such_gap',
        `instance '${instanceId}' has no gap from minute ${from}: stoa-hub gaps`,
        {
          retry: false,
        },
      );
    if (now / 60_000 > gap.until + OPEN_MINUTES)
      throw new HubError('gap_closed', `the gap ended more than a day ago: its hours are closed for good`, {
        retry: false,
      });
    const { until } = gap;
    const granted = { ...gap, cause: 'act' as const, granted: { from, until, counted: 0 }, act };
    const signed = { ...granted, seal: sealGap(granted, party) };
    const detail = { instanceId, from, until, reason: act.reason };
    await this.#sql.begin(async (tx) => {
      await this.#audit.appendIn(tx, { actor: act.by, act: 'gap.grant', subject: instanceId, detail });
      await new GapStore(tx).record([signed], new Date(now));
    });
    return granted;
  }
}
