import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { mapAtOnce } from '../at-once.ts';
import { type HostLine, isOfHost, parseHostList, type ShownHost } from '../bootstrap/index.ts';
import { HubError } from '../error.ts';
import { placeOf, type SshLogin, type SshTarget } from '../seams/ssh-pool/index.ts';
import type { CommandContext } from './context.ts';
import { askSecret, confirm } from './prompt.ts';
import { withSsh } from './ssh-bench.ts';
import { followSshJobs, type Refused } from './ssh-follow.ts';
import { printable, table } from './table.ts';

export interface BootstrapOptions {
  readonly owner: string;
  readonly user: string;
  readonly port: string;
  readonly label: string;
  readonly passwordStdin: boolean;
  readonly key?: string;
  readonly csv?: string;
  readonly hostKey?: string;
  readonly yesKnown: boolean;
  readonly wait: boolean;
}

interface Looked {
  readonly line: HostLine;
  readonly host: ShownHost;
}
type Wanted = Looked & { readonly login: SshLogin };

const AT_ONCE = 16;

/**
 * `stoa-hub bootstrap`: shows the keys of the hosts, and sends nothing to a host whose key nobody accepted.
 * Passwords and keys come from files, a pipe or the terminal: other users of this machine see what a command is given.
 */
export async function bootstrap(
  context: CommandContext,
  host: string | undefined,
  options: BootstrapOptions,
): Promise<void> {
  const lines = await hostsOf(host, options);
  const owner = options.owner.trim().toLowerCase();
  if (!/^[^\s@]+@[^\s@]+$/.test(owner))
    throw badOption(`--owner ${options.owner}: the e-mail address of an account is expected`);
  await withSsh(context, async ({ desk }, { reader, viewer, now }) => {
    // Whoever sits here is there at each host, however long the list is.
    const present = () => ({ ...viewer, confirmedAt: now() });
    const looked = await eachHost(
      lines.map((line) => ({ line })),
      async ({ line }) => ({ line, host: await desk.look(present(), line) }),
    );
    const accepted = await accept(context, looked.done, options);
    const wanted = await withLogins(context, accepted.done, options);
    const asked = await eachHost(wanted, async ({ line, host: { key, place }, login }) => {
      const request = { ...line, owner, login, fingerprint: key.fingerprint };
      return { jobId: await desk.bootstrap(present(), request), place };
    });
    const refused = [...looked.refused, ...accepted.refused, ...asked.refused];
    await followSshJobs(context, { reader, viewer }, { submitted: asked.done, refused, wait: options.wait });
  });
}

/** Sixteen at once. What one host is refused by ends nothing for the others. */
async function eachHost<T extends { readonly line: SshTarget }, R>(
  hosts: readonly T[],
  act: (host: T) => Promise<R>,
): Promise<{ done: R[]; refused: Refused[] }> {
  const refused: Refused[] = [];
  const done = await mapAtOnce(hosts, AT_ONCE, async (host) => {
    try {
      return [await act(host)];
    } catch (error) {
      if (!isOfHost(error)) throw error;
      refused.push({ place: placeOf(host.line), error });
      return [];
    }
  });
  return { done: done.flat(), refused };
}

async function hostsOf(host: string | undefined, options: BootstrapOptions): Promise<readonly HostLine[]> {
  const { csv, port, user, label } = options;
  if ((host === undefined) === (csv === undefined))
    throw badOption('name one HOST, or many by --csv FILE: host,port,user,password,label a line');
  if (csv !== undefined) {
    if (options.hostKey !== undefined) throw badOption('--host-key is for one host: name it, without --csv');
    if (options.passwordStdin)
      throw badOption('--password-stdin is for one host: --csv has a column for passwords');
    return parseHostList(await readFile(csv, 'utf8'));
  }
  if (!/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65_535)
    throw badOption(`--port=${port}: a whole number from 1 to 65535 expected`);
  return [{ host: host!, port: Number(port), user, password: '', label }];
}

/**
 * What nobody vouches for is left out, and nothing is sent to it. At a terminal a person vouches, for all or for none.
 * @throws HubError `not_confirmed`.
 */
async function accept(
  context: CommandContext,
  looked: readonly Looked[],
  { hostKey, yesKnown }: BootstrapOptions,
): Promise<{ done: readonly Looked[]; refused: readonly Refused[] }> {
  const isKnown = ({ host: { key, pinned } }: Looked) =>
    key.fingerprint === hostKey || (yesKnown && pinned === key.fingerprint);
  const open = looked.filter((each) => !isKnown(each));
  if (open.length === 0) return { done: looked, refused: [] };
  if (hostKey !== undefined || yesKnown)
    return {
      done: looked.filter(isKnown),
      refused: open.map(({ host }) => ({ place: host.place, error: unknownKey(host) })),
    };
  const rows = open.map(({ host: { place, key, pinned } }) => [
    place,
    key.type,
    key.fingerprint,
    standing(key, pinned),
  ]);
  for (const line of table(['HOST', 'TYPE', 'FINGERPRINT', 'BEFORE'], rows))
    context.stdout.write(`${line}\n`);
  context.stdout.write('On the host: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\n');
  context.stdout.write('From then on the hub has a key to it and is root there without a password.\n');
  const question =
    open.length === 1 ? 'Is this the key of the host?' : `Are these the keys of all ${open.length} hosts?`;
  if (!(await confirm(context, question)))
    throw new HubError('not_confirmed', 'nothing was sent to any host', { retry: false });
  return { done: looked, refused: [] };
}

function unknownKey({ place, key, pinned }: ShownHost): HubError {
  const before =
    pinned === undefined ? 'which nobody accepted yet' : `not ${pinned}, which was accepted before`;
  return new HubError(
    'host_key_unknown',
    `${place} shows the key ${key.fingerprint}, ${before}: compare it on the host, then name it by --host-key`,
    { retry: false },
  );
}

function standing(key: ShownHost['key'], pinned: string | undefined): string {
  if (pinned === undefined) return 'new here';
  return pinned === key.fingerprint ? 'the same' : `ANOTHER: ${pinned}`;
}

async function withLogins(
  context: CommandContext,
  accepted: readonly Looked[],
  { key, passwordStdin }: BootstrapOptions,
): Promise<readonly Wanted[]> {
  const given = await loginOf(context, { key, passwordStdin });
  const wanted: Wanted[] = [];
  for (const { line, host } of accepted) {
    const own: SshLogin | undefined =
      line.password === '' ? given : { kind: 'password', password: line.password };
    const login = own ?? (await askLogin(context, line));
    wanted.push({ line, host, login });
  }
  return wanted;
}

async function loginOf(
  { stdin }: CommandContext,
  { key, passwordStdin }: { key: string | undefined; passwordStdin: boolean },
): Promise<SshLogin | undefined> {
  if (key !== undefined) return { kind: 'key', privateKey: await readFile(key, 'utf8') };
  if (!passwordStdin) return undefined;
  const password = (await text(stdin)).replace(/\r?\n$/, '');
  if (password === '') throw badOption('--password-stdin: the standard input is empty');
  return { kind: 'password', password };
}

async function askLogin(context: CommandContext, { user, host }: HostLine): Promise<SshLogin> {
  const question = `Password of ${printable(user)} on ${printable(host)}, used once: `;
  return {
    kind: 'password',
    password: await askSecret(context, question, 'name --key FILE or --password-stdin'),
  };
}

function badOption(message: string): HubError {
  return new HubError('bad_option', message, { retry: false });
}
