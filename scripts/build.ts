/**
 * `pnpm build`: what production runs, in dist/: hub and signer as one file each, with the pages' static files and the
 * migrations beside the hub. The agent's binary has a build of its own.
 */
import { cp, mkdir, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleAgent, bundleModule } from './bundle.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
const hub = createRequire(join(ROOT, 'packages/hub/package.json'));

/** Libraries' files that the pages are made of, under the names by which the hub looks for them. */
const VENDOR = [
  'htmx.org/dist/htmx.min.js',
  'htmx.org/dist/ext/hx-sse.min.js',
  'uplot/dist/uPlot.iife.min.js',
  'uplot/dist/uPlot.min.css',
];

async function main(): Promise<void> {
  await rm(DIST, { recursive: true, force: true });
  await mkdir(DIST, { recursive: true });
  await Promise.all([
    bundleModule('packages/hub/src/main.ts', join(DIST, 'stoa-hub.mjs')),
    bundleModule('packages/signer/src/main.ts', join(DIST, 'stoa-signer.mjs')),
    bundleAgent(join(DIST, 'stoa-agent.cjs')),
  ]);
  await cp(join(ROOT, 'packages/hub/src/console/static'), join(DIST, 'static'), { recursive: true });
  await cp(join(ROOT, 'packages/hub/migrations'), join(DIST, 'migrations'), { recursive: true });
  for (const file of VENDOR) await cp(hub.resolve(file), join(DIST, 'vendor', file));
  for (const name of ['stoa-hub.mjs', 'stoa-signer.mjs', 'stoa-agent.cjs'])
    console.log(`dist/${name}  ${((await stat(join(DIST, name))).size / 1024).toFixed(0)} KB`);
}

await main();
