import { join } from 'node:path';
import { type EmbeddedRoot, formatStatement, parseManifest, seal, toHex } from '@stoa/protocol';
import { peekRoot } from '@stoa/protocol/release';
import { Command } from 'commander';
import { type AttestedArtefacts, artefactOrderKind } from '#authority/artefacts.ts';
import { REGION_FILES } from '#authority/region.ts';
import { type CliContext, report } from '#cli/context.ts';
import { askRunning, type SocketOptions } from '#cli/running.ts';
import { findRegionUnlock, type UnlockOptions, withUnlockOptions } from '#cli/unlocking.ts';
import { SignerError } from '#error.ts';
import { openKeyFile } from '#keys/key-file.ts';
import { openSignerService } from '#service.ts';

interface SignOptions extends SocketOptions, UnlockOptions {
  artefacts: string;
  development?: boolean;
  json?: boolean;
}

export function artefactCommands(context: CliContext): Command {
  return new Command('artefacts')
    .description('what nodes install: the agent with its Node')
    .addCommand(signCommand(context));
}

function signCommand(context: CliContext): Command {
  return withUnlockOptions(
    new Command('sign')
      .description("sign a build's manifest, so that nodes accept it; takes the opening of the region's keys")
      .requiredOption('--dir <path>', "the signer's directory")
      .requiredOption('--artefacts <path>', "the build's directory, where its `manifest` lies")
      .option('--socket <path>', 'of the running signer, if not in its directory')
      .option('--development', 'also where the agent takes releases of development keys: for tests only')
      .option('--json', 'print JSON'),
  ).action(async (options: SignOptions) => {
    const { disk } = context;
    const path = join(options.artefacts, 'manifest');
    if ((await disk.stat(path)) === undefined)
      throw new SignerError('file_missing', `${path} does not exist: make it with \`pnpm build:artefact\``);
    const manifest = await disk.readFile(path);
    const { version, releaseRoot, artefacts } = parseManifest(manifest);
    await requireRoot(context, options, releaseRoot);
    const attested = await attest(context, options, manifest);
    await disk.writeAtomic(
      join(options.artefacts, 'statement'),
      formatStatement({ ...attested, manifest }),
      0o644,
    );
    report(context, options, {
      data: { version, releaseRoot, artefacts, signature: toHex(attested.signature) },
      lines: [
        `stoa-agent ${version} is signed`,
        `  takes releases that descend from the root ${releaseRoot.sha256}${releaseRoot.development ? ', of development' : ''}`,
        ...artefacts.map(({ platform, sha256 }) => `  ${platform}  ${sha256}`),
      ],
    });
  });
}

/**
 * What is signed here trusts that root for as long as it lives: the one that lies beside the manifest, where it does, and none
 * of development unasked. @throws SignerError `signature_refused`
 */
async function requireRoot(
  { disk }: CliContext,
  { artefacts, development }: SignOptions,
  named: EmbeddedRoot,
): Promise<void> {
  const path = join(artefacts, 'root.json');
  if ((await disk.stat(path)) !== undefined) {
    const found = peekRoot(await disk.readFile(path));
    if (found.sha256 !== named.sha256 || found.development !== named.development)
      throw new SignerError(
        'signature_refused',
        `the manifest names the release root ${named.sha256}, ${path} is ${found.sha256}: build it again`,
      );
  }
  if (named.development && development !== true)
    throw new SignerError(
      'signature_refused',
      'this agent takes releases of development keys, which lie where it was built: build it with --root FILE, or sign it with --development for a test',
    );
}

/** Signed by whoever holds the directory: the running signer, or this very process. */
async function attest(
  context: CliContext,
  options: SignOptions,
  manifest: Uint8Array,
): Promise<AttestedArtefacts> {
  const { dir } = options;
  const { disk, clock } = context;
  const unlock = await findRegionUnlock(context, options);
  const place = { path: REGION_FILES.key(dir, 'instances'), purpose: 'instances', unlock, disk } as const;
  const sealed = seal(artefactOrderKind, { manifest, at: clock.now() }, await openKeyFile(place));
  const answer = await askRunning(options, 'attest', { sealed });
  if (answer !== undefined) return answer;
  const service = await openSignerService({ dir, unlock, clock, disk });
  try {
    return await service.attest(manifest);
  } finally {
    await service.close();
  }
}
