import {
  ChainwebError,
  type ChainwebNetwork,
  type Checkpoint,
  createCheckpoint,
  decodeHeader,
  encodeHeader,
  type Header,
  type HeaderVerdict,
  validateAlone,
  validateDescent,
  validateTime,
} from '@stoa/protocol/chainweb';
import type { Clock } from '../clock.ts';
import { HeaderTree } from './header-tree.ts';
import { type ChainLag, lagOf, type ReportedTip } from './lag.ts';
import type { Reporter } from './reporter.ts';
import { Reporters } from './reporters.ts';
import { type Waiting, WaitingRoom } from './waiting-room.ts';

export interface VerifiedSetOptions {
  readonly checkpoint: Checkpoint;
  readonly clock: Pick<Clock, 'now'>;
  readonly reporters?: Reporters;
  /** Heights below the lowest head that are kept; chainweb nodes reorganise no deeper. */
  readonly depth?: number;
  /** Headers that may wait for their parents. */
  readonly maxUnknown?: number;
  /** A chain is at the tip within this many blocks of the head (gate 3). */
  readonly tipWithin?: number;
}

export interface MissingHeader {
  readonly chain: number | undefined;
  readonly hash: string;
  /** Node ids of those who offered a header that rests on it, so they should have it. */
  readonly from: readonly string[];
}

export type Offer =
  | {
      readonly status: 'verified';
      readonly header: Header;
      /** Headers that waited for this one, and are verified now too. */
      readonly adopted: readonly Header[];
      readonly headMoved: boolean;
    }
  | { readonly status: 'known'; readonly header: Header }
  /** Moves nothing until what is missing is verified. Nothing is missing where it is too old ever to be judged. */
  | { readonly status: 'unknown'; readonly header: Header; readonly missing: readonly MissingHeader[] }
  /** Faultless, but from the future by this clock: to be offered again. */
  | { readonly status: 'early'; readonly header: Header; readonly why: string }
  | { readonly status: 'invalid'; readonly code: string; readonly why: string }
  /** The reporter has used up its hour. */
  | { readonly status: 'refused'; readonly why: string; readonly retryAfterMs: number };

/**
 * The hub as a light client: headers that descend from a pinned checkpoint through verified parents, by chainweb's whole
 * rule. Each distinct one is judged once, whoever reports it. Claimed heights, hashes and weights count for nothing.
 */
export class VerifiedSet {
  readonly reporters: Reporters;
  readonly #checkpoint: Checkpoint;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #tree: HeaderTree;
  readonly #waiting: WaitingRoom;
  readonly #tipWithin: number;
  #verified = 0;

  constructor(options: VerifiedSetOptions) {
    this.#checkpoint = options.checkpoint;
    this.#clock = options.clock;
    this.reporters = options.reporters ?? new Reporters({ clock: options.clock });
    this.#tree = new HeaderTree(options.checkpoint, options.depth ?? 480);
    this.#waiting = new WaitingRoom(options.maxUnknown ?? 2_000);
    this.#tipWithin = options.tipWithin ?? 3;
  }

  /** @param bytes a header's 318 bytes. Never throws for what they hold. */
  offer(bytes: Uint8Array, reporter: Reporter): Offer {
    let header: Header;
    try {
      header = decodeHeader(bytes);
    } catch (error) {
      if (error instanceof ChainwebError) {
        return this.#reject(error.code, error.message, [reporter]);
      }
      throw error;
    }
    const known = this.#tree.get(header.hash);
    if (known !== undefined) {
      // The hash is a field like any other: other fields under a known hash are a forgery, not news.
      return Buffer.compare(encodeHeader(known), bytes) === 0
        ? { status: 'known', header: known }
        : this.#reject('wrong_hash', `the fields are not those of ${header.hash}`, [reporter]);
    }
    const { admitted, retryAfterMs } = this.reporters.admit(reporter);
    if (!admitted) {
      return { status: 'refused', why: 'too many unknown headers within the hour', retryAfterMs };
    }
    return this.#judge(header, reporter);
  }

  get network(): ChainwebNetwork {
    return this.#checkpoint.network;
  }

  get(hash: string): Header | undefined {
    return this.#tree.get(hash);
  }

  /** The chain's header on the heaviest verified braid. */
  head(chain: number): Header {
    return this.#tree.head(chain);
  }

  /** By chain. */
  heads(): readonly Header[] {
    return this.#tree.heads;
  }

  height(chain: number): number {
    return this.#tree.head(chain).height;
  }

  /** Whether the header is verified, and on the winning branch. */
  onCanonical(hash: string): boolean {
    const header = this.#tree.get(hash);
    return header !== undefined && this.#tree.wins(header);
  }

  /**
   * The headers to ask for before this one can be verified: none if it is, itself if nothing is known of it, else the
   * missing parents where its known ancestry ends.
   */
  missing(hash: string, chain?: number): readonly MissingHeader[] {
    if (this.#tree.get(hash) !== undefined) {
      return [];
    }
    const missing = new Map<string, MissingHeader>();
    const seen = new Set<string>();
    const open = [{ hash, chain, from: new Set<string>() }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const waiting = this.#waiting.get(next.hash);
      if (waiting === undefined) {
        const from = new Set([...(missing.get(next.hash)?.from ?? []), ...next.from]);
        missing.set(next.hash, { chain: next.chain, hash: next.hash, from: [...from] });
      } else if (!seen.has(next.hash)) {
        seen.add(next.hash);
        const from = new Set([...next.from, ...waiting.reporters.keys()]);
        open.push(...this.#missingParents(waiting.header).map((parent) => ({ ...parent, from })));
      }
    }
    return [...missing.values()];
  }

  /** @param heads what to measure against, by chain: gates take the corroborated heads, the default is the verified ones */
  lag(tips: Iterable<ReportedTip>, heads: readonly Header[] = this.heads()): ChainLag[] {
    return lagOf(this.#tree, tips, heads);
  }

  /** Whether every chain is within the tolerated distance of the head, and none unknown. */
  atTip(lags: readonly ChainLag[]): boolean {
    const near = lags.filter(({ lag }) => lag !== null && lag <= this.#tipWithin);
    return near.length === this.heads().length;
  }

  /** The verified header and its ancestors on its chain, downwards, up to but without the first that ends the walk. */
  past(hash: string, until: (header: Header) => boolean): readonly Header[] {
    const path: Header[] = [];
    for (let at = this.#tree.get(hash); at !== undefined; at = this.#tree.get(at.parent)) {
      if (until(at)) {
        break;
      }
      path.push(at);
    }
    return path;
  }

  /** Verified headers that lost to others, at least `depth` below the lowest head: blocks that somebody mined for nothing. */
  orphans(depth: number): readonly Header[] {
    return this.#tree.losers(Math.min(...this.heads().map((head) => head.height)) - depth);
  }

  /**
   * A checkpoint further up, to start from next time: the winning headers at one height, `depth` below the lowest head.
   * Undefined while there are none that deep.
   */
  checkpoint(depth: number): Checkpoint | undefined {
    const height = Math.min(...this.heads().map((head) => head.height)) - depth;
    const headers = this.heads().map((_head, chain) => this.#tree.winner(chain, height));
    const held = headers.filter((header) => header !== undefined);
    return held.length === headers.length ? createCheckpoint(this.#checkpoint.network, held) : undefined;
  }

  get stats(): { readonly held: number; readonly waiting: number; readonly verified: number } {
    return { held: this.#tree.size, waiting: this.#waiting.size, verified: this.#verified };
  }

  #judge(header: Header, reporter: Reporter): Offer {
    // Whoever offers again what waits already costs the others nothing, so he pays nothing.
    if (this.#waiting.get(header.hash) === undefined) {
      const alone = validateAlone(header, this.#checkpoint.network);
      if (!alone.valid) {
        return this.#reject(alone.code, alone.why, [reporter]);
      }
    }
    if (this.#missingParents(header).length > 0) {
      return this.#keep(header, reporter);
    }
    const verdict = this.#descend(header);
    if (verdict.valid) {
      this.#waiting.take(header.hash);
      return this.#accept(header);
    }
    return verdict.code === 'in_the_future'
      ? { status: 'early', header, why: verdict.why }
      : this.#reject(verdict.code, verdict.why, [reporter]);
  }

  #keep(header: Header, reporter: Reporter): Offer {
    if (this.#waiting.get(header.hash)?.reporters.has(reporter.nodeId) !== true) {
      this.reporters.charge(reporter);
    }
    if (header.height <= this.#tree.floor) {
      return { status: 'unknown', header, missing: [] };
    }
    this.#waiting.put(header, reporter);
    return { status: 'unknown', header, missing: this.missing(header.hash) };
  }

  #accept(header: Header): Offer {
    const before = this.#tree.floor;
    const adopted: Header[] = [];
    let headMoved = this.#add(header);
    const fresh = [header];
    for (let parent = fresh.shift(); parent !== undefined; parent = fresh.shift()) {
      for (const waiting of this.#waiting.waitingFor(parent.hash)) {
        if (this.#adopt(waiting)) {
          headMoved = this.#add(waiting.header) || headMoved;
          adopted.push(waiting.header);
          fresh.push(waiting.header);
        }
      }
    }
    if (this.#tree.floor > before) {
      this.#waiting.dropBelow(this.#tree.floor);
    }
    return { status: 'verified', header, adopted, headMoved };
  }

  /** Whether a header that waited is verified now. If it can be judged, it waits no longer. */
  #adopt({ header, reporters }: Waiting): boolean {
    if (this.#missingParents(header).length > 0) {
      return false;
    }
    this.#waiting.take(header.hash);
    const verdict = this.#descend(header);
    if (!verdict.valid && verdict.code !== 'in_the_future') {
      this.#reject(verdict.code, verdict.why, [...reporters.values()]);
    }
    return verdict.valid;
  }

  #add(header: Header): boolean {
    this.#verified += 1;
    return this.#tree.add(header);
  }

  #descend(header: Header): HeaderVerdict {
    const parent = this.#tree.get(header.parent);
    if (parent === undefined) {
      throw new Error(`the parent of ${header.hash} has to be verified first`);
    }
    const adjacents = header.adjacents.map(({ chain, hash }) => [chain, this.#tree.get(hash)] as const);
    const adjacentParents = new Map(
      adjacents.flatMap(([chain, adjacent]) => (adjacent === undefined ? [] : [[chain, adjacent]])),
    );
    const descent = validateDescent(header, {
      network: this.#checkpoint.network,
      parent,
      adjacentParents,
    });
    return descent.valid ? validateTime(header, BigInt(Math.floor(this.#clock.now())) * 1_000n) : descent;
  }

  #missingParents(header: Header): { chain: number; hash: string }[] {
    const own = { chain: header.chain, hash: header.parent };
    return [own, ...header.adjacents].filter(({ hash }) => this.#tree.get(hash) === undefined);
  }

  #reject(code: string, why: string, reporters: readonly Reporter[]): Offer {
    for (const reporter of reporters) {
      this.reporters.charge(reporter);
      this.reporters.accuse(reporter, { code, why });
    }
    return { status: 'invalid', code, why };
  }
}
