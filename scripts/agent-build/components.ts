import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { AgentBundles } from './bundles.ts';
import { lockedIntegrity } from './lockfile.ts';
import { NODE_VERSION, type NodeBase } from './node-base.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** `node_modules/.pnpm/ws@8.23.0/node_modules/ws/lib/sender.js`; the last `node_modules` is the package's. */
const PACKAGE_FILE = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//;
const LICENCE_FILE = /^(licen[cs]e|copying)(\.|$)/i;

interface PackageManifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly author?: string;
  readonly repository?: { readonly url: string };
}

/** Something that others made and that is in the binary. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** SPDX expression, as its author gives it. */
  readonly licence: string;
  readonly licenceText: string;
  /** `sha512-…` of the package; for Node of the package of each platform. */
  readonly integrities: readonly { readonly name: string; readonly integrity: string }[];
  /** What it holds in turn, by its own account. */
  readonly parts: Readonly<Record<string, string>>;
}

/** Libraries whose files are in a bundle, by the bundler's own account, and Node. Sorted by name. */
export async function componentsOf(
  { launcher, payload }: AgentBundles,
  bases: readonly NodeBase[],
  generator: NodeBase,
): Promise<Component[]> {
  const directories = new Set<string>();
  for (const input of [...launcher.inputs, ...payload.inputs]) {
    const directory = PACKAGE_FILE.exec(input)?.[1];
    if (directory !== undefined) directories.add(directory);
  }
  const libraries = await Promise.all([...directories].map(library));
  return [...libraries, await node(bases, generator)].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function library(directory: string): Promise<Component> {
  const path = join(ROOT, directory);
  const { name, version, license, author, repository } = JSON.parse(
    await readFile(join(path, 'package.json'), 'utf8'),
  ) as PackageManifest;
  const file = (await readdir(path)).find((entry) => LICENCE_FILE.test(entry));
  if (license === undefined)
    throw new Error(
      `${name}@${version} names no licence: what its terms are must be known before it is shipped`,
    );
  const id = `${name}@${version}`;
  return {
    name,
    version,
    licence: license,
    // Some name their terms and bring no text of them.
    licenceText:
      file === undefined
        ? `Copyright ${author ?? 'its authors'}. Its package names the licence ${license}, without the text: ${repository?.url ?? name}`
        : await readFile(join(path, file), 'utf8'),
    integrities: [{ name: id, integrity: await lockedIntegrity(id) }],
    parts: {},
  };
}

async function node(bases: readonly NodeBase[], generator: NodeBase): Promise<Component> {
  const packages = bases.map(({ platform }) => `node-${platform}@${NODE_VERSION}`);
  const { stdout } = await promisify(execFile)(generator.binary, ['-p', 'JSON.stringify(process.versions)']);
  const { node: _own, modules: _abi, napi: _napi, ...parts } = JSON.parse(stdout) as Record<string, string>;
  return {
    name: 'node',
    version: NODE_VERSION,
    licence: 'MIT',
    licenceText: await readFile(generator.licence, 'utf8'),
    integrities: await Promise.all(
      packages.map(async (name) => ({ name, integrity: await lockedIntegrity(name) })),
    ),
    parts,
  };
}
