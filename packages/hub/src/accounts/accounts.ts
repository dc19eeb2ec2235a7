import type { MiddlewareHandler } from 'hono';
import type { Act, AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Mailer } from '#seams/mailer/index.ts';
import type { Clock } from '../clock.ts';
import { scopeBase, scopeOf, withBase } from '../console/scope.ts';
import type { HttpEnv, HubContext } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import type { Log } from '../log.ts';
import { loadSecret } from '../region-settings.ts';
import type { Task } from '../ticker.ts';
import { type Viewer, viewerOf } from '../viewer.ts';
import { type Auth, createAuth, SESSION_MS } from './auth.ts';
import { AuthApi, tooManyTries } from './auth-api.ts';
import { AuthTransactions, tokenHash } from './auth-database.ts';
import { createLetters } from './letters.ts';
import { LoginLinks } from './login-links.ts';
import { createSecret, type Random } from './secret.ts';
import { SessionCookies } from './session-cookies.ts';
import { Sessions, type SignedIn } from './sessions.ts';
import { AccountStore } from './store.ts';

export interface AccountsOptions {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly publicUrl: string;
  readonly mailer: Mailer;
  readonly audit: Pick<AuditLog, 'appendIn'>;
  /** Whether strangers may make accounts. */
  readonly signUp: 'open' | 'closed';
  /** Who the first login link signs in. */
  readonly adminEmail: string;
  /** The real address of the client. */
  readonly addressOf: (c: HubContext) => string;
}

/** Of one client's address. */
const MAILS = { most: 20, windowMs: 3_600_000 };
/** No code of an authenticator is taken for longer: 30 s, and one step before and after. */
const CODE_MS = 2 * 60_000;
const SIGN_UP_MS = 24 * 3_600_000;
/** Against one account. */
const TRIES = { most: 20, windowMs: 15 * 60_000 };

/** Who may use the console: accounts, their sessions, and the guard before every page. */
export class Accounts {
  readonly options: AccountsOptions;
  readonly store: AccountStore;
  readonly links: LoginLinks;
  readonly letters: ReturnType<typeof createLetters>;
  readonly sessions: Sessions;
  readonly api: AuthApi;
  readonly #auth: Auth;
  readonly #transactions: AuthTransactions;
  readonly #cookies: SessionCookies;
  #claimed = false;
  readonly #background = new Set<Promise<void>>();

  static async open(options: AccountsOptions): Promise<Accounts> {
    return new Accounts(options, await loadSecret(options.sql, 'auth-secret', options.random(32)));
  }

  private constructor(options: AccountsOptions, secret: Uint8Array) {
    const { sql, publicUrl, clock, addressOf } = options;
    this.options = options;
    this.store = new AccountStore(sql);
    this.links = new LoginLinks(options);
    this.letters = createLetters(options);
    this.#cookies = new SessionCookies({ publicUrl, secret });
    this.sessions = new Sessions({ store: this.store, cookies: this.#cookies, clock });
    this.#transactions = new AuthTransactions(sql);
    this.#auth = createAuth({
      ...options,
      secret,
      transactions: this.#transactions,
      letters: this.letters,
      mayHaveSession: (userId) => this.store.mayHaveSession(userId),
      useCode: async (userId, code) =>
        (await this.#count(`code:${tokenHash(`${userId}:${code}`)}`, CODE_MS)) === 1,
      onPasswordReset: (user) => this.#passwordReset(user),
    });
    this.api = new AuthApi({
      auth: this.#auth,
      transactions: this.#transactions,
      audit: options.audit,
      cookies: this.#cookies,
      publicUrl,
      addressOf,
      onChange: () => this.sessions.forget(),
    });
  }

  /** Takes away what ended. */
  readonly sweep: Task = {
    name: 'ended-sessions',
    periodMs: 3_600_000,
    tick: () => this.store.sweep(this.options.clock.now()),
  };

  /** The first admin's link; undefined once somebody has signed in. A new one each time: only hashes are kept. */
  async firstLoginLink({ publicUrl }: { publicUrl?: string } = {}): Promise<string | undefined> {
    if ((await this.links.anyUsed()) || (await this.store.anybodyIsAncient())) return undefined;
    return this.links.create(this.options.adminEmail, publicUrl);
  }

  /** Whether the hub has its first admin. Until then nobody may sign up: a stranger could be the first. */
  async isClaimed(): Promise<boolean> {
    this.#claimed ||= await this.store.anybodyIsAncient();
    return this.#claimed;
  }

  createLoginLink(email: string): Promise<string> {
    return this.links.create(email);
  }

  /**
   * Turns a link into a session. Who can make one has a shell on the hub's machine: the account is made where there is
   * none, as an Ancient Admin.
   * @returns false for a link that is unknown, used or expired.
   */
  async signInByLink(c: HubContext, linkText: string): Promise<boolean> {
    const email = await this.links.use(linkText);
    if (email === undefined) return false;
    const now = this.options.clock.now();
    const user = await this.store.ensureUser({ email, tier: 'ancient', now });
    if (user.disabledAt !== undefined) return false;
    const { internalAdapter } = await this.#auth.$context;
    const made = {
      ipAddress: this.options.addressOf(c),
      userAgent: (c.req.header('user-agent') ?? '').slice(0, 200),
      createdAt: new Date(now),
      updatedAt: new Date(now),
      expiresAt: new Date(now + SESSION_MS),
    };
    // A session of its own, whatever cookie came along: nobody can prepare one for another.
    const { token } = await this.#transactions.run(async (tx) => {
      const session = await internalAdapter.createSession(user.id, false, made, true);
      await this.options.audit.appendIn(tx, { ...actOf(email, 'account.link_sign_in'), retention: '30d' });
      return session;
    });
    const before = (await this.sessions.of(c)).filter(({ viewer }) => viewer.accountId === user.id);
    await this.sessions.end(c, before);
    this.#cookies.add(c, token);
    return true;
  }

  /**
   * Mails a link by which the e-mail's holder makes the account. Who signs up names no password: it would let them in
   * once another, whose e-mail it is, has followed the link.
   */
  async signUp(email: string): Promise<void> {
    const { id, confirmed } = await this.store.signUp(email, this.options.clock.now());
    if (confirmed) this.letters.alreadyHere(email);
    else this.letters.signUp(email, await this.createResetToken(id, SIGN_UP_MS));
  }

  /** A link by which the account's holder chooses a password; mails and `stoa-hub admin reset-link` carry it. */
  async createResetToken(userId: string, lifeMs: number): Promise<string> {
    const { text } = createSecret(this.options.random);
    const { internalAdapter } = await this.#auth.$context;
    const expiresAt = new Date(this.options.clock.now() + lifeMs);
    await internalAdapter.createVerificationValue({
      identifier: `reset-password:${text}`,
      value: userId,
      expiresAt,
    });
    return text;
  }

  /** For an account without one. */
  async setFirstPassword(
    { accountId, email }: Pick<Viewer, 'accountId' | 'email'>,
    password: string,
  ): Promise<void> {
    const { internalAdapter, password: passwords } = await this.#auth.$context;
    const hash = await passwords.hash(password);
    const credential = { userId: accountId, accountId, providerId: 'credential', password: hash };
    await this.#transactions.run(async (tx) => {
      await internalAdapter.createAccount(credential);
      await this.options.audit.appendIn(tx, actOf(email, 'account.password_set'));
    });
  }

  /** Puts the password in the place of one that was forgotten, or that there was none of. @returns false for a bad link. */
  async resetPassword(
    c: HubContext,
    { token, password }: { token: string; password: string },
  ): Promise<boolean> {
    const body = { token, newPassword: password };
    const answer = await this.#transactions.run(() => this.api.call(c, { path: '/reset-password', body }));
    return answer.ok;
  }

  async #passwordReset({ id, email }: { id: string; email: string }): Promise<void> {
    const tx = this.#transactions.current;
    if (tx === undefined) throw new TypeError('a password is reset by `resetPassword` alone');
    await this.store.confirmEmail(tx, id);
    await this.options.audit.appendIn(tx, actOf(email, 'account.password_reset'));
  }

  /** Lets who is signed in pass. Others are sent to the sign-in page, or answered 401 where no page was asked for. */
  readonly requireViewer: MiddlewareHandler<HttpEnv> = async (c, next) => {
    const signedIn = await this.sessions.of(c);
    const [last] = signedIn;
    if (last === undefined) return turnAway(c);
    const scope = scopeOf(c.req.url);
    const chosen = scope === undefined ? last : signedIn.find(({ viewer }) => viewer.email === scope);
    if (chosen === undefined) throw notFound('This page');
    const base = scopeBase(chosen.viewer.email);
    if (wantsPage(c)) {
      if (scope === undefined) return c.redirect(base + hereOf(c));
      if (chosen !== last) this.#cookies.use(c, chosen.token);
    }
    c.set('viewer', chosen.viewer);
    c.set(
      'signedIn',
      signedIn.map(({ viewer }) => viewer.email),
    );
    // Pages of one account must not be shown from a cache to the next.
    c.header('cache-control', 'private, no-store');
    return withBase(base, next);
  };

  /** The session in which the viewer asks. */
  async sessionOf(c: HubContext): Promise<SignedIn> {
    const { accountId } = viewerOf(c);
    const found = (await this.sessions.of(c)).find(({ viewer }) => viewer.accountId === accountId);
    if (found === undefined)
      throw new HttpError(401, 'not_signed_in', 'The session has ended.', { fix: 'Sign in again.' });
    return found;
  }

  /** The account for which an API key of this e-mail acts. */
  holderOf(email: string): Promise<Pick<Viewer, 'accountId' | 'email' | 'tier'> | undefined> {
    return this.store.holder(email);
  }

  /** E-mails of the Ancient Admins who can sign in. */
  admins(): Promise<readonly string[]> {
    return this.store.admins();
  }

  /**
   * Counts a try against an account, whether there is one or not, from wherever it comes.
   * @throws {HttpError} `too_many_tries`; passkeys, links and resets still work then.
   */
  async countTry(email: string): Promise<void> {
    const count = await this.#count(triesKey(email), TRIES.windowMs);
    if (count > TRIES.most) throw tooManyTries(TRIES.windowMs / 1_000);
  }

  /** Counts what makes the hub send mail. @throws {HttpError} `too_many_tries`, by the address of the client. */
  async countRequest(c: HubContext): Promise<void> {
    const count = await this.#count(`mail:${this.options.addressOf(c)}`, MAILS.windowMs);
    if (count > MAILS.most) throw tooManyTries(MAILS.windowMs / 1_000);
  }

  #count(key: string, windowMs: number): Promise<number> {
    return this.store.countTry(key, { now: this.options.clock.now(), windowMs });
  }

  forgetTries(email: string): Promise<void> {
    return this.store.forgetTries(triesKey(email));
  }

  /** Work that a form starts and whose end its sender must not be able to time. */
  inBackground(work: Promise<unknown>): void {
    const task = work.then(
      () => undefined,
      (error: unknown) => this.options.log.warn({ err: error }, 'a request about an account failed'),
    );
    this.#background.add(task);
    void task.finally(() => this.#background.delete(task));
  }

  async idle(): Promise<void> {
    while (this.#background.size > 0) await Promise.all(this.#background);
  }
}

/** What somebody did to the account that is theirs. */
export function actOf(email: string, act: string, detail: Record<string, unknown> = {}): Act {
  return { actor: email, act, subject: email, owner: email, detail };
}

function triesKey(email: string): string {
  return `tries:${tokenHash(email)}`;
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

function turnAway(c: HubContext): Response {
  if (wantsPage(c)) return c.redirect(`/sign-in?next=${encodeURIComponent(hereOf(c))}`);
  throw new HttpError(401, 'not_signed_in', 'This needs somebody who is signed in.', {
    fix: 'Open /sign-in in a browser.',
  });
}
