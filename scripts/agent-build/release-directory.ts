import { cp, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BUILD_FILE, type BuiltFile, formatBuild } from '@stoa/protocol/release';
import type { AgentInputs, Papers } from './build.ts';
import { compress, patch } from './compression.ts';
import type { Executable } from './executables.ts';
import { sha256Of } from './files.ts';
import { NODE_VERSION } from './node-base.ts';
import type { Say } from './platform.ts';

const SBOM = 'stoa-agent.cdx.json';

/** What a release moves, in bytes. */
export interface FileSize extends BuiltFile {
  readonly bytes: number;
  /** Of `FILE.zst` beside it; a patch is sent as it is. */
  readonly sent: number;
}

/**
 * What holders of keys draft a release from: `to`/VERSION with its description. Nothing of it is trusted: who signs hashes
 * the files, and who checks builds the same again.
 * @param by.previous Directory of an earlier release, from whose files patches are made.
 */
export async function writeRelease(by: {
  to: string;
  inputs: AgentInputs;
  executables: readonly Executable[];
  papers: Papers;
  minLauncher: string;
  previous?: string;
  say: Say;
}): Promise<{ directory: string; sizes: FileSize[] }> {
  const { inputs, papers, minLauncher, previous, say } = by;
  const { version } = inputs.bundles;
  const directory = join(by.to, version);
  const at = (file: string): string => join(directory, file);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const files: BuiltFile[] = [];
  const sizes: FileSize[] = [];
  const add = async (built: BuiltFile, sent: number): Promise<void> => {
    files.push(built);
    sizes.push({ ...built, bytes: (await stat(at(built.file))).size, sent });
  };
  const packed = async (built: BuiltFile): Promise<void> => {
    say(`compress ${built.file}`);
    await add(built, await compress(at(built.file), at(`${built.file}.zst`)));
  };
  const patched = async (built: Pick<BuiltFile, 'kind' | 'platform'>, of: string): Promise<void> => {
    if (previous === undefined) return;
    const base = join(previous, of);
    const file = `${built.kind}-${built.platform}`;
    say(`make ${file} from ${base}`);
    const sent = await patch({ from: base, to: at(of), out: at(file) });
    await add({ ...built, file, from: await sha256Of(base) }, sent);
  };
  for (const { platform, path } of by.executables) {
    await writeFile(at(`payload-${platform}.cjs`), inputs.content.payload);
    await packed({ kind: 'payload', platform, file: `payload-${platform}.cjs` });
    await patched({ kind: 'payload-patch', platform }, `payload-${platform}.cjs`);
    await cp(path, at(`runtime-${platform}`));
    await packed({ kind: 'runtime', platform, file: `runtime-${platform}` });
    await patched({ kind: 'runtime-patch', platform }, `runtime-${platform}`);
  }
  await writeFile(at(SBOM), papers.sbom);
  await writeFile(at('THIRD-PARTY-LICENCES'), papers.licences);
  await writeFile(
    at(BUILD_FILE),
    formatBuild({ version, node: NODE_VERSION, minLauncher, files, sbom: SBOM }),
  );
  return { directory, sizes };
}
