import { makeKeyPair, SshError, type SshLogin } from '#seams/ssh-pool/index.ts';
import { VaultError } from '#vault/index.ts';
import type { SeatedKey, SshAccess } from './access-store.ts';
import { BootstrapError } from './error.ts';
import { Remote } from './remote.ts';
import { type SshJob, type SshKit, secretNames } from './ssh-job.ts';

/** $1: our line. The file is replaced whole or not at all: a full disk must not cut off whoever signs in by it. */
const INSTALL = `set -eu
umask 077
mkdir -p "$HOME/.ssh"
cd "$HOME/.ssh"
touch authorized_keys
if grep -qxF -- "$1" authorized_keys; then exit 0; fi
trap 'rm -f authorized_keys.stoa' EXIT
cat authorized_keys >authorized_keys.stoa
[ -z "$(tail -c 1 authorized_keys.stoa)" ] || echo >>authorized_keys.stoa
printf '%s\\n' "$1" >>authorized_keys.stoa
mv authorized_keys.stoa authorized_keys
echo "our key is in authorized_keys"`;

/** $1: the line that goes. */
const REMOVE = `set -eu
umask 077
cd "$HOME/.ssh"
if ! grep -qxF -- "$1" authorized_keys; then exit 0; fi
trap 'rm -f authorized_keys.stoa' EXIT
grep -vxF -- "$1" authorized_keys >authorized_keys.stoa || [ $? = 1 ]
mv authorized_keys.stoa authorized_keys
echo "our former key is out of authorized_keys"`;

/**
 * Puts a key of ours on the host, and takes the one before away once the new one works. Whatever step it is cut off at, it
 * goes on from there: the private half is sealed before the public one leaves, and the row names what is where.
 * @param by.anew where there is a working key already, whether another is wanted.
 */
export async function seatKey(
  access: SshAccess,
  by: { job: SshJob; kit: SshKit; anew: boolean },
): Promise<SshAccess> {
  const { job, kit, anew } = by;
  const again = () => kit.access.ensure(access);
  let row = access;
  const sealed = row.next && (await kit.vault.opens(secretNames.key(row.next.id)));
  if (sealed === false) {
    await makeNext(row, by);
    row = await again();
  }
  const done = row.seatJob === job.row.jobId && row.key !== undefined;
  if (
    row.next === undefined &&
    (row.key === undefined || (anew && !done) || !(await isTaken(row, row.key, by)))
  ) {
    await makeNext(row, by);
    row = await again();
  }
  if (row.next !== undefined) {
    await job.step('install our key', 20);
    await withAnyLogin(row, by, (remote) =>
      remote.user('installing our key', INSTALL, { args: [row.next!.line] }),
    );
    await job.step('sign in by our key', 25);
    await withKey(row, { ...by, key: row.next, fresh: true }, (remote) =>
      remote.user('signing in by our key', 'true'),
    );
    await kit.access.switch(row);
    row = await again();
  }
  if (row.old !== undefined && row.key !== undefined) {
    await job.step('take our former key away', 30);
    const { old } = row;
    await withKey(row, { ...by, key: row.key, fresh: true }, (remote) =>
      remote.user('taking our former key away', REMOVE, { args: [old.line] }),
    );
    await kit.vault.forget(secretNames.key(old.id));
    await kit.access.forgetOld(row);
    row = await again();
  }
  return row;
}

/** Signs in by our key. @throws BootstrapError `no_access` where there is none. */
export async function withAccess<T>(
  access: SshAccess,
  by: { job: SshJob; kit: SshKit; fresh?: boolean },
  act: (remote: Remote) => Promise<T>,
): Promise<T> {
  if (access.key === undefined) throw noAccess(access);
  return await withKey(access, { ...by, key: access.key }, act);
}

/** The one-time password of this job; undefined where none was given, or it was forgotten. */
export async function passwordOf(job: SshJob, kit: SshKit): Promise<string | undefined> {
  const login = await oneTimeLogin(job, kit);
  return login?.kind === 'password' ? login.password : undefined;
}

async function oneTimeLogin(job: SshJob, kit: SshKit): Promise<SshLogin | undefined> {
  const held = await kit.vault.open(secretNames.login(job.row.jobId));
  return held === undefined ? undefined : (JSON.parse(held) as SshLogin);
}

/** A host that was set up anew takes none of our keys. */
async function isTaken(row: SshAccess, key: SeatedKey, by: { job: SshJob; kit: SshKit }): Promise<boolean> {
  try {
    await withKey(row, { ...by, key }, (remote) => remote.user('signing in by our key', 'true'));
    return true;
  } catch (error) {
    if (isNotTaken(error)) return false;
    throw error;
  }
}

async function makeNext(row: SshAccess, { job, kit }: { job: SshJob; kit: SshKit }): Promise<void> {
  const id = Buffer.from(kit.random(4)).toString('hex');
  const pair = makeKeyPair(`stoa-hub:${job.row.owner}@${row.host}:${id}`);
  await kit.access.setNext(
    row,
    { id, line: pair.publicLine },
    {
      jobId: job.row.jobId,
      seal: (tx) => kit.vault.seal(secretNames.key(id), pair.privateKey, tx),
    },
  );
}

/** Also a key whose private half is gone: the hub's key file is another, or the vault has none. */
function isNotTaken(error: unknown): boolean {
  if (error instanceof VaultError) return true;
  if (error instanceof SshError) return error.code === 'ssh_login_refused';
  return error instanceof BootstrapError && error.code === 'no_access';
}

/** By the new key (it may be there already), by those before, or by the password, whichever the host takes. */
async function withAnyLogin<T>(
  row: SshAccess,
  by: { job: SshJob; kit: SshKit },
  act: (remote: Remote) => Promise<T>,
): Promise<T> {
  const keys = [row.next, row.key, row.old].filter((key) => key !== undefined);
  for (const key of keys) {
    try {
      return await withKey(row, { ...by, key, fresh: true }, act);
    } catch (error) {
      if (!isNotTaken(error)) throw error;
    }
  }
  const login = await oneTimeLogin(by.job, by.kit);
  if (login === undefined) throw noAccess(row);
  return await withLogin(row, { ...by, login, fresh: true }, act);
}

async function withKey<T>(
  row: SshAccess,
  by: { job: SshJob; kit: SshKit; key: SeatedKey; fresh?: boolean },
  act: (remote: Remote) => Promise<T>,
): Promise<T> {
  const privateKey = await by.kit.vault.open(secretNames.key(by.key.id));
  if (privateKey === undefined) throw noAccess(row);
  return await withLogin(row, { ...by, login: { kind: 'key', privateKey } }, act);
}

function withLogin<T>(
  row: SshAccess,
  { job, kit, login, fresh }: { job: SshJob; kit: SshKit; login: SshLogin; fresh?: boolean },
  act: (remote: Remote) => Promise<T>,
): Promise<T> {
  const { jobId, kind, createdBy, owner } = job.row;
  const use = { actor: createdBy, reason: kind, subject: row.nodeId ?? jobId, owner };
  const { signal } = job;
  return kit.pool.use(row, { login, use, signal, ...(fresh !== undefined && { fresh }) }, (session) =>
    act(new Remote({ session, signal, say: (line) => job.say(line) })),
  );
}

function noAccess({ user, host, port }: SshAccess): BootstrapError {
  return new BootstrapError(
    'no_access',
    `no key of ours is taken by ${user}@${host}:${port}, and no password was given: start it again with a one-time password`,
    { retry: false },
  );
}
