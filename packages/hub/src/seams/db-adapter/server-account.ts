import { chown, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseError } from './error.ts';

/** The account under which the embedded server runs when the hub itself is root, which PostgreSQL refuses to be. */
export interface ServerAccount {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** A package may bring `stoa-hub`; Debian's PostgreSQL brings `postgres`; `nobody` is everywhere. */
const PREFERRED = ['stoa-hub', 'postgres', 'nobody'];

/**
 * PostgreSQL looks its own uid up, so only accounts with a passwd entry serve. A cluster keeps the owner it was made
 * by: a hub that was a plain user's and is started once by root stays usable for that user.
 */
export async function serverAccount(cluster: string): Promise<ServerAccount> {
  const accounts = await passwdAccounts();
  const owner = await stat(cluster).then(
    ({ uid }) => uid,
    () => 0,
  );
  const account =
    accounts.find(({ uid }) => uid !== 0 && uid === owner) ??
    PREFERRED.map((name) => accounts.find((account) => account.name === name)).find(
      (found) => found !== undefined,
    );
  if (account) return account;
  throw new DatabaseError(
    'database_start_failed',
    `PostgreSQL can't run as root and /etc/passwd has none of ${PREFERRED.join(', ')}: add one (useradd --system stoa-hub), or start the hub as a plain user.`,
  );
}

async function passwdAccounts(): Promise<ServerAccount[]> {
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n');
  return lines.flatMap((line) => {
    const [name, , uid, gid] = line.split(':');
    return name && uid && gid ? [{ name, uid: Number(uid), gid: Number(gid) }] : [];
  });
}

/** @throws {DatabaseError} naming the first directory above `path` that the account can't pass. */
export async function requireTraversable(path: string, account: ServerAccount): Promise<void> {
  for (let parent = dirname(path); ; parent = dirname(parent)) {
    const { uid, gid, mode } = await stat(parent);
    const execute = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if (!(mode & execute)) {
      throw new DatabaseError(
        'data_directory_unusable',
        `The database server runs as '${account.name}', which can't pass ${parent} on its way to ${path}: chmod o+x ${parent}, or choose a data directory elsewhere.`,
      );
    }
    if (parent === dirname(parent)) return;
  }
}

/** Links are skipped: their own owner has no meaning, and following them would leave the tree. */
export async function chownTree(root: string, { uid, gid }: ServerAccount): Promise<void> {
  await chown(root, uid, gid);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await chown(join(entry.parentPath, entry.name), uid, gid);
  }
}
