import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** One file for browsers of the last years, with all that it needs. For builds, and for a hub that runs from its sources. */
export async function compileProgram(): Promise<Uint8Array<ArrayBuffer>> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./browser/main.ts', import.meta.url))],
    write: false,
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('esbuild made nothing of the verifying page');
  return new Uint8Array(file.contents);
}
