import { createHash } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { EgressResolver } from '../../egress-resolver.ts';
import { RateLimit } from '../../rate-limit.ts';
import { type DialDeps, dial, orCancelled, PATIENCE, type SshPatience } from './dial.ts';
import { SshError } from './error.ts';
import { ConnectedSession } from './session.ts';
import {
  type HostKey,
  type HostKeyStore,
  placeOf,
  type SshLogin,
  type SshPool,
  type SshSession,
  type SshTarget,
  type SshUse,
} from './ssh-pool.ts';

/** §16.4. */
const IDLE_MS = 5 * 60_000;
const MAX_AGE_MS = 60 * 60_000;
export const REAP_MS = 60_000;
/** Open connections: descriptors ran out at 100 to 200 nodes in the hub before this one. */
const MOST = 512;
/** New connections a minute to one place: a wrong login must not look like an attack. */
const DIALS_A_MINUTE = 30;

interface Entry {
  readonly session: Promise<ConnectedSession>;
  readonly login: string;
  readonly openedAt: number;
  usedAt: number;
  users: number;
  /** Not to be lent again. */
  spoiled: boolean;
}

/** Connections of ssh2, keyed by `user@host:port` and shared while they are young. */
export class Ssh2Pool implements SshPool {
  readonly #deps: DialDeps;
  readonly #clock: Clock;
  readonly #hostKeys: HostKeyStore;
  readonly #record: (use: SshUse, target: SshTarget) => Promise<void>;
  readonly #dials: RateLimit;
  readonly #entries = new Map<string, Entry>();
  readonly #closed = new AbortController();

  /** @param by.record writes the audit row; where it can't, nothing is connected. */
  constructor(by: {
    resolver: EgressResolver;
    clock: Clock;
    hostKeys: HostKeyStore;
    record: (use: SshUse, target: SshTarget) => Promise<void>;
    patience?: SshPatience;
    dialsAMinute?: number;
  }) {
    const { resolver, clock, patience = PATIENCE } = by;
    this.#deps = { resolver, clock, patience, stop: this.#closed.signal };
    this.#clock = by.clock;
    this.#hostKeys = by.hostKeys;
    this.#record = by.record;
    this.#dials = new RateLimit({
      clock: by.clock,
      perKey: by.dialsAMinute ?? DIALS_A_MINUTE,
      inAll: Number.POSITIVE_INFINITY,
    });
  }

  get size(): number {
    return this.#entries.size;
  }

  async hostKey(target: SshTarget, use: SshUse): Promise<HostKey> {
    await this.#record(use, target);
    const shown = Promise.withResolvers<HostKey>();
    const enough = new Error('the key is known');
    const judge = async (key: HostKey) => {
      shown.resolve(key);
      throw enough;
    };
    const attempt = this.#dial(target, { login: { kind: 'password', password: '' }, judge });
    return await Promise.race([
      shown.promise,
      attempt.then(
        () => shown.promise,
        (error: unknown) => {
          if (error === enough) return shown.promise;
          throw error;
        },
      ),
    ]);
  }

  async use<T>(
    target: SshTarget,
    by: { login: SshLogin; use: SshUse; fresh?: boolean; signal?: AbortSignal },
    act: (session: SshSession) => Promise<T>,
  ): Promise<T> {
    const { login, use, fresh, signal } = by;
    const place = placeOf(target);
    if (this.#closed.signal.aborted) throw busy(place, 'the pool is closed');
    await this.#record(use, target);
    const { entry, kept } = this.#entryOf(target, { login, use, fresh: fresh ?? login.kind === 'password' });
    entry.users += 1;
    try {
      const session = await orCancelled(entry.session, { signal, place });
      try {
        return await act(session);
      } finally {
        entry.spoiled ||= session.spoiled;
      }
    } finally {
      entry.users -= 1;
      entry.usedAt = this.#clock.now();
      if (!kept || (entry.spoiled && entry.users === 0)) this.#end(entry);
    }
  }

  reap(): void {
    for (const entry of this.#entries.values())
      if (entry.users === 0 && (this.#clock.now() - entry.usedAt >= IDLE_MS || this.#isOld(entry)))
        this.#end(entry);
  }

  async close(): Promise<void> {
    this.#closed.abort(new Error('the pool is closed'));
    const all = [...this.#entries.values()];
    for (const entry of all) this.#end(entry);
    await Promise.allSettled(all.map(({ session }) => session));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #entryOf(
    target: SshTarget,
    { login, use, fresh }: { login: SshLogin; use: SshUse; fresh: boolean },
  ): { entry: Entry; kept: boolean } {
    const key = `${target.user}@${placeOf(target)}`;
    const print = printOf(login);
    const found = this.#entries.get(key);
    const serves = found !== undefined && found.login === print && !found.spoiled && !this.#isOld(found);
    if (serves && !fresh) return { entry: found, kept: true };
    const entry = this.#open(target, { login, use, print });
    if (fresh) return { entry, kept: false };
    // Whoever still uses the old one ends it when done.
    if (found !== undefined) found.spoiled = true;
    if (found?.users === 0) this.#end(found);
    this.#makeRoom();
    this.#entries.set(key, entry);
    entry.session.then(
      (session) => session.onClose(() => this.#forget(entry)),
      () => this.#forget(entry),
    );
    return { entry, kept: true };
  }

  #open(target: SshTarget, { login, use, print }: { login: SshLogin; use: SshUse; print: string }): Entry {
    const now = this.#clock.now();
    const judge = (key: HostKey) => this.#judge(target, { key, login, use });
    const session = this.#dial(target, { login, judge });
    session.catch(() => undefined);
    return { session, login: print, openedAt: now, usedAt: now, users: 0, spoiled: false };
  }

  async #dial(
    target: SshTarget,
    by: { login: SshLogin; judge: (key: HostKey) => Promise<void> },
  ): Promise<ConnectedSession> {
    const place = placeOf(target);
    if (!this.#dials.admit(place)) throw busy(place, 'too many new connections within this minute');
    return new ConnectedSession(await dial(target, by, this.#deps), { place, deps: this.#deps });
  }

  async #judge(
    target: SshTarget,
    { key, login, use }: { key: HostKey; login: SshLogin; use: SshUse },
  ): Promise<void> {
    const place = placeOf(target);
    let pinned = await this.#hostKeys.pinned(place);
    if (pinned === undefined && login.kind === 'password')
      throw new SshError(
        'ssh_host_key_unknown',
        `${place} shows the key ${key.fingerprint} (${key.type}), which nobody has accepted: no password is sent`,
        { retry: false, phase: 'handshake' },
      );
    pinned ??= await this.#hostKeys.pin(place, key, use);
    if (pinned !== key.fingerprint)
      throw new SshError(
        'ssh_host_key_changed',
        `${place} shows the key ${key.fingerprint}, ${pinned} is pinned: another machine, or one set up anew. Accept it by hand if you know why`,
        { retry: false, phase: 'handshake' },
      );
  }

  /** The one that was idle for longest goes, if all are taken. */
  #makeRoom(): void {
    if (this.#entries.size < MOST) return;
    const [idle] = [...this.#entries.values()]
      .filter(({ users }) => users === 0)
      .sort((a, b) => a.usedAt - b.usedAt);
    if (idle === undefined) throw busy('the pool', `all of its ${MOST} connections are in use`);
    this.#end(idle);
  }

  #isOld({ openedAt }: Entry): boolean {
    return this.#clock.now() - openedAt >= MAX_AGE_MS;
  }

  #end(entry: Entry): void {
    this.#forget(entry);
    entry.session.then(
      (session) => session.end(),
      () => undefined,
    );
  }

  #forget(entry: Entry): void {
    entry.spoiled = true;
    for (const [key, each] of this.#entries) if (each === entry) this.#entries.delete(key);
  }
}

function busy(place: string, why: string): SshError {
  return new SshError('ssh_busy', `${place} is not connected to now: ${why}`, {
    ...{ retry: true, phase: 'connect' },
  });
}

/** Tells logins apart without keeping them. */
function printOf(login: SshLogin): string {
  return createHash('sha256')
    .update(login.kind === 'key' ? login.privateKey : login.password)
    .digest('base64');
}
