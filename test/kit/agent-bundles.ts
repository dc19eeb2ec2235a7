import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const VERSION_FILE = join(ROOT, 'packages/agent/src/version.ts');

/** One CommonJS file, as a release has it. @param source TypeScript that imports by paths from the checkout's root. */
export async function bundleText(source: string, version?: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: ROOT, loader: 'ts' },
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    supported: { 'dynamic-import': false },
    external: ['bufferutil', 'utf-8-validate'],
    logLevel: 'silent',
    plugins: [
      {
        name: 'agent-version',
        setup(plugged) {
          plugged.onLoad({ filter: /packages\/agent\/src\/version\.ts$/ }, ({ path }) =>
            version !== undefined && path === VERSION_FILE
              ? { contents: `export const AGENT_VERSION = '${version}';`, loader: 'ts' }
              : undefined,
          );
        },
      },
    ],
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('esbuild made nothing');
  return file.contents;
}

/** The agent's payload as if it were of another version. */
export function payloadOf(version: string): Promise<Uint8Array> {
  return bundleText("export { start, version } from './packages/agent/src/payload.ts';", version);
}
