import { type HubParty, hubGapKind, type SignedGap, seal } from '@stoa/protocol';
import { ALLOWANCE_SLACK, DAY_ALLOWANCE_MINUTES, UNCOUNTED_MINUTES } from './gap-rule.ts';
import type { GapRecord, GapStore } from './gap-store.ts';
import type { InstanceSeal, RootCheck } from './root-check.ts';

const MINUTE_MS = 60_000;

/** Signed as it is declared: a gap is worth money, and its row is only a row. */
export function sealGap(gap: GapRecord, { key, chain }: Pick<HubParty, 'key' | 'chain'>): InstanceSeal {
  const { region, instance } = chain;
  return { sealed: seal(hubGapKind, bodyOf(gap), key), region, instance };
}

/** Whether a gap counts: declared under the key of who may, and no more of it than the rule grants, or an act on record. */
export class GapCheck {
  readonly #store: Pick<GapStore, 'byRule' | 'isOnRecord'>;
  readonly #check: Pick<RootCheck, 'opened'>;

  constructor(by: { store: Pick<GapStore, 'byRule' | 'isOnRecord'>; check: Pick<RootCheck, 'opened'> }) {
    this.#store = by.store;
    this.#check = by.check;
  }

  async isVouched(gap: GapRecord): Promise<boolean> {
    if (!this.#isSigned(gap)) return false;
    return gap.cause === 'act' ? this.#store.isOnRecord(gap) : this.#isWithinRule(gap);
  }

  #isSigned(gap: GapRecord): boolean {
    const opened = gap.seal && this.#check.opened(hubGapKind, gap.seal, gap.from * MINUTE_MS);
    if (opened === undefined) return false;
    // Of one that is gone another says so; a grant is an act of people, at whichever instance they are.
    const isOwn = opened.by === gap.instanceId || gap.cause === 'lost' || gap.cause === 'act';
    const body: SignedGap = bodyOf(gap);
    return (
      isOwn && Object.entries(body).every(([name, value]) => opened.said[name as keyof SignedGap] === value)
    );
  }

  async #isWithinRule(gap: GapRecord): Promise<boolean> {
    const { from, until, counted } = gap.granted;
    if (until - from > counted + UNCOUNTED_MINUTES) return false;
    let used = 0;
    for (const one of await this.#store.byRule(gap)) {
      used += one.granted.counted;
      if (isSame(one, gap)) return used <= DAY_ALLOWANCE_MINUTES + ALLOWANCE_SLACK;
    }
    return false;
  }
}

function isSame(a: GapRecord, b: GapRecord): boolean {
  return a.cause === b.cause && a.from === b.from && a.granted.from === b.granted.from;
}

function bodyOf({ instanceId: instance, cause, from, until, granted }: GapRecord): SignedGap {
  const { from: grantFrom, until: grantUntil, counted } = granted;
  return { instance, cause, from, until, grantFrom, grantUntil, counted };
}
