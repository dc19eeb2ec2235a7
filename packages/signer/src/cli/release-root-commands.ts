import { Command } from 'commander';
import { type CliContext, report, UsageError } from '#cli/context.ts';
import {
  parseDays,
  parseNamedKey,
  parseOnline,
  parseReplacement,
  parseVersion,
  writeOnce,
} from '#cli/release-options.ts';
import { describeRoot, type Line } from '#releases/description.ts';
import { createDevelopmentHolders, rotateDevelopmentRoot } from '#releases/development.ts';
import { parseDraft } from '#releases/draft.ts';
import { type RootChain, readNewestRoot, readRoots } from '#releases/metadata-files.ts';
import { draftFirstRoot, draftNextRoot, type Rotation } from '#releases/root-draft.ts';

const ROOT_DAYS = '365';

interface OnlineOptions {
  snapshot?: string;
  timestamp?: string;
}

interface InitOptions extends OnlineOptions {
  development?: string;
  rootHolder?: string[];
  targetsHolder?: string[];
  days: string;
  out?: string;
  json?: boolean;
}

interface RotateOptions extends OnlineOptions {
  development?: string;
  roots?: string;
  replaceRoot?: string[];
  replaceTargets?: string[];
  floor?: string;
  fromTargets?: string;
  days: string;
  out?: string;
  json?: boolean;
}

export function releaseRootCommands(context: CliContext): Command {
  return new Command('root')
    .description('who may sign releases: drafts of roots, which their holders sign')
    .addCommand(initCommand(context))
    .addCommand(rotateCommand(context))
    .addCommand(showCommand(context));
}

function withOnline(command: Command): Command {
  return command
    .option(
      '--snapshot <hex>',
      "the publishing hub's key for snapshots, as 'stoa-hub release keys' prints it",
    )
    .option('--timestamp <hex>', 'the same for timestamps');
}

function initCommand(context: CliContext): Command {
  const command = new Command('init')
    .description('draft the first root: three holders for each role, of whom two sign')
    .option('--root-holder <name=hex...>', 'three public keys that sign roots')
    .option('--targets-holder <name=hex...>', 'three public keys that sign releases')
    .option('--days <n>', 'until it is to be renewed', ROOT_DAYS)
    .option('--out <path>', 'where the draft goes')
    .option('--development <dir>', 'instead of all that: three holders in one directory, marked as such')
    .option('--json', 'print JSON');
  return withOnline(command).action(async (options: InitOptions) => {
    const online = parseOnline(options);
    if (options.development !== undefined) {
      const dir = options.development;
      printChain(context, options, await createDevelopmentHolders({ ...context, dir, online }));
      return;
    }
    const { rootHolder = [], targetsHolder = [] } = options;
    const bytes = draftFirstRoot({
      root: rootHolder.map((text) => parseNamedKey('--root-holder', text)),
      targets: targetsHolder.map((text) => parseNamedKey('--targets-holder', text)),
      online,
      expiresAt: context.clock.now() + parseDays(options.days),
      development: false,
    });
    await handOut(context, options, { bytes });
  });
}

function rotateCommand(context: CliContext): Command {
  const command = new Command('rotate')
    .description('draft the next root: other keys, a way down, or nothing but a later end')
    .option('--roots <dir>', 'where 1.root.json and its successors lie')
    .option('--replace-root <old=new:hex...>', 'a key that signs roots leaves, another comes')
    .option('--replace-targets <old=new:hex...>', 'a key that signs releases leaves, another comes')
    .option('--floor <version>', 'let nodes go back as far as this version, whatever they have seen')
    .option('--from-targets <n>', 'with --floor: the first targets metadata that is taken from then on')
    .option('--days <n>', 'until it is to be renewed', ROOT_DAYS)
    .option('--out <path>', 'where the draft goes')
    .option('--development <dir>', 'signed at once by the holders of that directory')
    .option('--json', 'print JSON');
  return withOnline(command).action(async (options: RotateOptions) => {
    const online = parseOnline(options);
    const floor = parseFloor(options);
    if (options.development !== undefined) {
      const by = { ...context, dir: options.development, online, ...(floor === undefined ? {} : { floor }) };
      printChain(context, options, await rotateDevelopmentRoot(by));
      return;
    }
    if (options.roots === undefined) throw new UsageError('give --roots or --development');
    const root = await readNewestRoot(options.roots, context.disk);
    const replacements = [
      ...(options.replaceRoot ?? []).map((text) => ({
        role: 'root' as const,
        ...parseReplacement('--replace-root', text),
      })),
      ...(options.replaceTargets ?? []).map((text) => ({
        role: 'targets' as const,
        ...parseReplacement('--replace-targets', text),
      })),
    ];
    const expiresAt = context.clock.now() + parseDays(options.days);
    const bytes = draftNextRoot(root, { replacements, online, floor, expiresAt });
    await handOut(context, options, { bytes, before: root });
  });
}

function showCommand(context: CliContext): Command {
  return new Command('show')
    .description('who may sign by the newest root, once the whole chain has proven itself')
    .requiredOption('--roots <dir>', 'where 1.root.json and its successors lie')
    .option('--json', 'print JSON')
    .action(async (options: { roots: string; json?: boolean }) => {
      await readNewestRoot(options.roots, context.disk);
      printChain(context, options, await readRoots(options.roots, context.disk));
    });
}

function parseFloor({ floor, fromTargets }: RotateOptions): Rotation['floor'] {
  if ((floor === undefined) !== (fromTargets === undefined))
    throw new UsageError(
      '--floor and --from-targets belong together: how far down, and by which metadata on',
    );
  const version = parseVersion('--floor', floor);
  if (version === undefined) return undefined;
  const targets = Number(fromTargets);
  if (!Number.isSafeInteger(targets) || targets < 1)
    throw new UsageError(`--from-targets is '${fromTargets}' (expected a whole number from 1 on)`);
  return { version, targets };
}

async function handOut(
  context: CliContext,
  options: { out?: string; json?: boolean },
  { bytes, before }: { bytes: Uint8Array; before?: RootChain['newest'] },
): Promise<void> {
  const { out } = options;
  if (out === undefined) throw new UsageError('--out is missing: where the draft goes');
  const draft = parseDraft(bytes);
  if (draft.role !== 'root') throw new UsageError('this is no draft of a root');
  await writeOnce(context, out, bytes);
  const { version, sha256 } = draft.content;
  const by =
    before === undefined
      ? 'two of its holders sign it'
      : 'two of its holders and two of the former ones sign it';
  report(context, options, {
    data: { draft: out, version, sha256 },
    lines: [
      ...describeRoot(draft.content, before).map(toText),
      `draft      ${out}: ${by} with 'signer release sign'`,
    ],
  });
}

function printChain(context: CliContext, options: { json?: boolean }, { files, newest }: RootChain): void {
  const { version, sha256, development, roles, floor } = newest!;
  const holders = Object.fromEntries(
    Object.entries(roles).map(([role, { keys, threshold }]) => [
      role,
      { threshold, keys: keys.map(({ holder, id }) => ({ holder, keyId: id })) },
    ]),
  );
  const expires = new Date(newest!.expiresAt).toISOString();
  report(context, options, {
    data: {
      version,
      sha256,
      development,
      expires,
      roots: files.length,
      roles: holders,
      floor: floor ?? null,
    },
    lines: describeRoot(newest!, newest).map(toText),
  });
}

export function toText([name, value]: Line): string {
  return `${name.padEnd(10)} ${value}`;
}
