import { fromBase64Url, type SigningKey, seal, toBase64Url } from '@stoa/protocol';
import { epochOf, MINT_CHAINS } from '@stoa/protocol/mint';
import { Command } from 'commander';
import { type CliContext, report, UsageError } from '#cli/context.ts';
import { unlockDirs } from '#cli/release-key-commands.ts';
import { findUnlock, type UnlockOptions, withUnlockOptions } from '#cli/unlocking.ts';
import { type LargeDisk, readText } from '#disk.ts';
import { SignerError } from '#error.ts';
import { openKeyFile } from '#keys/key-file.ts';
import { enrolmentApprovalKind, planApprovalKind, restartApprovalKind } from '#mint/approval.ts';
import { parseFingerprint, readEvidence, saveApproved } from '#mint/approver/files.ts';
import { APPROVER_BOUNDS, recompute } from '#mint/approver/recompute.ts';

interface ApproveOptions extends UnlockOptions {
  file: string;
  name: string;
  network: string;
  contract: string;
  out: string;
  auto?: boolean;
  shadow?: boolean;
  evidence?: string;
  region?: string;
  root?: string;
  enrolments?: string;
  restart?: string;
  json?: boolean;
}

interface Statement {
  readonly sealed: (key: SigningKey) => Uint8Array;
  readonly lines: readonly string[];
  readonly data: object;
  /** Once the approval is written. */
  readonly after?: () => Promise<void>;
}

/** Three things are approved: a plan, more enrolments of a day, a new journal. Each is checked and told before the key is opened. */
export function approveCommand(context: CliContext): Command {
  const command = new Command('approve')
    .description("an approver's signature, on the approver's own host")
    .requiredOption('--file <path>', "the approver's sealed key")
    .requiredOption('--name <name>', 'as mint.json names the approver')
    .requiredOption('--network <id>', "the chain's network")
    .requiredOption('--contract <name>', 'namespace.module')
    .option('--evidence <dir>', 'own copy of plan.json, ledger.jsonl, nodes.jsonl, roots.txt and slots.json')
    .option('--region <name>', 'whose evidence it is')
    .option('--root <fingerprint>', "of the region's offline root, 64 hex digits")
    .option('--shadow', 'the ledger counts in shadow: TEST, without value')
    .option('--auto', 'without a person: approves nothing that is out of the ordinary')
    .option('--enrolments <n>', 'so many new slots today, instead of a plan')
    .option('--restart <epochs>', 'the last epoch of each of the ten chains, with commas, instead of a plan')
    .requiredOption('--out <path>', 'where the approval goes')
    .option('--json', 'print JSON');
  return withUnlockOptions(command).action(async (options: ApproveOptions) => {
    const { lines, data, sealed, after } = await statementOf(context, options);
    for (const line of lines) context.io.err(`${line}\n`);
    const { disk } = context;
    const unlock = await findUnlock(context, options, unlockDirs(options.file));
    const key = await openKeyFile({ path: options.file, purpose: 'mint-approver', unlock, disk });
    const approval = toBase64Url(sealed(key));
    await disk.writeAtomic(options.out, `${approval}\n`, 0o644);
    await after?.();
    report(context, options, {
      data: { ...data, approver: options.name, approval },
      lines: [`approved by ${options.name}: ${options.out}`],
    });
  });
}

/** Of files that `mint approve` wrote. @throws SignerError `file_missing`, `bad_argument`. */
export async function readApprovals(paths: readonly string[], disk: LargeDisk): Promise<Uint8Array[]> {
  const approvals: Uint8Array[] = [];
  for (const path of paths) {
    const text = await readText(disk, path);
    if (text === undefined) throw new SignerError('file_missing', `the approval ${path} does not exist`);
    if (!/^[\w-]+\n?$/.test(text)) throw new SignerError('bad_argument', `${path} is no approval`);
    approvals.push(fromBase64Url(text.trim()));
  }
  return approvals;
}

async function statementOf(context: CliContext, options: ApproveOptions): Promise<Statement> {
  const { evidence, enrolments, restart } = options;
  if ([evidence, enrolments, restart].filter((each) => each !== undefined).length !== 1)
    throw new UsageError('give one of --evidence, --enrolments and --restart');
  if (evidence !== undefined) return planStatement(context, { ...options, evidence });
  if (options.auto === true) throw new UsageError('--auto approves plans alone: --evidence is missing');
  const now = context.clock.now();
  const place = placeOf(options, now);
  if (restart !== undefined) {
    const epochs = parseEpochs(restart);
    return {
      sealed: (key) => seal(restartApprovalKind, { ...place, epochs }, key),
      lines: [`nothing up to the epochs ${epochs.join(', ')} (chains 0 to 9) will be signed any more`],
      data: { epochs },
    };
  }
  const slots = parseCount(enrolments!);
  const day = epochOf(now);
  return {
    sealed: (key) => seal(enrolmentApprovalKind, { ...place, day, slots }, key),
    lines: [`on day ${day} (today) ${slots} new slots may be enrolled`],
    data: { day, slots },
  };
}

async function planStatement(
  context: CliContext,
  options: ApproveOptions & { evidence: string },
): Promise<Statement> {
  const { region, root, auto = false, shadow = false } = options;
  if (region === undefined || root === undefined)
    throw new UsageError('--evidence takes --region and --root');
  const { disk, clock } = context;
  const by = {
    disk,
    region,
    rootFingerprint: parseFingerprint(root),
    mode: shadow ? 'shadow' : 'live',
  } as const;
  const evidence = await readEvidence(options.evidence, by);
  const recomputed = await recompute(evidence, APPROVER_BOUNDS);
  const { plan, regions, outliers } = recomputed;
  if (auto && outliers.length > 0)
    throw new SignerError(
      'mint_evidence',
      `nothing is approved, people have to look: ${outliers.join('; ')}`,
    );
  const { epoch, hash, points } = plan;
  const nodes = regions.reduce((all, each) => all + each.nodes, 0);
  return {
    sealed: (key) =>
      seal(planApprovalKind, { ...placeOf(options, clock.now()), epoch, hash, points, regions }, key),
    lines: [
      `epoch ${epoch}: ${points} points to ${plan.chains.reduce((all, { slots }) => all + slots, 0)} slots, earned by ${nodes} nodes of '${region}'`,
      `plan ${hash}: recomputed from the evidence, and the same`,
      ...outliers.map((outlier) => `OUTLIER  ${outlier}`),
    ],
    data: { epoch, hash, points, regions, outliers },
    after: () => saveApproved(options.evidence, recomputed.cut, disk),
  };
}

function placeOf({ network, contract, name }: ApproveOptions, at: number) {
  return { networkId: network, contract, approver: name, at };
}

function parseEpochs(text: string): number[] {
  const epochs = text.split(',').map(parseCount);
  if (epochs.length === MINT_CHAINS) return epochs;
  throw new UsageError(
    `--restart has ${epochs.length} epochs (expected one of each of ${MINT_CHAINS} chains)`,
  );
}

function parseCount(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`'${text}' is no whole number`);
}
