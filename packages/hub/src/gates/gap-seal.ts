import { encode, type HubParty, hubGapKind, type SignedGap, seal, signedHubGap } from '@stoa/protocol';
import {
  ALLOWANCE_SLACK,
  DAY_ALLOWANCE_MINUTES,
  STORED_WITHIN,
  takenBy,
  UNCOUNTED_MINUTES,
} from './gap-rule.ts';
import type { GapRecord, GapStore } from './gap-store.ts';
import type { InstanceSeal, RootCheck } from './root-check.ts';
import type { WordStore } from './word-store.ts';

const MINUTE_MS = 60_000;
/** An instance is `lost` after ten minutes without a tick: of these after the first that may be stored it has judged none. */
const LOST_MINUTES = 4;

/** Signed as it is declared: a gap is worth money, and its row is only a row. */
export function sealGap(gap: GapRecord, { key, chain }: Pick<HubParty, 'key' | 'chain'>): InstanceSeal {
  const { region, instance } = chain;
  return { sealed: seal(hubGapKind, bodyOf(gap), key), region, instance };
}

/** As receipts name it by its `hash`, and as it travels with them; undefined where nobody signed it. */
export function gapDocument({ seal: signed }: GapRecord): Uint8Array | undefined {
  return signed && encode(signedHubGap, signed);
}

/** Whether a gap counts: declared under the key of who may, and no more of it than the rule grants, or an act on record. */
export class GapCheck {
  readonly #store: Pick<GapStore, 'byRule' | 'isOnRecord'>;
  readonly #words: Pick<WordStore, 'hasJudged'>;
  readonly #check: Pick<RootCheck, 'opened'>;

  constructor(by: {
    store: Pick<GapStore, 'byRule' | 'isOnRecord'>;
    words: Pick<WordStore, 'hasJudged'>;
    check: Pick<RootCheck, 'opened'>;
  }) {
    this.#store = by.store;
    this.#words = by.words;
    this.#check = by.check;
  }

  async isVouched(gap: GapRecord): Promise<boolean> {
    if (!this.#isSigned(gap)) return false;
    if (gap.cause === 'act') return this.#store.isOnRecord(gap);
    if (gap.cause === 'lost' && (await this.#wasThere(gap))) return false;
    return this.#isWithinRule(gap);
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

  /** Others say that it is gone, and it went on judging. */
  #wasThere({ instanceId, from }: GapRecord): Promise<boolean> {
    const first = from + STORED_WITHIN;
    return this.#words.hasJudged(instanceId, { from: first, until: first + LOST_MINUTES });
  }

  async #isWithinRule(gap: GapRecord): Promise<boolean> {
    const { from, until, counted } = gap.granted;
    if (until - from > counted + UNCOUNTED_MINUTES) return false;
    const declared = await this.#store.byRule(gap);
    // A row that nobody signed takes nothing of what the others may have.
    const signed = declared.filter((one) => this.#isSigned(one));
    const spans = signed
      .slice(0, signed.findIndex((one) => isSame(one, gap)) + 1)
      .map(({ granted }) => granted);
    return spans.length > 0 && takenBy(spans) <= DAY_ALLOWANCE_MINUTES + ALLOWANCE_SLACK;
  }
}

function isSame(a: GapRecord, b: GapRecord): boolean {
  return a.cause === b.cause && a.from === b.from && a.granted.from === b.granted.from;
}

function bodyOf({ instanceId: instance, cause, from, until, granted }: GapRecord): SignedGap {
  const { from: grantFrom, until: grantUntil, counted } = granted;
  return { instance, cause, from, until, grantFrom, grantUntil, counted };
}
