/**
 * `pnpm build:artefact (--root FILE | --development) [--to DIR] [--platform P] [--sign SIGNER_DIR [--once]] [--fast]`: what `install.sh`
 * installs, one archive for each platform, with the manifest that names them; with --sign, signed by the region whose signer
 * has that directory (--once: unless it is). --fast: for this machine alone, hardly compressed. The hub serves what lies in
 * its ARTEFACTS_DIR.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { PLATFORMS } from '@stoa/protocol/release';
import { rootOfArtefact } from './agent-build/development-root.ts';
import { BuildError } from './agent-build/error.ts';
import { HOST_PLATFORM, isPlatform } from './agent-build/platform.ts';
import { buildArtefacts } from './artefacts.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SIGNER = join(ROOT, 'packages/signer/src/main.ts');

const { values } = parseArgs({
  options: {
    to: { type: 'string' },
    platform: { type: 'string', multiple: true },
    root: { type: 'string' },
    development: { type: 'boolean', default: false },
    sign: { type: 'string' },
    once: { type: 'boolean', default: false },
    fast: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  const named = values.platform ?? (values.fast ? [HOST_PLATFORM] : PLATFORMS);
  const built = await buildArtefacts({
    to: values.to ?? join(ROOT, 'dist/artefacts'),
    platforms: named.filter(isPlatform),
    root: await rootOfArtefact(values),
    level: values.fast ? 1 : 9,
    lenient: values.fast,
    say: (line) => console.error(`   ${line}`),
  });
  for (const { platform, sha256, size } of built.artefacts)
    console.log(`${platform}  ${sha256}  ${(size / 1e6).toFixed(1)} MB`);
  if (values.development)
    console.log(
      'Its updates trust a root of development, whose keys lie in this checkout: for this machine and for tests only',
    );
  if (values.sign === undefined)
    console.log(
      `Next: stoa-signer artefacts sign --dir SIGNER_DIR --artefacts ${built.directory}, then copy it to the hub's ARTEFACTS_DIR`,
    );
  else if (!(values.once && existsSync(join(built.directory, 'statement')))) {
    const sign = [SIGNER, 'artefacts', 'sign', '--dir', values.sign, '--artefacts', built.directory];
    if (values.development) sign.push('--development');
    const { stdout } = await promisify(execFile)(process.execPath, sign);
    console.log(stdout.trimEnd());
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
