/**
 * `pnpm build:agent`: `stoa-agent` as one executable file for each platform, from this machine, byte for byte the same from
 * the same sources; beside them what is in them, and the directory that a release is drafted from.
 */
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LAUNCHER_VERSION } from '@stoa/agent/layout';
import { PLATFORMS, type Platform } from '@stoa/protocol/release';
import { buildExecutables, expectReproduced, gatherInputs, papersOf } from './agent-build/build.ts';
import { developmentRoot } from './agent-build/development-root.ts';
import { BuildError } from './agent-build/error.ts';
import { NODE_VERSION } from './agent-build/node-base.ts';
import { isPlatform } from './agent-build/platform.ts';
import { type FileSize, writeRelease } from './agent-build/release-directory.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MAX_BYTES = 110e6;
const MAX_ZSTD_BYTES = 31e6;

const HELP = `Usage: pnpm build:agent [options]

--platform P   linux-x64 or linux-arm64; may come twice (default: both)
--root FILE    root metadata of the releases that the binary takes (default: one of development, whose keys lie in this
               checkout: for tests only, and never signed as an artefact unasked)
--version V    instead of the sources' version
--from DIR     directory of an earlier release: patches from its files are made
--to DIR       default dist
--once         no second build to compare with
--no-release   no release directory, whose compression takes minutes
--json         one JSON object instead of lines
Exit codes: 0 made, 1 not made, 2 wrong use`;

interface Binary {
  readonly platform: Platform;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly zstdBytes: number | undefined;
}

interface Built {
  readonly version: string;
  readonly node: string;
  readonly developmentRoot: boolean;
  readonly reproduced: boolean;
  readonly binaries: readonly Binary[];
  readonly files: readonly FileSize[];
  readonly release: string | undefined;
}

interface Wanted {
  readonly platforms: readonly Platform[];
  readonly root: string | undefined;
  readonly version: string | undefined;
  readonly from: string | undefined;
  readonly to: string;
  readonly once: boolean;
  readonly release: boolean;
}

const say = (line: string): void => console.error(`   ${line}`);

function wanted(argv: readonly string[]): (Wanted & { json: boolean }) | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      platform: { type: 'string', multiple: true },
      root: { type: 'string' },
      version: { type: 'string' },
      from: { type: 'string' },
      to: { type: 'string', default: join(ROOT, 'dist') },
      once: { type: 'boolean', default: false },
      'no-release': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const { root, version, from, to, once, json } = values;
  const release = !values['no-release'];
  const platforms = (values.platform ?? PLATFORMS).map((name) => {
    if (isPlatform(name)) return name;
    throw new RangeError(`--platform ${name}: ${PLATFORMS.join(' or ')} expected`);
  });
  if (version !== undefined && !/^\d{1,5}\.\d{1,5}\.\d{1,5}$/.test(version))
    throw new RangeError(`--version ${version}: a version such as 1.2.3 expected`);
  return { platforms, root, version, from, to, once, release, json };
}

async function build(by: Wanted): Promise<Built> {
  const development = by.root === undefined;
  const root = by.root ?? (await developmentRoot());
  if (development)
    say(
      'ATTENTION: the root is one of development. Whoever has this checkout can sign for it: for tests only',
    );
  const { platforms, to } = by;
  const inputs = await gatherInputs({
    platforms,
    root,
    say,
    ...(by.version !== undefined && { version: by.version }),
  });
  say(`build ${platforms.join(' and ')}`);
  const executables = await buildExecutables(inputs, to);
  if (!by.once) {
    say('build the same again, and compare');
    await expectReproduced(inputs, executables);
  }
  const papers = await papersOf(inputs, executables);
  await writeFile(join(to, 'stoa-agent.cdx.json'), papers.sbom);
  await writeFile(join(to, 'THIRD-PARTY-LICENCES'), papers.licences);
  const release = !by.release
    ? undefined
    : await writeRelease({
        ...{ to: join(to, 'release'), inputs, executables, papers, minLauncher: LAUNCHER_VERSION, say },
        ...(by.from !== undefined && { previous: by.from }),
      });
  const binaries = await Promise.all(
    executables.map(async ({ platform, path, sha256 }): Promise<Binary> => {
      const { size: bytes } = await stat(path);
      const runtime = release?.sizes.find((file) => file.kind === 'runtime' && file.platform === platform);
      return { platform, path, sha256, bytes, zstdBytes: runtime?.sent };
    }),
  );
  for (const binary of binaries) expectSmall(binary);
  return {
    version: inputs.bundles.version,
    node: NODE_VERSION,
    developmentRoot: development,
    reproduced: !by.once,
    binaries,
    files: release?.sizes ?? [],
    release: release?.directory,
  };
}

function expectSmall({ platform, bytes, zstdBytes = 0 }: Binary): void {
  if (bytes <= MAX_BYTES && zstdBytes <= MAX_ZSTD_BYTES) return;
  throw new BuildError(
    'too_big',
    `stoa-agent-${platform} has ${megabytes(bytes)}, ${megabytes(zstdBytes)} compressed; at most ${megabytes(MAX_BYTES)} and ${megabytes(MAX_ZSTD_BYTES)} are allowed`,
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

function describe({ binaries, files, release }: Built): string {
  const lines = binaries.map(
    ({ path, sha256, bytes, zstdBytes }) =>
      `${relative(ROOT, path)}  ${sha256}  ${megabytes(bytes)}${zstdBytes === undefined ? '' : `, zstd-19 ${megabytes(zstdBytes)}`}`,
  );
  for (const { file, kind, bytes, sent } of files)
    if (kind !== 'runtime')
      lines.push(`${file}  ${(bytes / 1e3).toFixed(1)} KB, sent as ${(sent / 1e3).toFixed(1)} KB`);
  if (release !== undefined) lines.push(`Next: stoa-signer release draft --build ${relative(ROOT, release)}`);
  return lines.join('\n');
}

async function main(): Promise<number> {
  let order: ReturnType<typeof wanted>;
  try {
    order = wanted(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    return 2;
  }
  if (order === undefined) {
    console.log(HELP);
    return 0;
  }
  try {
    await mkdir(order.to, { recursive: true });
    const built = await build(order);
    console.log(order.json ? JSON.stringify(built) : describe(built));
    return 0;
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    console.error(`${error.code}: ${error.message}`);
    return 1;
  }
}

process.exitCode = await main();
