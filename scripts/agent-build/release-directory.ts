import { cp, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentInputs, Papers } from './build.ts';
import { compress, patch } from './compression.ts';
import type { Executable } from './executables.ts';
import { sha256Of } from './files.ts';
import { NODE_VERSION } from './node-base.ts';
import type { Platform, Say } from './platform.ts';

/** One file that a release may carry, as its signed target will describe it. */
export interface ReleaseFile {
  /** In the directory; `FILE.zst` beside it is the same, compressed. */
  readonly file: string;
  /** `payload/1.2.3/linux-x64`. */
  readonly path: string;
  readonly kind: 'payload' | 'runtime' | 'runtime-patch';
  readonly platform: Platform;
  /** Hex, of the file; of a patch, of what it makes. */
  readonly sha256: string;
  readonly length: number;
  /** Bytes that are sent: of `FILE.zst`, or of the patch. */
  readonly sent: number;
  /** SHA-256 in hex of the runtime that a patch applies to. */
  readonly from?: string;
}

export interface ReleaseIndex {
  readonly version: string;
  readonly node: string;
  /** Oldest launcher that knows how to start the payload. */
  readonly minLauncher: string;
  readonly sbom: string;
  readonly files: readonly ReleaseFile[];
}

export const INDEX_FILE = 'release.json';

/**
 * What holders of keys draft a release from: `to`/VERSION with an index. Nothing of it is trusted: who signs looks at the
 * hashes, and who checks builds the same again.
 * @param by.previous Directory of an earlier release, whose runtimes patches are made from.
 */
export async function writeRelease(by: {
  to: string;
  inputs: AgentInputs;
  executables: readonly Executable[];
  papers: Papers;
  minLauncher: string;
  previous?: string;
  say: Say;
}): Promise<{ directory: string; index: ReleaseIndex }> {
  const { inputs, executables, papers, say } = by;
  const { version } = inputs.bundles;
  const directory = join(by.to, version);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const files: ReleaseFile[] = [];
  const described = async (kind: 'payload' | 'runtime', platform: Platform, file: string): Promise<void> => {
    const path = join(directory, file);
    say(`compress ${file}`);
    const sent = await compress(path, `${path}.zst`);
    const [{ size: length }, sha256] = await Promise.all([stat(path), sha256Of(path)]);
    files.push({ file, path: `${kind}/${version}/${platform}`, kind, platform, sha256, length, sent });
  };
  for (const { platform, path, sha256 } of executables) {
    await writeFile(join(directory, `payload-${platform}.cjs`), inputs.content.payload);
    await described('payload', platform, `payload-${platform}.cjs`);
    await cp(path, join(directory, `runtime-${platform}`));
    await described('runtime', platform, `runtime-${platform}`);
    if (by.previous === undefined) continue;
    const base = join(by.previous, `runtime-${platform}`);
    const file = `runtime-patch-${platform}`;
    say(`make ${file} from ${base}`);
    const sent = await patch({ from: base, to: path, out: join(directory, file) });
    const [{ size: length }, from] = await Promise.all([stat(path), sha256Of(base)]);
    const target = { path: `runtime-patch/${version}/${platform}`, kind: 'runtime-patch', platform } as const;
    files.push({ file, ...target, sha256, length, sent, from });
  }
  await writeFile(join(directory, 'stoa-agent.cdx.json'), papers.sbom);
  await writeFile(join(directory, 'THIRD-PARTY-LICENCES'), papers.licences);
  const { minLauncher } = by;
  const index: ReleaseIndex = {
    version,
    node: NODE_VERSION,
    minLauncher,
    sbom: 'stoa-agent.cdx.json',
    files,
  };
  await writeFile(join(directory, INDEX_FILE), `${JSON.stringify(index, null, 2)}\n`);
  return { directory, index };
}
