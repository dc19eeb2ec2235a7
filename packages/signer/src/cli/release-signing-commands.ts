import { join } from 'node:path';
import { peekTargets, verifyTargets } from '@stoa/protocol/release';
import { Command } from 'commander';
import { type CliContext, report, UsageError } from '#cli/context.ts';
import { unlockDirs } from '#cli/release-key-commands.ts';
import { writeOnce } from '#cli/release-options.ts';
import { toText } from '#cli/release-root-commands.ts';
import { findUnlock, type UnlockOptions, withUnlockOptions } from '#cli/unlocking.ts';
import { SignerError } from '#error.ts';
import { combine, formatSignature, parseSignature, signingKeys } from '#releases/combination.ts';
import { describeRelease, describeRoot, type Line } from '#releases/description.ts';
import { type Draft, parseDraft, requireSound, type Surroundings } from '#releases/draft.ts';
import { readHolderKey, signDraft } from '#releases/holder.ts';
import { readNewestRoot, readPrevious, readRoots, requireFile } from '#releases/metadata-files.ts';
import { hashBuild } from '#releases/release-draft.ts';

interface SignOptions extends UnlockOptions {
  draft: string;
  file: string;
  roots?: string;
  previous?: string;
  build?: string;
  insteadOf?: string;
  out: string;
  json?: boolean;
}

/** What a draft says is checked against what the holder has, and told in words, before the key is opened. */
export function signCommand(context: CliContext): Command {
  const command = new Command('sign')
    .description("one holder's signature, on that holder's own machine")
    .requiredOption('--draft <path>', 'of a root or of a release')
    .requiredOption('--file <path>', "the holder's sealed key")
    .option('--roots <dir>', 'where 1.root.json and its successors lie; for the first root there is none')
    .option('--previous <path>', 'signed targets metadata of the release before: shows what changed')
    .option('--build <dir>', 'the release as built here: its files are hashed and compared')
    .option(
      '--instead-of <hash>',
      'of a draft of the same version that this key signed and that was given up',
    )
    .requiredOption('--out <path>', 'where the signature goes')
    .option('--json', 'print JSON');
  return withUnlockOptions(command).action(async (options: SignOptions) => {
    const { disk, clock, io } = context;
    const draft = parseDraft(await requireFile(options.draft, disk));
    const place = { path: options.file, disk };
    const { keyId } = await readHolderKey(place);
    const { newest } =
      options.roots === undefined ? { newest: undefined } : await readRoots(options.roots, disk);
    const previous = newest && (await readPrevious(options.previous, newest, disk));
    const surroundings = { root: newest, previous, now: clock.now() };
    for (const line of describe(draft, surroundings)) io.err(`${toText(line)}\n`);
    requireSound(draft, surroundings);
    const holder = signingKeys(draft, newest).find(({ id }) => id === keyId)?.holder;
    if (holder === undefined)
      throw new SignerError(
        'draft_refused',
        `nothing is signed: the key ${keyId} has no part in ${draft.role} ${draft.content.version}`,
      );
    if (options.build !== undefined) await requireBuild(draft, options.build, context);
    const unlock = await findUnlock(context, options, unlockDirs(options.file));
    const { insteadOf } = options;
    const signature = await signDraft(place, draft, { unlock, now: clock.now(), insteadOf });
    const { role } = draft;
    const { version, sha256 } = draft.content;
    await writeOnce(context, options.out, formatSignature({ role, version, sha256, ...signature }));
    report(context, options, {
      data: { signature: options.out, role, version, sha256, holder, keyId },
      lines: [`signed by ${holder}: ${options.out}`],
    });
  });
}

function describe(draft: Draft, { root, previous }: Surroundings): Line[] {
  return draft.role === 'root' ? describeRoot(draft.content, root) : describeRelease(draft.content, previous);
}

/** @throws SignerError `draft_refused` where a file is another than the draft says, or is not in it. */
async function requireBuild(draft: Draft, dir: string, { disk, io }: CliContext): Promise<void> {
  if (draft.role !== 'targets') throw new UsageError('--build belongs to the draft of a release');
  const { targets, sbom } = await hashBuild(dir, disk);
  for (const { path, sha256 } of targets) {
    const said = draft.content.targets.find((target) => target.path === path)?.sha256;
    if (said !== sha256)
      throw new SignerError(
        'draft_refused',
        `nothing is signed: ${path} is ${sha256} in ${dir}, and the draft has ${said ?? 'no such file'}`,
      );
  }
  if (sbom?.sha256 !== draft.content.sbom?.sha256)
    throw new SignerError(
      'draft_refused',
      `nothing is signed: the list of components in ${dir} is another than the draft's`,
    );
  io.err(`${toText(['compared', `${targets.length} files of ${dir} are those of the draft`])}\n`);
}

interface CombineOptions {
  draft: string;
  roots?: string;
  signature: string[];
  out: string;
  json?: boolean;
}

export function combineCommand(context: CliContext): Command {
  return new Command('combine')
    .description('draft and signatures as one file, verified as a node verifies it; opens no key')
    .requiredOption('--draft <path>', 'of a root or of a release')
    .requiredOption('--signature <path...>', "the holders' signatures")
    .option('--roots <dir>', 'where 1.root.json and its successors lie; for the first root there is none')
    .requiredOption('--out <path>', 'where it goes: metadata/N.root.json, metadata/N.targets.json')
    .option('--json', 'print JSON')
    .action(async (options: CombineOptions) => {
      const { disk, clock } = context;
      const draft = parseDraft(await requireFile(options.draft, disk));
      const roots =
        options.roots === undefined ? { files: [], newest: undefined } : await readRoots(options.roots, disk);
      const signatures = [];
      for (const path of options.signature)
        signatures.push(parseSignature(await requireFile(path, disk), path));
      const bytes = combine(draft, signatures, { roots, now: clock.now() });
      await writeOnce(context, options.out, bytes);
      const keys = signingKeys(draft, roots.newest);
      const signers = signatures.map(({ keyId }) => keys.find(({ id }) => id === keyId)!.holder);
      const { role } = draft;
      const { version, sha256 } = draft.content;
      report(context, options, {
        data: { file: options.out, role, version, sha256, signers },
        lines: [`${role} ${version}, signed by ${signers.join(' and ')}: ${options.out}`],
      });
    });
}

interface VerifyOptions {
  roots: string;
  targets: string;
  build?: string;
  json?: boolean;
}

export function verifyCommand(context: CliContext): Command {
  return new Command('verify')
    .description('signed targets metadata as a node judges it today; with --build also its files')
    .requiredOption('--roots <dir>', 'where 1.root.json and its successors lie')
    .requiredOption('--targets <path>', 'signed targets metadata')
    .option('--build <dir>', 'the release as built here')
    .option('--json', 'print JSON')
    .action(async (options: VerifyOptions) => {
      const { disk, clock } = context;
      const root = await readNewestRoot(options.roots, disk);
      const bytes = await requireFile(options.targets, disk);
      const release = verifyTargets(root, bytes, { at: clock.now() });
      if (options.build !== undefined)
        await requireBuild({ role: 'targets', bytes, content: peekTargets(bytes) }, options.build, context);
      const signers = release.signers.map(
        (id) => root.roles.targets.keys.find((key) => key.id === id)!.holder,
      );
      const { version, sha256, floor, security } = release;
      report(context, options, {
        data: { version, release: release.release, sha256, floor, security, signers, root: root.version },
        lines: [
          ...describeRelease(release, undefined).map(toText),
          toText([
            'signed by',
            `${signers.join(' and ')} (${join(options.roots, `${root.version}.root.json`)})`,
          ]),
        ],
      });
    });
}
