import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Platform } from '@stoa/protocol/release';
import { BuildError } from './error.ts';
import { exists, sha256Of } from './files.ts';
import { lockedIntegrity } from './lockfile.ts';
import { HOST_PLATFORM, type Say } from './platform.ts';

const run = promisify(execFile);

export const NODE_VERSION = '24.21.0';

/** SHA-256 of `bin/node`, as the two packages of the lockfile bring it. */
const PINNED: Readonly<Record<Platform, string>> = {
  'linux-x64': '7fde7b8afa198da66257f42ee2001d874c7355631e6d1579a5fb5ef1f246df4c',
  'linux-arm64': '0f8949d1028f6d61506b2d5bc57e7e6fe893d7b1997509b7847294fc9c616584',
};
const STRIP: Readonly<Record<Platform, string>> = {
  'linux-x64': 'x86_64-linux-gnu-strip',
  'linux-arm64': 'aarch64-linux-gnu-strip',
};

/** The Node that a binary is made of. */
export interface NodeBase {
  readonly platform: Platform;
  /** Stripped, before anything is injected: a binary that is stripped afterwards dies at its start. */
  readonly binary: string;
  readonly licence: string;
  /** The program that stripped it, since another version may leave other bytes; `nothing` where none was there. */
  readonly strippedBy: string;
}

export interface BaseOptions {
  readonly say: Say;
  /** Without the program that strips, 18 MB more are taken along instead of none made: for development. */
  readonly lenient?: boolean;
  readonly cache?: string;
}

/**
 * Made once a machine, below the user's cache: outside of the checkout, so that a fresh one builds in seconds, and outside
 * of node_modules, where its `node` would stand in the way of the one that runs the scripts.
 * @throws BuildError `node_unavailable`, `node_not_pinned`, `tool_missing`
 */
export async function nodeBase(platform: Platform, options: BaseOptions): Promise<NodeBase> {
  const { say, lenient = false, cache = join(homedir(), '.cache/stoa-agent-build') } = options;
  const strip = await stripOf(platform);
  if (strip === undefined && !lenient) throw noStrip(platform);
  const strippedBy = strip?.version ?? 'nothing';
  const directory = join(
    cache,
    `node-${NODE_VERSION}-${platform}-${PINNED[platform].slice(0, 12)}-${strippedBy}`,
  );
  const base = {
    platform,
    binary: join(directory, 'node'),
    licence: join(directory, 'LICENSE'),
    strippedBy,
  };
  if (await exists(directory)) return base;
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, '.node-'));
  try {
    const source = (await installed(platform)) ?? (await packed(platform, work, say));
    const raw = join(source, 'bin/node');
    const sha256 = await sha256Of(raw);
    if (sha256 !== PINNED[platform])
      throw new BuildError(
        'node_not_pinned',
        `Node of ${raw} has the SHA-256 ${sha256}, ${PINNED[platform]} is pinned for ${NODE_VERSION} on ${platform}: install it again, or pin what the lockfile now names`,
      );
    const made = join(work, 'made');
    await mkdir(made);
    if (strip === undefined) await copyFile(raw, join(made, 'node'), constants.COPYFILE_FICLONE);
    else {
      say(`strip Node ${NODE_VERSION} for ${platform}`);
      await run(strip.program, ['-o', join(made, 'node'), raw]);
    }
    await copyFile(join(source, 'LICENSE'), join(made, 'LICENSE'), constants.COPYFILE_FICLONE);
    await rename(made, directory).catch(async (cause: unknown) => {
      // Another build was as far at the same moment; its bytes are the same.
      if (!(await exists(directory))) throw cause;
    });
    return base;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The package as pnpm has installed it, checked against the lockfile there; undefined where it is another machine's. */
async function installed(platform: Platform): Promise<string | undefined> {
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-${platform}/package.json`);
    const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
    return version === NODE_VERSION ? dirname(manifest) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

async function packed(platform: Platform, work: string, say: Say): Promise<string> {
  const name = `node-${platform}@${NODE_VERSION}`;
  const integrity = await lockedIntegrity(name);
  say(`fetch ${name} (52 MB)`);
  const tarball = join(work, `${name.replace('@', '-')}.tgz`);
  try {
    await run('npm', ['pack', '--silent', '--pack-destination', work, name], { timeout: 600_000 });
  } catch (cause) {
    throw new BuildError(
      'node_unavailable',
      `${name} cannot be fetched, and the binary for ${platform} is made of it: run it again with a network, or build --platform ${HOST_PLATFORM} alone`,
      { retry: true, cause },
    );
  }
  const found = `sha512-${createHash('sha512')
    .update(await readFile(tarball))
    .digest('base64')}`;
  if (found !== integrity)
    throw new BuildError(
      'node_not_pinned',
      `${name} came as ${found}, the lockfile says ${integrity}: refused`,
    );
  await run('tar', ['-xzf', tarball, '-C', work, 'package/bin/node', 'package/LICENSE']);
  return join(work, 'package');
}

async function stripOf(platform: Platform): Promise<{ program: string; version: string } | undefined> {
  const names = platform === HOST_PLATFORM ? [STRIP[platform], 'strip'] : [STRIP[platform]];
  for (const program of names) {
    const said = await run(program, ['--version']).catch(() => undefined);
    const version = /\b(\d+\.\d+(?:\.\d+)?)\s*$/m.exec(said?.stdout.split('\n')[0] ?? '')?.[1];
    if (version !== undefined) return { program, version: `binutils-${version}` };
  }
  return undefined;
}

function noStrip(platform: Platform): BuildError {
  const pkg = `binutils-${platform === 'linux-arm64' ? 'aarch64' : 'x86-64'}-linux-gnu`;
  return new BuildError('tool_missing', `${STRIP[platform]} is not installed: sudo apt-get install ${pkg}`);
}
