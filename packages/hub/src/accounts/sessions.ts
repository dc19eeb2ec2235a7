import type { Clock } from '../clock.ts';
import type { HubContext } from '../http.ts';
import type { Viewer } from '../viewer.ts';
import { SESSION_MS } from './auth.ts';
import { tokenHash } from './auth-database.ts';
import type { SessionCookies } from './session-cookies.ts';
import type { AccountStore, StoredSession } from './store.ts';

/** A session that is used slides on, written at most this often. */
const SLIDE_MS = 3_600_000;
/** A session is believed for this long without asking the database again: so late does a sign-out elsewhere tell. */
const BELIEVED_MS = 5_000;
const MOST_BELIEVED = 10_000;

/** One account that is signed in within a browser. */
export interface SignedIn {
  readonly token: string;
  readonly sessionId: string;
  readonly viewer: Viewer;
}

/** Who is signed in: better-auth makes sessions, this looks them up, thousands of times between two changes. */
export class Sessions {
  readonly #store: AccountStore;
  readonly #cookies: SessionCookies;
  readonly #clock: Pick<Clock, 'now'>;
  /** By hash of the token. */
  readonly #believed = new Map<string, { readonly session: StoredSession; readonly until: number }>();

  constructor(by: { store: AccountStore; cookies: SessionCookies; clock: Pick<Clock, 'now'> }) {
    this.#store = by.store;
    this.#cookies = by.cookies;
    this.#clock = by.clock;
  }

  /** All accounts that are signed in within this browser, the one used last first. Keeps them so. */
  async of(c: HubContext): Promise<SignedIn[]> {
    const now = this.#clock.now();
    const found = await Promise.all(
      this.#cookies.tokens(c).map(async (token, place) => {
        const session = await this.#session(tokenHash(token), now);
        if (session === undefined) return [];
        if (session.expiresAt < now + SESSION_MS - SLIDE_MS)
          await this.#slide(c, { token, session, place, now });
        return [{ token, sessionId: session.id, viewer: viewerOfSession(session) }];
      }),
    );
    const seen = new Set<string>();
    return found.flat().filter(({ viewer }) => !seen.has(viewer.accountId) && seen.add(viewer.accountId));
  }

  /** What is believed may be wrong: something about accounts or sessions was changed here. */
  forget(): void {
    this.#believed.clear();
  }

  async end(c: HubContext, signedIn: readonly SignedIn[]): Promise<void> {
    const tokens = signedIn.map(({ token }) => token);
    await this.#store.endSessions(tokens.map(tokenHash));
    this.#cookies.drop(c, tokens);
    this.forget();
  }

  async #slide(
    c: HubContext,
    { token, session, place, now }: { token: string; session: StoredSession; place: number; now: number },
  ): Promise<void> {
    this.#believed.delete(session.tokenHash);
    await this.#store.extendSession(session.id, now, now + SESSION_MS);
    if (place === 0) this.#cookies.add(c, token);
    else this.#cookies.renew(c, token);
  }

  async #session(hash: string, now: number): Promise<StoredSession | undefined> {
    const believed = this.#believed.get(hash);
    if (believed !== undefined && now < believed.until && now < believed.session.expiresAt)
      return believed.session;
    const session = await this.#store.session(hash, now);
    if (this.#believed.size >= MOST_BELIEVED) this.#believed.clear();
    if (session === undefined) this.#believed.delete(hash);
    else this.#believed.set(hash, { session, until: now + BELIEVED_MS });
    return session;
  }
}

function viewerOfSession({ userId, email, tier, createdAt }: StoredSession): Viewer {
  return { accountId: userId, email, tier, confirmedAt: createdAt, keyScopes: undefined };
}
