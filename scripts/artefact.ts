/**
 * `pnpm build:artefact [--to DIR] [--sign SIGNER_DIR] [--fast]`: what `install.sh` installs, one archive for each
 * architecture whose Node is here, with the manifest that names them; with --sign, signed by the region whose signer has
 * that directory. The hub serves what lies in its ARTEFACTS_DIR.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { buildArtefacts } from './artefacts.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SIGNER = join(ROOT, 'packages/signer/src/main.ts');

const { values } = parseArgs({
  options: { to: { type: 'string' }, sign: { type: 'string' }, fast: { type: 'boolean', default: false } },
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
else {
  const sign = [SIGNER, 'artefacts', 'sign', '--dir', values.sign, '--artefacts', built.directory];
  const { stdout } = await promisify(execFile)(process.execPath, sign);
  console.log(stdout.trimEnd());
}
