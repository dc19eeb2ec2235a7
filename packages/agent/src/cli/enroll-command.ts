import { type CommandInput, type CommandRun, printJson } from '#cli/command.ts';
import { confirm } from '#cli/confirmation.ts';
import { EXIT, UsageError } from '#cli/exit-code.ts';
import { readText } from '#disk.ts';
import type { EnrollOffer, EnrollOutcome } from '#enroll/enroll.ts';

export const enroll: CommandRun = async ({ agent, deps, io, json }, input) => {
  const { options } = input;
  const context = await agent();
  const token = await tokenOf(input, (path) => readText(context.disk, path));
  const outcome = await deps.enroll(context, {
    token,
    dryRun: options['dry-run'] === true,
    force: options['force'] === true,
    confirm: async (offer) => {
      if (!json) io.out(describeOffer(offer));
      return confirm(io, 'Make this host a node of that owner?', options['yes'] === true);
    },
  });
  if (json) printJson(io, { ok: true, ...outcome });
  else if (outcome.state === 'dry-run') io.out('Dry run: the token was not used.\n');
  else
    io.out(
      `Enrolled as ${outcome.label} (${outcome.nodeId}).\n${describeOwnerKey(outcome)}Next: stoa-agent run, or systemctl enable --now stoa-agent; then stoa-agent status\n`,
    );
  return EXIT.ok;
};

async function tokenOf(
  { options, positionals }: CommandInput,
  read: (path: string) => Promise<string | undefined>,
): Promise<string> {
  const file = options['token-file'];
  const [given, ...more] = positionals;
  const expected = 'expected `stoa-agent enroll <token>` or --token-file FILE';
  if (more.length > 0 || (given !== undefined) === (typeof file === 'string'))
    throw new UsageError(`enroll takes one join token: ${expected}`);
  if (typeof file !== 'string') return given ?? '';
  const text = await read(file);
  if (text === undefined) throw new UsageError(`the token file ${file} does not exist`);
  return text.trim();
}

/** To be compared with what the console shows the owner: a hub could name any key. */
function describeOwnerKey({ ownerKey }: EnrollOutcome): string {
  return ownerKey === undefined
    ? ''
    : `Owner key pinned: ${ownerKey} (compare it with Settings, Owner key)\n`;
}

function describeOffer({ hub, instance, region, owner, rootFingerprint }: EnrollOffer): string {
  return `  hub     ${hub} (${instance})
  region  ${region}
  owner   ${owner}
  root    ${rootFingerprint}
`;
}
