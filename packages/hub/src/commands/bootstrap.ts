import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { type HostLine, parseHostList, type ShownHost } from '../bootstrap/index.ts';
import { HubError } from '../error.ts';
import type { SshLogin } from '../seams/ssh-pool/index.ts';
import type { CommandContext } from './context.ts';
import { askSecret, confirm } from './prompt.ts';
import { withSsh } from './ssh-bench.ts';
import { followSshJobs, type Submitted } from './ssh-follow.ts';
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

type Wanted = HostLine & { readonly login: SshLogin };

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
  await withSsh(context, async ({ desk }, jobs) => {
    const shown: { line: HostLine; host: ShownHost }[] = [];
    for (const line of lines) shown.push({ line, host: await desk.look(jobs.viewer, line) });
    await accept(
      context,
      shown.map((each) => each.host),
      options,
    );
    const wanted = await withLogins(context, lines, options);
    const submitted: Submitted[] = [];
    for (const [at, line] of wanted.entries()) {
      const { key, place } = shown[at]!.host;
      // Asked for at once, and not when the whole list was typed in: a person had five minutes for it.
      const viewer = { ...jobs.viewer, confirmedAt: jobs.now() };
      const request = { ...line, owner, fingerprint: key.fingerprint };
      submitted.push({ jobId: await desk.bootstrap(viewer, request), place });
    }
    await followSshJobs(context, jobs, { submitted, wait: options.wait });
  });
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

/** @throws HubError `host_key_unknown` where nobody vouches for a key: nothing was sent to any host then. */
async function accept(
  context: CommandContext,
  shown: readonly ShownHost[],
  { hostKey, yesKnown }: BootstrapOptions,
): Promise<void> {
  const open = shown.filter(
    ({ key, pinned }) => key.fingerprint !== hostKey && !(yesKnown && pinned === key.fingerprint),
  );
  if (open.length === 0) return;
  if (hostKey !== undefined || yesKnown) {
    const [{ place, key, pinned }] = open as [ShownHost];
    throw new HubError(
      'host_key_unknown',
      `${place} shows the key ${key.fingerprint}, ${pinned === undefined ? 'which nobody accepted yet' : `not ${pinned}, which was accepted before`}: compare it on the host, then name it by --host-key`,
      { retry: false },
    );
  }
  const rows = open.map(({ place, key, pinned }) => [
    place,
    key.type,
    key.fingerprint,
    standing(key, pinned),
  ]);
  for (const line of table(['HOST', 'TYPE', 'FINGERPRINT', 'BEFORE'], rows))
    context.stdout.write(`${line}\n`);
  context.stdout.write('On the host: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub\n');
  const question =
    open.length === 1 ? 'Is this the key of the host?' : `Are these the keys of all ${open.length} hosts?`;
  if (!(await confirm(context, question)))
    throw new HubError('not_confirmed', 'nothing was sent to any host', { retry: false });
}

function standing(key: ShownHost['key'], pinned: string | undefined): string {
  if (pinned === undefined) return 'new here';
  return pinned === key.fingerprint ? 'the same' : `ANOTHER: ${pinned}`;
}

async function withLogins(
  context: CommandContext,
  lines: readonly HostLine[],
  { key, passwordStdin }: BootstrapOptions,
): Promise<readonly Wanted[]> {
  const given = await loginOf(context, { key, passwordStdin });
  const wanted: Wanted[] = [];
  for (const line of lines) {
    const own: SshLogin | undefined =
      line.password === '' ? given : { kind: 'password', password: line.password };
    const login = own ?? (await askLogin(context, line));
    wanted.push({ ...line, login });
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
