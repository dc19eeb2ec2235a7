import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Artefact, artefactName, encodeManifest, parseManifest } from '@stoa/protocol';
import { type Platform, peekRoot } from '@stoa/protocol/release';
import {
  type AgentInputs,
  buildExecutables,
  gatherInputs,
  type Papers,
  papersOf,
} from './agent-build/build.ts';
import type { Executable } from './agent-build/executables.ts';
import { sha256Of, textOf } from './agent-build/files.ts';
import type { Say } from './agent-build/platform.ts';

const GUARD = fileURLToPath(new URL('../packages/agent/src/launcher/guard.sh', import.meta.url));
/** Of what is made here, beside its inputs: raised when the same inputs are to give another archive. */
const FORM = 3;
const run = promisify(execFile);

export interface BuiltArtefacts {
  /** Where manifest and archives lie: `to`/VERSION. */
  readonly directory: string;
  readonly version: string;
  readonly artefacts: readonly Artefact[];
}

export interface ArtefactOrder {
  readonly to: string;
  readonly platforms: readonly Platform[];
  /** File of the root whose releases the binary takes. */
  readonly root: string;
  /** Of gzip, 1 to 9. */
  readonly level: number;
  /** For development: what a machine lacks to make it small is done without. */
  readonly lenient: boolean;
  readonly say: Say;
}

/** Makes what is not there yet, byte for byte the same from the same sources. @throws BuildError */
export async function buildArtefacts(order: ArtefactOrder): Promise<BuiltArtefacts> {
  const { to, platforms, root, level, lenient, say } = order;
  await mkdir(to, { recursive: true });
  const inputs = await gatherInputs({ platforms, root, lenient, say });
  const { version } = inputs.bundles;
  const directory = join(to, version);
  const hash = await hashOf(inputs, level);
  if ((await textOf(join(directory, 'inputs'))) === hash)
    return { directory, ...parseManifest(await readFile(join(directory, 'manifest'))) };
  const work = await mkdtemp(join(to, '.build-'));
  try {
    const executables = await buildExecutables(inputs, work);
    const papers = await papersOf(inputs, executables);
    const staged = join(work, version);
    await mkdir(staged);
    const artefacts: Artefact[] = [];
    for (const executable of executables) {
      const path = join(staged, artefactName(version, executable.platform));
      await pack({ executable, papers, work, version, path, level });
      const [sha256, { size }] = await Promise.all([sha256Of(path), stat(path)]);
      artefacts.push({ platform: executable.platform, sha256, size });
    }
    const { sha256, development } = peekRoot(inputs.content.root);
    const manifest = encodeManifest({ version, releaseRoot: { sha256, development }, artefacts });
    await writeFile(join(staged, 'manifest'), manifest);
    // Beside what is signed: whoever signs is asked whether he means it, where it is one of development.
    await writeFile(join(staged, 'root.json'), inputs.content.root);
    await writeFile(join(staged, 'inputs'), hash);
    // Whole or not at all: a hub may be serving from here.
    await rm(directory, { recursive: true, force: true });
    await rename(staged, directory);
    return { directory, version, artefacts };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function hashOf({ bases, content }: AgentInputs, level: number): Promise<string> {
  const hash = createHash('sha256').update(`${FORM} ${level} `);
  for (const bytes of [content.launcher, content.payload, content.root, await readFile(GUARD)])
    hash.update(createHash('sha256').update(bytes).digest());
  for (const { platform, binary } of bases) hash.update(`${platform} ${await sha256Of(binary)} `);
  return `${hash.digest('hex')}\n`;
}

/** One folder; owner, times and order say nothing of the machine that built it. */
async function pack(by: {
  executable: Executable;
  papers: Papers;
  work: string;
  version: string;
  path: string;
  level: number;
}): Promise<void> {
  const { executable, papers, work, version, path, level } = by;
  const folder = `stoa-agent-${version}`;
  const content = join(work, folder);
  await mkdir(content);
  const program = join(content, 'stoa-agent');
  await rename(executable.path, program);
  await cp(GUARD, join(content, 'guard.sh'));
  await writeFile(join(content, 'THIRD-PARTY-LICENCES'), papers.licences);
  await writeFile(join(content, 'stoa-agent.cdx.json'), papers.sbom);
  for (const name of ['guard.sh', 'THIRD-PARTY-LICENCES', 'stoa-agent.cdx.json'])
    await chmod(join(content, name), 0o644);
  await chmod(program, 0o755);
  const same = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=go-w'];
  await run('tar', [...same, '-I', `gzip -n -${level}`, '-cf', path, '-C', work, folder]);
  await rm(content, { recursive: true });
}
