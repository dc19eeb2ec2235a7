import { fromBase64Url } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { Corroboration, Reporter, VerifiedSet } from '../tips/index.ts';
import type { NodeSession } from './node-session.ts';

/** Unanswered for this long, a header is asked of the next node that reports it. */
const ASK_AGAIN_MS = 10_000;
const MAX_WANTED = 10_000;
const HEADERS_PER_REQUEST = 8;
/** Headers that one session may owe: who reports hashes and never brings a header costs two requests, once. */
const MAX_OWED = 2 * HEADERS_PER_REQUEST;

interface Wanted {
  readonly chain: number;
  readonly hash: string;
}

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
    const now = this.#deps.clock.now();
    const mayAsk = session.headersAsked < MAX_OWED;
    const known: { chain: number; hash: string }[] = [];
    const unknown: Wanted[] = [];
    for (const chain of chains) {
      const hash = session.node.tipHash(chain);
      if (hash === undefined) continue;
      if (set.get(hash) !== undefined) known.push({ chain, hash });
      else if (mayAsk && this.#isDue(hash, now)) unknown.push({ chain, hash });
    }
    if (known.length > 0) corroboration.report(reporterOf(session), known);
    if (unknown.length > 0) this.#ask(session, unknown);
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
    this.#ask(session, session.node.reportedTips());
  }

  /** Asks for what these tips still rest on, as far as nobody was asked for it just now. */
  #ask(session: NodeSession, tips: readonly Wanted[]): void {
    const { set, clock } = this.#deps;
    const room = MAX_OWED - session.headersAsked;
    // Whoever has used up his hour would only be refused with what he brings.
    if (room <= 0 || !set.reporters.admit(reporterOf(session)).admitted) return;
    const now = clock.now();
    const missing = tips.flatMap(({ hash, chain }) => set.missing(hash, chain));
    const distinct = new Map(missing.map((one) => [one.hash, one])).values();
    const due = [...distinct].filter(({ hash }) => this.#isDue(hash, now)).slice(0, room);
    if (due.length === 0) return;
    if (this.#askedAt.size >= MAX_WANTED) this.#forget(now);
    for (const { hash } of due) this.#askedAt.set(hash, now);
    session.headersAsked += due.length;
    for (let from = 0; from < due.length; from += HEADERS_PER_REQUEST) {
      const asked = due.slice(from, from + HEADERS_PER_REQUEST);
      const headers = asked.map(({ chain, hash }) => ({ chain: chain ?? 0, hash: fromBase64Url(hash) }));
      session.send('headerRequest', { headers });
    }
  }

  #isDue(hash: string, now: number): boolean {
    const at = this.#askedAt.get(hash);
    return at === undefined || now - at >= ASK_AGAIN_MS;
  }

  #forget(now: number): void {
    for (const hash of this.#askedAt.keys()) if (this.#isDue(hash, now)) this.#askedAt.delete(hash);
    if (this.#askedAt.size >= MAX_WANTED) this.#askedAt.clear();
  }
}

export function reporterOf({ node }: NodeSession): Reporter {
  return { nodeId: node.nodeId, ownerId: node.owner, network: node.site, reference: false };
}
