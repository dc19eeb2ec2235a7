import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Artefact, artefactName, encodeManifest, parseManifest } from '@stoa/protocol';
import { bundleAgent, bundleAgentRoot } from './bundle.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const ARCHITECTURES = ['x64', 'arm64'] as const;
const PROGRAMS = ['stoa-agent.cjs', 'stoa-agent-root.cjs'];
const run = promisify(execFile);

export interface BuiltArtefacts {
  /** Where manifest and archives lie: `to`/VERSION. */
  readonly directory: string;
  readonly version: string;
  readonly artefacts: readonly Artefact[];
}

/** The pinned Node of each architecture that is installed here. */
async function nodesHere(): Promise<{ platform: string; binary: string; version: string }[]> {
  const { resolve } = createRequire(import.meta.url);
  const found = ARCHITECTURES.map(async (architecture) => {
    try {
      const manifest = resolve(`node-linux-${architecture}/package.json`);
      const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
      return { platform: `linux-${architecture}`, binary: join(dirname(manifest), 'bin/node'), version };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return [];
      throw error;
    }
  });
  return (await Promise.all(found)).flat();
}

/** Makes what is not there yet, byte for byte the same from the same sources. @param by.level of gzip, 1 to 9 */
export async function buildArtefacts(by: { to: string; level: number }): Promise<BuiltArtefacts> {
  const { version } = JSON.parse(await readFile(join(ROOT, 'packages/agent/package.json'), 'utf8')) as {
    version: string;
  };
  const directory = join(by.to, version);
  await mkdir(by.to, { recursive: true });
  const work = await mkdtemp(join(by.to, '.build-'));
  try {
    const bundles = PROGRAMS.map((name) => join(work, name));
    await Promise.all([
      bundleAgent(join(work, 'stoa-agent.cjs')),
      bundleAgentRoot(join(work, 'stoa-agent-root.cjs')),
    ]);
    const nodes = await nodesHere();
    const programs = await Promise.all(bundles.map(sha256));
    const inputs = `${programs.join(' ')} ${nodes.map((node) => `${node.platform}-${node.version}`).join(' ')} ${by.level}\n`;
    if ((await textOf(join(directory, 'inputs'))) === inputs)
      return { directory, ...parseManifest(await readFile(join(directory, 'manifest'))) };
    const staged = join(work, version);
    await mkdir(staged);
    const artefacts: Artefact[] = [];
    for (const node of nodes) {
      const path = join(staged, artefactName(version, node.platform));
      await pack({ ...node, bundles, work, version, path, level: by.level });
      artefacts.push({ platform: node.platform, sha256: await sha256(path), size: (await stat(path)).size });
    }
    await writeFile(join(staged, 'manifest'), encodeManifest({ version, artefacts }));
    await writeFile(join(staged, 'inputs'), inputs);
    // Whole or not at all: a hub may be serving from here.
    await rm(directory, { recursive: true, force: true });
    await rename(staged, directory);
    return { directory, version, artefacts };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** One folder with the agent and its Node; owner, times and order say nothing of the machine that built it. */
async function pack(by: {
  work: string;
  bundles: readonly string[];
  binary: string;
  version: string;
  path: string;
  level: number;
}): Promise<void> {
  const folder = `stoa-agent-${by.version}`;
  const content = join(by.work, folder);
  await mkdir(join(content, 'bin'), { recursive: true });
  for (const bundle of by.bundles) await copyFile(bundle, join(content, basename(bundle)));
  await copyFile(by.binary, join(content, 'bin/node'));
  await run('chmod', ['755', join(content, 'bin/node')]);
  await run('chmod', ['644', ...PROGRAMS.map((name) => join(content, name))]);
  const same = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=go-w'];
  const gzip = `gzip -n -${by.level}`;
  await run('tar', [...same, '-I', gzip, '-cf', by.path, '-C', by.work, folder]);
  await rm(content, { recursive: true });
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
