import { fromBase64Url } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { Corroboration, MissingHeader, Reporter, VerifiedSet } from '../tips/index.ts';
import type { NodeSession } from './node-session.ts';

/** Unanswered for this long, a header is asked of the next node that reports it. */
const ASK_AGAIN_MS = 10_000;
const MAX_WANTED = 10_000;
const HEADERS_PER_REQUEST = 8;
/** Headers that one session may owe: who reports hashes and never brings a header costs two requests, once. */
const MAX_OWED = 2 * HEADERS_PER_REQUEST;

type Wanted = Pick<MissingHeader, 'chain' | 'hash'>;

export interface HeaderRequestDeps {
  readonly set: VerifiedSet;
  readonly corroboration: Corroboration;
  readonly clock: Clock;
  readonly onInvalid: (nodeId: string, code: string, why: string) => void;
}

/**
 * Fetches the headers behind reported tips: nodes push hashes, and the hub asks for a header once for the whole fleet,
 * whoever reports it. What a header is worth is the verified set's to say.
 */
export class HeaderRequests {
  readonly #deps: HeaderRequestDeps;
  readonly #askedAt = new Map<string, number>();

  constructor(deps: HeaderRequestDeps) {
    this.#deps = deps;
  }

  /** A node reports new tips on these chains. */
  seen(session: NodeSession, chains: readonly number[]): void {
    const { set, corroboration } = this.#deps;
    const known: { chain: number; hash: string }[] = [];
    const wanted: Wanted[] = [];
    for (const chain of chains) {
      const hash = session.node.tipHash(chain);
      if (hash === undefined) continue;
      if (set.get(hash) === undefined) wanted.push(...set.missing(hash, chain));
      else known.push({ chain, hash });
    }
    if (known.length > 0) corroboration.report(reporterOf(session), known);
    if (wanted.length > 0) this.#ask(session, wanted);
  }

  reply(session: NodeSession, headers: readonly Uint8Array[]): void {
    const { set, corroboration, onInvalid } = this.#deps;
    const reporter = reporterOf(session);
    session.headersAsked = Math.max(0, session.headersAsked - HEADERS_PER_REQUEST);
    for (const bytes of headers) {
      const offer = set.offer(bytes, reporter);
      switch (offer.status) {
        case 'verified':
        case 'known':
          this.#askedAt.delete(offer.header.hash);
          corroboration.report(reporter, [{ chain: offer.header.chain, hash: offer.header.hash }]);
          break;
        case 'invalid':
          onInvalid(session.node.nodeId, offer.code, offer.why);
          break;
        case 'unknown':
        case 'early':
        case 'refused':
          break;
      }
    }
    // What its tips still rest on, parents of what it just brought among them.
    this.#ask(
      session,
      session.node.reportedTips().flatMap(({ hash, chain }) => set.missing(hash, chain)),
    );
  }

  #ask(session: NodeSession, wanted: readonly Wanted[]): void {
    const now = this.#deps.clock.now();
    const byHash = new Map(wanted.map((one) => [one.hash, one]));
    const due = [...byHash.values()]
      .filter(({ hash }) => now - (this.#askedAt.get(hash) ?? Number.NEGATIVE_INFINITY) >= ASK_AGAIN_MS)
      .slice(0, MAX_OWED - session.headersAsked);
    // Whoever has used up his hour would only be refused with what he brings.
    if (due.length === 0 || !this.#deps.set.reporters.admit(reporterOf(session)).admitted) return;
    if (this.#askedAt.size >= MAX_WANTED) this.#forget(now);
    for (const { hash } of due) this.#askedAt.set(hash, now);
    session.headersAsked += due.length;
    for (let from = 0; from < due.length; from += HEADERS_PER_REQUEST) {
      const asked = due.slice(from, from + HEADERS_PER_REQUEST);
      const headers = asked.map(({ chain, hash }) => ({ chain: chain ?? 0, hash: fromBase64Url(hash) }));
      session.send('headerRequest', { headers });
    }
  }

  #forget(now: number): void {
    for (const [hash, at] of this.#askedAt) if (now - at >= ASK_AGAIN_MS) this.#askedAt.delete(hash);
    if (this.#askedAt.size >= MAX_WANTED) this.#askedAt.clear();
  }
}

export function reporterOf({ node }: NodeSession): Reporter {
  return { nodeId: node.nodeId, ownerId: node.owner, network: node.site, reference: false };
}
