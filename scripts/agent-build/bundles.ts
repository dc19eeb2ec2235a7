import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const VERSION_FILE = join(ROOT, 'packages/agent/src/version.ts');

/** One file of JavaScript with all that it needs but Node. */
export interface AgentBundle {
  readonly bytes: Uint8Array;
  /** Files that went into it, relative to the checkout. */
  readonly inputs: readonly string[];
}

export interface AgentBundles {
  readonly version: string;
  readonly launcher: AgentBundle;
  readonly payload: AgentBundle;
}

/** @param version of the agent: the sources' unless said, as where a test needs two that differ. */
export async function agentBundles(version?: string): Promise<AgentBundles> {
  const { version: own } = JSON.parse(await readFile(join(ROOT, 'packages/agent/package.json'), 'utf8')) as {
    version: string;
  };
  const wanted = version ?? own;
  const [launcher, payload] = await Promise.all([
    bundle('packages/agent/src/launcher/main.ts', wanted),
    bundle('packages/agent/src/payload.ts', wanted),
  ]);
  return { version: wanted, launcher, payload };
}

async function bundle(entry: string, version: string): Promise<AgentBundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    // Named, not written: the metafile wants it.
    outfile: 'stoa-agent.cjs',
    write: false,
    metafile: true,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    minify: true,
    legalComments: 'none',
    // What is evaluated from memory has no loader behind `import()`; as `require` it stays as lazy.
    supported: { 'dynamic-import': false },
    external: ['bufferutil', 'utf-8-validate'],
    plugins: [versioned(version)],
    logLevel: 'warning',
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error(`esbuild made nothing of ${entry}`);
  return { bytes: file.contents, inputs: Object.keys(metafile.inputs).toSorted() };
}

function versioned(version: string): Plugin {
  return {
    name: 'agent-version',
    setup(build) {
      build.onLoad({ filter: /packages\/agent\/src\/version\.ts$/ }, ({ path }) =>
        path === VERSION_FILE
          ? { contents: `export const AGENT_VERSION = '${version}';`, loader: 'ts' }
          : undefined,
      );
    },
  };
}
