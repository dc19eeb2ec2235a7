import { dirname, join } from 'node:path';
import { toHex } from '@stoa/protocol';
import { Command } from 'commander';
import { formatCertificates, parseCertificates, type RegionCertificates } from '#authority/certificates.ts';
import { createRegion, formatRequest, parseRequest, readPublicKeys } from '#authority/region.ts';
import { openRoot, type Root } from '#authority/root.ts';
import { type CliContext, report, UsageError } from '#cli/context.ts';
import { askRunning } from '#cli/running.ts';
import {
  findRegionUnlock,
  findUnlock,
  makeUnlock,
  type UnlockOptions,
  withUnlockOptions,
} from '#cli/unlocking.ts';
import { openSignerService } from '#service.ts';

const DEFAULT_DAYS = '365';

interface InitOptions extends UnlockOptions {
  dir: string;
  region: string;
  json?: boolean;
}

interface CertifyOptions extends UnlockOptions {
  root: string;
  out: string;
  days: string;
  json?: boolean;
}

interface InstallOptions extends UnlockOptions {
  dir: string;
  certificates: string;
  socket?: string;
  json?: boolean;
}

export function regionCommands(context: CliContext): Command {
  return new Command('region')
    .description("a region's keys, and the root's certificates for them")
    .addCommand(initCommand(context))
    .addCommand(issueCommand(context))
    .addCommand(renewCommand(context))
    .addCommand(installCommand(context));
}

function initCommand(context: CliContext): Command {
  const command = new Command('init')
    .description("make the three keys of a region on the signer's host, and the request for the root")
    .requiredOption('--dir <path>', "the signer's directory")
    .requiredOption('--region <name>', "name of the region, for instance 'eu'")
    .option('--json', 'print JSON');
  return withUnlockOptions(command).action(async (options: InitOptions) => {
    const { dir, region } = options;
    const { disk } = context;
    const unlock = await makeUnlock(context, options);
    await createRegion({ dir, disk }, { region, unlock, clock: context.clock, random: context.random });
    const keys = await readPublicKeys({ dir, disk });
    const request = join(dir, 'request.json');
    await disk.writeAtomic(request, formatRequest({ region, keys }), 0o644);
    const hex = {
      instances: toHex(keys.instances),
      enrol: toHex(keys.enrol),
      authority: toHex(keys.authority),
    };
    report(context, options, {
      data: { dir, region, request, keys: hex },
      lines: [
        ...Object.entries(hex).map(([role, key]) => `${role.padEnd(10)} ${key}`),
        `Bring ${request} to the root key: signer region issue --root ROOT --request ${request} --out certificates.json`,
      ],
    });
  });
}

function certifying(name: string): Command {
  return withUnlockOptions(
    new Command(name)
      .requiredOption('--root <path>', 'directory of the root')
      .requiredOption('--out <path>', 'where the certificates go')
      .option('--days <n>', 'life of the certificates', DEFAULT_DAYS)
      .option('--json', 'print JSON'),
  );
}

function issueCommand(context: CliContext): Command {
  return certifying('issue')
    .description("certify a region's keys, where the root key is")
    .requiredOption('--request <path>', "the region's request.json")
    .option('--replace-keys', 'the region had other keys before, which are lost or stolen')
    .action(async (options: CertifyOptions & { request: string; replaceKeys?: boolean }) => {
      const request = parseRequest(
        Buffer.from(await context.disk.readFile(options.request)).toString('utf8'),
      );
      const days = parseDays(options.days);
      const root = await unlockRoot(context, options);
      const replaceKeys = options.replaceKeys ?? false;
      const certificates = await root.certify(request, { now: context.clock.now(), days, replaceKeys });
      await handOver(context, options, certificates);
    });
}

function renewCommand(context: CliContext): Command {
  return certifying('renew')
    .description('certify again the keys that the root knows of')
    .requiredOption('--region <name>', 'name of the region')
    .action(async (options: CertifyOptions & { region: string }) => {
      const days = parseDays(options.days);
      const root = await unlockRoot(context, options);
      await handOver(context, options, await root.renew(options.region, { now: context.clock.now(), days }));
    });
}

function installCommand(context: CliContext): Command {
  const command = new Command('install')
    .description("take the root's certificates into the signer, whether it runs or not")
    .requiredOption('--dir <path>', "the signer's directory")
    .requiredOption('--certificates <path>', 'what issue or renew wrote')
    .option('--socket <path>', 'of the running signer, if not in its directory')
    .option('--json', 'print JSON');
  return withUnlockOptions(command).action(async (options: InstallOptions) => {
    const { dir } = options;
    const certificates = await context.disk.readFile(options.certificates);
    const running = await askRunning(options, 'install', { certificates });
    if (running === undefined) {
      const unlock = await findRegionUnlock(context, options);
      const service = await openSignerService({ dir, unlock, clock: context.clock, disk: context.disk });
      try {
        await service.call('install', { certificates });
      } finally {
        await service.close();
      }
    }
    const { region } = parseCertificates(Buffer.from(certificates).toString('utf8'));
    report(context, options, {
      data: { dir, region, running: running !== undefined },
      lines: [
        `the certificates of region '${region}' are installed${running === undefined ? '' : ' in the running signer'}`,
      ],
    });
  });
}

async function unlockRoot(context: CliContext, options: CertifyOptions): Promise<Root> {
  const { root: dir } = options;
  return openRoot({ dir, disk: context.disk }, await findUnlock(context, options, [dir, dirname(dir)]));
}

async function handOver(
  context: CliContext,
  options: CertifyOptions,
  certificates: RegionCertificates,
): Promise<void> {
  await context.disk.writeAtomic(options.out, formatCertificates(certificates), 0o644);
  report(context, options, {
    data: {
      out: options.out,
      region: certificates.region,
      root: toHex(certificates.root),
      days: Number(options.days),
    },
    lines: [
      `certificates of region '${certificates.region}' for ${options.days} days: ${options.out}`,
      `Bring them to the signer: signer region install --dir DIR --certificates ${options.out}`,
    ],
  });
}

function parseDays(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text))
    throw new UsageError(`--days is '${text}' (expected a whole number of days)`);
  return Number(text);
}
