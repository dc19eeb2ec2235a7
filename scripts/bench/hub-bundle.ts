import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleModule, placeHubFiles } from '../bundle.ts';

const HUB = fileURLToPath(new URL('../../packages/hub', import.meta.url));
/** Within reach of the hub's libraries. */
const OUT = join(HUB, 'node_modules/.cache/stoa-bench');

/** The hub of the benches as one file, the form in which production runs it: loose sources under a loader take 200 MB more. */
export async function bundleHubChild(): Promise<string> {
  const outfile = join(OUT, 'hub-child.mjs');
  await mkdir(OUT, { recursive: true });
  await bundleModule('scripts/bench/hub-child.ts', outfile);
  await placeHubFiles(OUT);
  return outfile;
}
