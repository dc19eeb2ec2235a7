import { fromBase64Url } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { Corroboration, MissingHeader, Reporter, VerifiedSet } from '../tips/index.ts';
import { siteOf } from './network.ts';
import type { NodeSession } from './node-session.ts';

/** Unanswered for this long, a header is asked of the next node that reports it. */
const ASK_AGAIN_MS = 10_000;
const MAX_WANTED = 10_000;
const HEADERS_PER_REQUEST = 8;

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

  /** A node reports a new tip. */
  seen(session: NodeSession, chain: number): void {
    const hash = session.node.tipHash(chain);
    if (hash === undefined) return;
    const header = this.#deps.set.get(hash);
    if (header === undefined) this.#ask(session, [{ chain, hash }]);
    else this.#deps.corroboration.report(reporterOf(session), [{ chain, hash }]);
  }

  reply(session: NodeSession, headers: readonly Uint8Array[]): void {
    const { set, corroboration, onInvalid } = this.#deps;
    const reporter = reporterOf(session);
    for (const bytes of headers) {
      const offer = set.offer(bytes, reporter);
      switch (offer.status) {
        case 'verified':
        case 'known':
          this.#askedAt.delete(offer.header.hash);
          corroboration.report(reporter, [{ chain: offer.header.chain, hash: offer.header.hash }]);
          break;
        case 'unknown':
          this.#ask(session, offer.missing);
          break;
        case 'invalid':
          onInvalid(session.node.nodeId, offer.code, offer.why);
          break;
        case 'early':
        case 'refused':
          break;
      }
    }
  }

  #ask(session: NodeSession, wanted: readonly Pick<MissingHeader, 'chain' | 'hash'>[]): void {
    const now = this.#deps.clock.now();
    const due = wanted
      .filter(({ hash }) => now - (this.#askedAt.get(hash) ?? 0) >= ASK_AGAIN_MS)
      .slice(0, HEADERS_PER_REQUEST);
    if (due.length === 0) return;
    if (this.#askedAt.size > MAX_WANTED) this.#askedAt.clear();
    for (const { hash } of due) this.#askedAt.set(hash, now);
    const headers = due.map(({ chain, hash }) => ({ chain: chain ?? 0, hash: fromBase64Url(hash) }));
    session.send('headerRequest', { headers });
  }
}

export function reporterOf(session: NodeSession): Reporter {
  return {
    nodeId: session.node.nodeId,
    ownerId: session.node.owner,
    network: siteOf(session.link.address),
    reference: false,
  };
}
