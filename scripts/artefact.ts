/**
 * `pnpm build:artefact [--to DIR] [--sign SIGNER_DIR [--once]] [--fast]`: what `install.sh` installs, one archive for each
 * architecture whose Node is here, with the manifest that names them; with --sign, signed by the region whose signer has
 * that directory (--once: unless it is). The hub serves what lies in its ARTEFACTS_DIR.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { buildArtefacts } from './artefacts.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SIGNER = join(ROOT, 'packages/signer/src/main.ts');

const { values } = parseArgs({
  options: {
    to: { type: 'string' },
    sign: { type: 'string' },
    once: { type: 'boolean', default: false },
    fast: { type: 'boolean', default: false },
  },
});
const built = await buildArtefacts({
  to: values.to ?? join(ROOT, 'dist/artefacts'),
  level: values.fast ? 1 : 9,
});
for (const { platform, sha256, size } of built.artefacts)
  console.log(`${platform}  ${sha256}  ${(size / 1e6).toFixed(1)} MB`);
if (values.sign === undefined)
  console.log(
    `Next: stoa-signer artefacts sign --dir SIGNER_DIR --artefacts ${built.directory}, then copy it to the hub's ARTEFACTS_DIR`,
  );
else if (!(values.once && existsSync(join(built.directory, 'statement')))) {
  const sign = [SIGNER, 'artefacts', 'sign', '--dir', values.sign, '--artefacts', built.directory];
  const { stdout } = await promisify(execFile)(process.execPath, sign);
  console.log(stdout.trimEnd());
}
