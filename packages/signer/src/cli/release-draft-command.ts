import { Command } from 'commander';
import { type CliContext, report, UsageError } from '#cli/context.ts';
import { parseDays, parseVersion, writeOnce } from '#cli/release-options.ts';
import { toText } from '#cli/release-root-commands.ts';
import { describeRelease } from '#releases/description.ts';
import { signDevelopmentRelease } from '#releases/development.ts';
import { parseDraft, requireSound } from '#releases/draft.ts';
import { readNewestRoot, readPrevious, requireFile } from '#releases/metadata-files.ts';
import { draftRelease, hashBuild } from '#releases/release-draft.ts';

interface DraftOptions {
  build?: string;
  roots?: string;
  previous?: string;
  floor?: string;
  security?: boolean;
  notes?: string;
  days: string;
  out?: string;
  development?: string;
  json?: boolean;
}

export function draftCommand(context: CliContext): Command {
  return new Command('draft')
    .description('describe a built release by its hashes, for its holders to sign')
    .option('--build <dir>', 'what `pnpm build:agent` made; without it the previous release is renewed')
    .option('--roots <dir>', 'where 1.root.json and its successors lie')
    .option('--previous <path>', 'signed targets metadata of the release before')
    .option(
      '--floor <version>',
      'what is older shall run for updating only; it rises, and only a root lowers it',
    )
    .option('--security', 'mends a security fault: only a person halts its rollout')
    .option('--no-security', 'of a renewal: no longer marked so')
    .option('--notes <path>', 'text for operators')
    .option('--days <n>', 'until nobody installs by it any more', '180')
    .option('--out <path>', 'where the draft goes')
    .option('--development <dir>', 'drafted, signed and combined at once by the holders of that directory')
    .option('--json', 'print JSON')
    .action(async (options: DraftOptions) => {
      const floor = parseVersion('--floor', options.floor);
      const notes = await readNotes(context, options);
      if (options.development === undefined) await draft(context, options, { floor, notes });
      else await draftDevelopment(context, options, { floor, notes });
    });
}

interface Wishes {
  readonly floor: string | undefined;
  readonly notes: string | undefined;
}

async function draft(context: CliContext, options: DraftOptions, { floor, notes }: Wishes): Promise<void> {
  const { disk, clock } = context;
  const { roots, out, build, security } = options;
  if (roots === undefined) throw new UsageError('give --roots or --development');
  if (out === undefined) throw new UsageError('--out is missing: where the draft goes');
  const root = await readNewestRoot(roots, disk);
  const previous = await readPrevious(options.previous, root, disk);
  const hashed = build === undefined ? undefined : await hashBuild(build, disk);
  const expiresAt = clock.now() + parseDays(options.days);
  const bytes = draftRelease({ root, previous, build: hashed, floor, security, notes, expiresAt });
  const drafted = parseDraft(bytes);
  if (drafted.role !== 'targets') throw new UsageError('this is no draft of a release');
  requireSound(drafted, { root, previous, now: clock.now() });
  await writeOnce(context, out, bytes);
  const { version, release, sha256 } = drafted.content;
  report(context, options, {
    data: { draft: out, version, release, sha256 },
    lines: [
      ...describeRelease(drafted.content, previous).map(toText),
      `draft      ${out}: two of the holders sign it with 'signer release sign --draft'`,
    ],
  });
}

async function draftDevelopment(
  context: CliContext,
  options: DraftOptions,
  { floor, notes }: Wishes,
): Promise<void> {
  const { build, development: dir = '', security } = options;
  if (build === undefined) throw new UsageError('--build is missing: the directory of the release');
  const wishes = {
    ...(floor === undefined ? {} : { floor }),
    ...(notes === undefined ? {} : { notes }),
    ...(security === undefined ? {} : { security }),
  };
  const { version } = await signDevelopmentRelease({ ...context, dir, build, ...wishes });
  report(context, options, {
    data: { version, build },
    lines: [`targets metadata ${version} is signed by the development holders: ${build}/metadata`],
  });
}

async function readNotes({ disk }: CliContext, { notes }: DraftOptions): Promise<string | undefined> {
  return notes === undefined ? undefined : new TextDecoder().decode(await requireFile(notes, disk)).trim();
}
