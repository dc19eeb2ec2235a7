import { connect, type Socket } from 'node:net';
import ssh2, { type AnyAuthMethod, type Client, type ClientErrorExtensions } from 'ssh2';
import type { Clock } from '../../clock.ts';
import { EgressRefusedError, type EgressResolver } from '../../egress-resolver.ts';
import { STRICT_ALGORITHMS } from './algorithms.ts';
import { SshError, type SshPhase } from './error.ts';
import { hostKeyOf } from './key.ts';
import { type HostKey, placeOf, type SshLogin, type SshTarget } from './ssh-pool.ts';

/** Longest wait in each phase, ms. */
export interface SshPatience {
  readonly resolve: number;
  readonly connect: number;
  /** Up to the host's proven key. */
  readonly handshake: number;
  readonly login: number;
  readonly channel: number;
}

export const PATIENCE: SshPatience = {
  resolve: 5_000,
  connect: 10_000,
  handshake: 15_000,
  login: 20_000,
  channel: 10_000,
};

export interface DialDeps {
  readonly resolver: EgressResolver;
  readonly clock: Clock;
  readonly patience: SshPatience;
  /** Ends whatever is waited for. */
  readonly stop: AbortSignal;
}

/** A NAT drops idle sockets silently: a host that three of these meet with silence is gone. */
const KEEPALIVE_MS = 15_000;
const KEEPALIVE_MISSES = 3;

/**
 * Connects and signs in, each phase with its own end.
 * @param judge decides on the host's key before any login is sent; what it throws ends the attempt.
 */
export async function dial(
  target: SshTarget,
  by: { login: SshLogin; judge: (key: HostKey) => Promise<void> },
  deps: DialDeps,
): Promise<Client> {
  const socket = await openSocket(target, deps);
  const client = new ssh2.Client();
  const place = placeOf(target);
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => undefined);
  let phase: SshPhase = 'handshake';
  client.on('error', (error) => ended.reject(asSshError(error, { target, phase })));
  client.on('close', () => ended.reject(lost(place, phase)));
  const verified = Promise.withResolvers<void>();
  const ready = Promise.withResolvers<void>();
  client.on('handshake', () => verified.resolve());
  client.on('ready', () => ready.resolve());
  try {
    client.connect({
      ...{ sock: socket, username: target.user, algorithms: STRICT_ALGORITHMS, readyTimeout: 0 },
      ...{ keepaliveInterval: KEEPALIVE_MS, keepaliveCountMax: KEEPALIVE_MISSES },
      authHandler: methodsOf(target.user, by.login) as AnyAuthMethod[],
      hostVerifier: (blob: Buffer, verify: (trusted: boolean) => void) => {
        by.judge(hostKeyOf(blob)).then(
          () => verify(true),
          (error: unknown) => {
            ended.reject(error);
            verify(false);
          },
        );
      },
    });
    await within(Promise.race([verified.promise, ended.promise]), { phase, place, deps });
    phase = 'login';
    await within(Promise.race([ready.promise, ended.promise]), { phase, place, deps });
    return client;
  } catch (error) {
    client.destroy();
    throw error;
  }
}

/**
 * Settles as the promise does, or fails with `ssh_timeout` after the phase's patience, or with `ssh_cancelled` where the
 * pool closes.
 */
export async function within<T>(
  promise: Promise<T>,
  { phase, place, deps }: { phase: keyof SshPatience; place: string; deps: Omit<DialDeps, 'resolver'> },
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const ms = deps.patience[phase];
  const cancel = deps.clock.after(ms, () =>
    late.reject(
      new SshError('ssh_timeout', `${place} was silent for ${ms} ms in the phase '${phase}'`, {
        ...{ retry: true, phase },
      }),
    ),
  );
  try {
    return await orCancelled(Promise.race([promise, late.promise]), { signal: deps.stop, place });
  } finally {
    cancel();
  }
}

/** Settles as the promise does, or fails with `ssh_cancelled` as soon as the signal aborts: what was under way goes on. */
export async function orCancelled<T>(
  promise: Promise<T>,
  { signal, place }: { signal: AbortSignal | undefined; place: string },
): Promise<T> {
  if (signal === undefined) return await promise;
  const early = Promise.withResolvers<never>();
  const cancel = () => early.reject(cancelled(place, signal));
  if (signal.aborted) cancel();
  else signal.addEventListener('abort', cancel, { once: true });
  try {
    return await Promise.race([promise, early.promise]);
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

export function cancelled(place: string, signal: AbortSignal | undefined): SshError {
  return new SshError('ssh_cancelled', `what was to be done on ${place} was cancelled`, {
    ...{ retry: false, phase: 'command', cause: signal?.reason },
  });
}

async function openSocket(target: SshTarget, deps: DialDeps): Promise<Socket> {
  const place = placeOf(target);
  const addresses = await within(deps.resolver.addressesOf(target.host), {
    phase: 'resolve',
    place,
    deps,
  }).catch((cause: unknown) => {
    if (cause instanceof EgressRefusedError || cause instanceof SshError) throw cause;
    throw unreachable(place, { phase: 'resolve', cause });
  });
  const socket = connect({ host: addresses[0].address, port: target.port, noDelay: true });
  const opened = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  try {
    await within(opened, { phase: 'connect', place, deps });
    return socket;
  } catch (cause) {
    socket.destroy();
    throw cause instanceof SshError ? cause : unreachable(place, { phase: 'connect', cause });
  }
}

function methodsOf(username: string, login: SshLogin): AnyAuthMethod[] {
  if (login.kind === 'key') return [{ type: 'publickey', username, key: login.privateKey }];
  const { password } = login;
  return [
    { type: 'password', username, password },
    {
      ...{ type: 'keyboard-interactive', username },
      // Answers one hidden question, the password's; anything else (a second factor) is not ours to answer.
      prompt: (...[, , , prompts, finish]) =>
        finish(prompts.length === 1 && prompts[0]?.echo !== true ? [password] : []),
    },
  ];
}

function asSshError(
  error: Error & ClientErrorExtensions,
  { target, phase }: { target: SshTarget; phase: SshPhase },
): SshError {
  const place = placeOf(target);
  if (error.level === 'client-authentication')
    return new SshError(
      'ssh_login_refused',
      `${place} refused the login of ${target.user}: the password or key is not taken there`,
      { retry: false, phase, cause: error },
    );
  if (error.level === 'handshake')
    return new SshError(
      'ssh_algorithms',
      `${place} offers no key exchange, cipher or host key that is taken here: OpenSSH 7.4 or newer is expected`,
      { retry: false, phase, cause: error },
    );
  return lost(place, phase, error);
}

export function lost(place: string, phase: SshPhase, cause?: unknown): SshError {
  return new SshError('ssh_lost', `the connection to ${place} was lost in the phase '${phase}'`, {
    ...{ retry: true, phase, cause },
  });
}

function unreachable(place: string, { phase, cause }: { phase: SshPhase; cause: unknown }): SshError {
  const why = (cause as { code?: string }).code ?? 'no answer';
  return new SshError('ssh_unreachable', `${place} can't be reached: ${why}`, { retry: true, phase, cause });
}
