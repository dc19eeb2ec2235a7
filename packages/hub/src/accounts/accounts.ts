import type { MiddlewareHandler } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Clock } from '../clock.ts';
import { scopeBase, scopeOf, withBase } from '../console/scope.ts';
import type { HttpEnv, HubContext } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import { createSecret, type Random, sameHash, secretHash } from './secret.ts';
import type { AccountStore, StoredSession } from './store.ts';
import type { Viewer } from './viewer.ts';

const LINK_MS = 24 * 3_600_000;
const SESSION_MS = 30 * 24 * 3_600_000;
/** A session that is used slides on, written at most this often. */
const SLIDE_MS = 3_600_000;
/** A session is believed for this long without asking the database again: so late does a sign-out elsewhere tell. */
const BELIEVED_MS = 5_000;
const MOST_BELIEVED = 10_000;

const LOCAL_ADMIN = 'admin@localhost';

/** Who may see the console: the hub's own admins, who sign in by a one-time link. */
export class Accounts {
  readonly #store: AccountStore;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #random: Random;
  readonly #publicUrl: string;
  readonly #secure: boolean;
  readonly #cookie: string;
  /** By hash, as text. */
  readonly #believed = new Map<string, { readonly session: StoredSession; readonly until: number }>();

  constructor(by: { store: AccountStore; clock: Pick<Clock, 'now'>; random: Random; publicUrl: string }) {
    this.#store = by.store;
    this.#clock = by.clock;
    this.#random = by.random;
    this.#publicUrl = by.publicUrl;
    this.#secure = new URL(by.publicUrl).protocol === 'https:';
    // The prefix makes browsers refuse the cookie from anything but this host, over TLS.
    this.#cookie = this.#secure ? '__Host-stoa' : 'stoa';
  }

  /** The local admin's link; undefined once somebody has signed in. A new one each time: only hashes are kept. */
  async firstLoginLink({
    publicUrl = this.#publicUrl,
  }: {
    publicUrl?: string;
  } = {}): Promise<string | undefined> {
    if (await this.#store.anyoneSignedIn()) return undefined;
    return this.createLoginLink(LOCAL_ADMIN, publicUrl);
  }

  /** An address that signs its holder in, once, within 24 hours. Older unused links of the e-mail end. */
  async createLoginLink(email: string, publicUrl: string = this.#publicUrl): Promise<string> {
    const { text, hash } = createSecret(this.#random);
    const now = this.#clock.now();
    await this.#store.replaceLink({ hash, email, now, expiresAt: now + LINK_MS });
    return new URL(`/sign-in/${text}`, publicUrl).href;
  }

  /** Turns a link into a session. @returns false for a link that is unknown, used or expired: which one is not told. */
  async signIn(c: HubContext, linkText: string): Promise<boolean> {
    const hash = secretHash(linkText);
    const now = this.#clock.now();
    const link = hash && (await this.#store.useLink(hash, now));
    if (hash === undefined || link === undefined || !sameHash(link.hash, hash)) return false;
    // A session of its own, whatever cookie came along: nobody can prepare one for another.
    const session = createSecret(this.#random);
    await this.#store.addSession({ hash: session.hash, email: link.email, now, expiresAt: now + SESSION_MS });
    this.#setCookie(c, session.text);
    return true;
  }

  async signOut(c: HubContext): Promise<void> {
    const hash = secretHash(getCookie(c, this.#cookie) ?? '');
    if (hash !== undefined) {
      await this.#store.endSession(hash);
      this.#believed.delete(hash.toString('hex'));
    }
    deleteCookie(c, this.#cookie, { path: '/', secure: this.#secure });
  }

  /** Lets who is signed in pass. Others are sent to the sign-in page, or answered 401 where no page was asked for. */
  readonly requireViewer: MiddlewareHandler<HttpEnv> = async (c, next) => {
    const viewer = await this.identify(c);
    if (viewer === undefined) return this.#turnAway(c);
    const base = scopeBase(viewer.email);
    const scope = scopeOf(c.req.url);
    if (scope !== undefined && scope !== viewer.email) throw notFound('This page');
    if (scope === undefined && wantsPage(c)) return c.redirect(base + hereOf(c));
    c.set('viewer', viewer);
    // Pages of one account must not be shown from a cache to the next.
    c.header('cache-control', 'private, no-store');
    return withBase(base, next);
  };

  /** The account for which an API key of this e-mail acts. */
  async holderOf(email: string): Promise<Pick<Viewer, 'accountId' | 'email' | 'tier'> | undefined> {
    return { accountId: email, email, tier: 'ancient' };
  }

  /** Whose session the request's cookie is. */
  async identify(c: HubContext): Promise<Viewer | undefined> {
    const text = getCookie(c, this.#cookie);
    const hash = secretHash(text ?? '');
    if (text === undefined || hash === undefined) return undefined;
    const now = this.#clock.now();
    const session = await this.#session(hash, now);
    if (session === undefined || !sameHash(session.hash, hash)) return undefined;
    if (session.expiresAt < now + SESSION_MS - SLIDE_MS) {
      this.#believed.delete(hash.toString('hex'));
      await this.#store.extendSession(hash, now + SESSION_MS);
      this.#setCookie(c, text);
    }
    return {
      accountId: session.email,
      email: session.email,
      tier: 'ancient',
      confirmedAt: session.createdAt,
      keyScopes: undefined,
    };
  }

  async #session(hash: Buffer, now: number): Promise<StoredSession | undefined> {
    const key = hash.toString('hex');
    const believed = this.#believed.get(key);
    if (believed !== undefined && now < believed.until && now < believed.session.expiresAt)
      return believed.session;
    const session = await this.#store.session(hash, now);
    if (this.#believed.size >= MOST_BELIEVED) this.#believed.clear();
    if (session === undefined) this.#believed.delete(key);
    else this.#believed.set(key, { session, until: now + BELIEVED_MS });
    return session;
  }

  #setCookie(c: HubContext, text: string): void {
    setCookie(c, this.#cookie, text, {
      path: '/',
      httpOnly: true,
      sameSite: 'Lax',
      secure: this.#secure,
      maxAge: SESSION_MS / 1_000,
    });
  }

  #turnAway(c: HubContext): Response {
    if (wantsPage(c)) return c.redirect(`/sign-in?next=${encodeURIComponent(hereOf(c))}`);
    throw new HttpError(401, 'not_signed_in', 'This needs somebody who is signed in.', {
      fix: 'Open /sign-in in a browser.',
    });
  }
}

/** Whether a whole page is asked for, by a person. */
function wantsPage(c: HubContext): boolean {
  const { method } = c.req;
  return (
    method === 'GET' && c.req.header('accept')?.includes('text/html') === true && !c.req.header('hx-request')
  );
}

function hereOf(c: HubContext): string {
  const { pathname, search } = new URL(c.req.url);
  return pathname + search;
}
