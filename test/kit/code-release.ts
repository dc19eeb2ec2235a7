import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LAUNCHER_VERSION } from '@stoa/agent/layout';
import { formatBuild } from '@stoa/protocol/release';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const BUNDLE = `import('./scripts/agent-build/bundles.ts').then(async ({ agentBundles }) => {
  const { writeFile } = await import('node:fs/promises');
  await writeFile(process.argv[2], (await agentBundles(process.argv[1])).payload.bytes);
})`;
const BUILD = join(ROOT, 'scripts/build-agent.ts');
const PAYLOAD = 'payload-linux-x64.cjs';

/** `stoa-agent` for this machine, as `pnpm build:agent` makes it. @param by.root file of the root that it trusts */
export async function buildBinary(by: { version: string; root: string; to: string }): Promise<string> {
  await mkdir(by.to, { recursive: true });
  const what = [
    '--platform',
    'linux-x64',
    '--once',
    '--no-release',
    '--version',
    by.version,
    '--root',
    by.root,
  ];
  await promisify(execFile)(process.execPath, [BUILD, ...what, '--to', by.to], { cwd: ROOT });
  return join(by.to, 'stoa-agent-linux-x64');
}

/**
 * The directory of a release that changes nothing but the agent's code, as most do.
 * @param by.fault JavaScript that runs before anything else of it
 */
export async function buildCodeRelease(by: { version: string; to: string; fault?: string }): Promise<void> {
  const { version, to, fault } = by;
  await mkdir(to, { recursive: true });
  const payload = join(to, PAYLOAD);
  await promisify(execFile)(process.execPath, ['-e', BUNDLE, version, payload], { cwd: ROOT });
  if (fault !== undefined) await writeFile(payload, `${fault};\n${await readFile(payload, 'utf8')}`);
  const node = process.versions.node;
  const files = [{ kind: 'payload', platform: 'linux-x64', file: PAYLOAD }] as const;
  const build = { version, node, minLauncher: LAUNCHER_VERSION, files };
  await writeFile(join(dirname(payload), 'release.json'), formatBuild(build));
}
