import { createHmac, timingSafeEqual } from 'node:crypto';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { HubContext } from '../http.ts';
import { cookiePrefix, isSecure, SESSION_MS } from './auth.ts';

/**
 * The cookies of better-auth: one for the account that was used last, and one for each account that is signed in within
 * this browser. Their values are tokens, signed.
 */
export class SessionCookies {
  readonly #main: string;
  readonly #secure: boolean;
  readonly #secret: string;

  constructor(by: { publicUrl: string; secret: Uint8Array }) {
    this.#main = `${cookiePrefix(by.publicUrl)}.session_token`;
    this.#secure = isSecure(by.publicUrl);
    this.#secret = Buffer.from(by.secret).toString('base64url');
  }

  /** Of all accounts that are signed in here, the one used last first. */
  tokens(c: HubContext): string[] {
    const cookies = getCookie(c);
    const main = cookies[this.#main];
    const others = Object.entries(cookies).filter(([name]) => name.startsWith(`${this.#main}_multi-`));
    const signed = [...(main === undefined ? [] : [main]), ...others.map(([, value]) => value)];
    // The account used last is there twice, and each signature costs as much as the rest of it.
    return [...new Set(signed)].flatMap((value) => this.#verified(value) ?? []);
  }

  /** Makes it the one used last. */
  use(c: HubContext, token: string): void {
    this.#set(c, this.#main, token);
  }

  add(c: HubContext, token: string): void {
    this.use(c, token);
    this.renew(c, token);
  }

  /** Keeps it signed in, without its being used. */
  renew(c: HubContext, token: string): void {
    this.#set(c, this.#ofOne(token), token);
  }

  drop(c: HubContext, tokens: readonly string[]): void {
    const main = this.#verified(getCookie(c, this.#main) ?? '');
    const options = { path: '/', secure: this.#secure };
    if (main !== undefined && tokens.includes(main)) deleteCookie(c, this.#main, options);
    for (const token of tokens) deleteCookie(c, this.#ofOne(token), options);
  }

  /** A cookie header with which better-auth acts for one account, or for nobody. */
  headerFor(c: HubContext, token: string | undefined): string {
    const kept = Object.entries(getCookie(c)).filter(([name]) => name !== this.#main);
    const all = token === undefined ? kept : [...kept, [this.#main, this.#sign(token)] as const];
    return all.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('; ');
  }

  #ofOne(token: string): string {
    return `${this.#main}_multi-${token.toLowerCase()}`;
  }

  #set(c: HubContext, name: string, token: string): void {
    setCookie(c, name, this.#sign(token), {
      path: '/',
      httpOnly: true,
      sameSite: 'Lax',
      secure: this.#secure,
      maxAge: SESSION_MS / 1_000,
    });
  }

  #sign(token: string): string {
    return `${token}.${createHmac('sha256', this.#secret).update(token).digest('base64')}`;
  }

  #verified(signed: string): string | undefined {
    const token = signed.slice(0, signed.lastIndexOf('.'));
    const expected = Buffer.from(this.#sign(token));
    const shown = Buffer.from(signed);
    return shown.length === expected.length && timingSafeEqual(shown, expected) ? token : undefined;
  }
}
