import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Names the directory of the demo that runs. `hub.sh` reads it, and `hub.env` there. */
const DEMO_DATA = 'node_modules/.cache/demo-data';

/** A demo's data directory, thrown away with the stack. */
export async function openDemoDirectory(stack: AsyncDisposableStack): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'stoa-demo-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** From now on `pnpm hub …` speaks to the hub in that directory, by these of its settings. */
export async function nameDemo(directory: string, settings: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries({ ...settings, DATA_DIR: directory }).map(
    ([name, value]) => `${name}="${value}"`,
  );
  await writeFile(join(directory, 'hub.env'), `${lines.join('\n')}\n`);
  await mkdir(dirname(DEMO_DATA), { recursive: true });
  await writeFile(DEMO_DATA, `${directory}\n`);
}
