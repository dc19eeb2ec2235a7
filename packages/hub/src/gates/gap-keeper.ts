import type { HubParty } from '@stoa/protocol';
import { OFF_TIP_MINUTES } from '@stoa/protocol/stoicism';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import {
  grantedSpans,
  type Outage,
  RETURN_MINUTES,
  STORED_WITHIN,
  takenBy,
  UNCOUNTED_MINUTES,
} from './gap-rule.ts';
import { sealGap } from './gap-seal.ts';
import type { GapCause, GapStore } from './gap-store.ts';
import type { WordStore } from './word-store.ts';

/** An instance that has not ticked for so long is one that does not come back soon. */
export const LOST_MS: number = 10 * 60_000;
const MINUTE_MS = 60_000;
/** How far back gaps are held in memory: a warm-up that stood still for longer is lost anyway. */
const REMEMBERED_MINUTES = 2 * 1_440;

export interface GapKeeperDeps {
  readonly store: GapStore;
  readonly words: WordStore;
  readonly instanceId: string;
  readonly party: () => HubParty;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * What this hub says of its own gaps (F03): by its own ticks and what of them was stored, never by the absence of nodes. Of an
 * instance that is gone for good, the others of its region say so.
 */
export class GapKeeper {
  readonly #deps: GapKeeperDeps;
  #known: readonly { readonly from: number; readonly until: number }[] = [];

  constructor(deps: GapKeeperDeps) {
    this.#deps = deps;
  }

  /** Before any node is let in: what the run before left unstored, until its nodes are back. */
  async restarted(): Promise<void> {
    const { words, instanceId, clock } = this.#deps;
    const ticked = await words.ticked(instanceId);
    if (ticked !== undefined) await this.#declare('restart', instanceId, outageOf(ticked, clock.now()));
    await this.refresh();
  }

  /** Minutes that nobody judged while the sessions stood. @param until exclusive. */
  async missed(cause: 'no-tick' | 'no-database' | 'mass-expiry', from: number, until: number): Promise<void> {
    await this.#declare(cause, this.#deps.instanceId, {
      // What was judged shortly before may not be stored either.
      from: cause === 'no-database' ? from - STORED_WITHIN : from,
      downFrom: from,
      downUntil: until,
      until: until + (cause === 'no-tick' ? 0 : 1),
    });
    await this.refresh();
  }

  /** Instances that are gone, and gaps that others recorded. */
  async refresh(): Promise<void> {
    const { store, words, instanceId, clock } = this.#deps;
    const now = clock.now();
    for (const { instanceId: other, minute } of await words.silentSince(new Date(now - LOST_MS))) {
      if (other === instanceId || now > (minute + REMEMBERED_MINUTES) * MINUTE_MS) continue;
      const from = minute + 1;
      const downFrom = from + STORED_WITHIN;
      await this.#declare('lost', other, {
        from,
        downFrom,
        downUntil: downFrom,
        until: downFrom + RETURN_MINUTES.most,
      });
    }
    const minute = Math.floor(now / MINUTE_MS);
    const span = { from: minute - REMEMBERED_MINUTES, until: minute + RETURN_MINUTES.most };
    const gaps = await store.declared(span);
    // Of another instance no more than is granted: whom that one left could come here.
    this.#known = gaps.map((gap) => (gap.instanceId === instanceId ? gap : gap.granted));
  }

  /**
   * Minutes after `from` and before `until` that are no gap: none of this hub, whatever is granted of it, and nothing that is
   * granted of others. More than an hour of them are not counted on.
   */
  outside(from: number, until: number): number {
    let count = 0;
    for (let minute = from + 1; minute < until && count <= OFF_TIP_MINUTES; ) {
      const gap = this.#known.find((one) => one.from <= minute && minute < one.until);
      if (gap === undefined) count += 1;
      minute = gap?.until ?? minute + 1;
    }
    return count;
  }

  async #declare(cause: GapCause, instanceId: string, outage: Outage): Promise<void> {
    const { store, party, clock, log } = this.#deps;
    const beside = await store.grantedBeside({ instanceId, cause, from: outage.from });
    const spans = grantedSpans(outage, (day) => takenBy(beside.get(day) ?? [], UNCOUNTED_MINUTES));
    const { from, until } = outage;
    // A gap that nothing is granted of is recorded as well: an act may grant it.
    const granted = spans.length > 0 ? spans : [{ from, until: from, counted: 0 }];
    const gaps = granted.map((span) => ({ instanceId, from, until, cause, granted: span }));
    const signed = gaps.map((gap) => ({ ...gap, seal: sealGap(gap, party()) }));
    await store.record(signed, new Date(clock.now()));
    const minutes = spans.reduce((sum, span) => sum + span.until - span.from, 0);
    if (cause !== 'lost') log.warn({ cause, from, until, minutes }, 'a gap of this hub is on record');
  }
}

function outageOf(ticked: { minute: number; at: Date }, now: number): Outage {
  const from = ticked.minute + 1;
  const current = Math.floor(now / MINUTE_MS);
  const downFrom = Math.min(current, Math.floor(ticked.at.getTime() / MINUTE_MS) + 1);
  const downUntil = Math.max(downFrom, current);
  const back = Math.min(RETURN_MINUTES.most, Math.max(RETURN_MINUTES.least, downUntil - downFrom));
  return { from: Math.min(from, downFrom), downFrom, downUntil, until: downUntil + back };
}
