import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { formatStatement } from '@stoa/protocol';
import type { HubHome } from './hub-process.ts';

const BUILD = fileURLToPath(new URL('../../scripts/artefact.ts', import.meta.url));
/** The archive takes seconds to make: once for all tests, as long as the agent is the same. */
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/artefacts', import.meta.url));

export interface AgentRelease {
  /** Where the hub reads it. */
  readonly directory: string;
  readonly version: string;
  readonly archive: string;
  /** As it is served. */
  readonly statement: string;
}

/** The real agent, signed by the region's own key, where the hub of `home` looks for it. */
export async function publishAgent(home: Pick<HubHome, 'dataDir' | 'region'>): Promise<AgentRelease> {
  const version = await buildAgent();
  const directory = join(home.dataDir, 'artefacts', version);
  await mkdir(join(home.dataDir, 'artefacts'));
  await cp(join(CACHE, version), directory, { recursive: true });
  const manifest = await readFile(join(directory, 'manifest'));
  const statement = formatStatement({ ...(await home.region.service.attest(manifest)), manifest });
  await writeFile(join(directory, 'statement'), statement);
  return { directory, version, archive: await archiveIn(directory), statement };
}

/** Puts the release below `root` where install.sh puts what it has fetched, so that it need not fetch it. */
export async function preinstallAgent({ archive }: AgentRelease, root: string): Promise<void> {
  const prefix = join(root, 'opt/stoa-agent');
  await mkdir(prefix, { recursive: true });
  const tar = ['-xzf', archive, '--strip-components=1', '--no-same-owner', '-C', prefix];
  await promisify(execFile)('tar', tar);
  await promisify(execFile)('chmod', ['-R', 'u=rwX,go=rX', root]);
  const hash = createHash('sha256').update(await readFile(archive));
  await writeFile(join(prefix, '.sha256'), `${hash.digest('hex')}\n`);
  await writeFile(join(prefix, '.stoa-agent'), '');
}

/** As install.sh puts it in its place: the program and what is beside it, in `directory`. */
export async function unpackAgent(directory: string): Promise<void> {
  const archive = await archiveIn(join(CACHE, await buildAgent()));
  await promisify(execFile)('tar', ['-xzf', archive, '--strip-components=1', '-C', directory]);
}

/** The version of what lies in the cache by then. */
async function buildAgent(): Promise<string> {
  // One at a time: the others find it made.
  await mkdir(CACHE, { recursive: true });
  await promisify(execFile)('flock', [
    CACHE,
    process.execPath,
    BUILD,
    '--to',
    CACHE,
    '--fast',
    '--development',
  ]);
  const [version] = (await readdir(CACHE)).filter((name) => /^\d/.test(name));
  if (version === undefined) throw new Error(`${BUILD} left no release in ${CACHE}`);
  return version;
}

async function archiveIn(directory: string): Promise<string> {
  const name = (await readdir(directory)).find((entry) => entry.endsWith('.tar.gz'));
  if (name === undefined) throw new Error(`no archive in ${directory}`);
  return join(directory, name);
}
