import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { decideKind, KIND_NAMES, kindOf, ProtocolError, parseLocalPolicy } from '@stoa/protocol';
import { type CommandRun, type CommandScope, printJson } from '#cli/command.ts';
import { EXIT, type ExitCode, UsageError } from '#cli/exit-code.ts';
import { mark } from '#cli/style.ts';
import { DiskDeniedError, readText } from '#disk.ts';
import { AgentError } from '#error.ts';
import { AgentUnreachableError, askStatus } from '#status/status-client.ts';
import { type PolicyState, readPolicy } from '#work/policy-file.ts';

/** What a first edit begins with. */
const TEMPLATE = `# What a hub may have done on this host, whoever signed. Deny wins over allow; without any allow line all is allowed.
# deny stoachain-reseed
# deny code                   (a class: read, disruptive or code)
# admin 64 hex digits         (whose key may order code here besides the owner's)
# disruptive-per-day 4        (without the owner's signature)
`;

/** Codes `policy_denied`, `policy_unchanged`, `editor_failed`. */
class PolicyEditError extends AgentError {
  override readonly name = 'PolicyEditError';

  constructor(code: string, message: string, cause?: unknown) {
    super(code, message, { retry: false, cause });
  }
}

export const policy: CommandRun = async (scope, { positionals, options }) => {
  const [verb = 'show', ...rest] = positionals;
  if (rest.length > 0 || (verb !== 'show' && verb !== 'edit'))
    throw new UsageError(`'policy ${positionals.join(' ')}': expected policy show or policy edit`);
  return verb === 'show' ? show(scope) : edit(scope, options['from']);
};

async function show(scope: CommandScope): Promise<ExitCode> {
  const { config, io, json, color } = scope;
  const { disk } = await scope.agent();
  const state = await readPolicy(disk, config.policyFile);
  const kinds = kindsUnder(state);
  if (json) printJson(io, { ok: true, file: config.policyFile, text: state.text, fault: state.fault, kinds });
  else {
    const head =
      state.text === '' && state.fault === ''
        ? `${config.policyFile} (no such file: nothing is denied)`
        : config.policyFile;
    io.out(`${head}\n${state.text === '' ? '' : `\n${state.text}\n`}`);
    if (state.fault !== '') io.out(`${mark('fail', color)} nothing is allowed: ${state.fault}\n`);
    for (const { kind, allowed, rule } of kinds)
      io.out(
        `${mark(allowed ? 'ok' : 'fail', color)} ${kind.padEnd(31)} ${kindOf(kind).class.padEnd(11)} ${rule}\n`,
      );
  }
  return state.fault === '' ? EXIT.ok : EXIT.degraded;
}

function kindsUnder({ policy: local, fault }: PolicyState) {
  return KIND_NAMES.map((kind) => ({
    kind,
    class: kindOf(kind).class,
    ...(local === undefined ? { allowed: false, rule: fault } : decideKind(local, kind)),
  }));
}

/** Edited beside it, judged, and only then put in its place: at no moment a half or a wrong one stands there. */
async function edit(scope: CommandScope, from: string | boolean | undefined): Promise<ExitCode> {
  const { config, io, json } = scope;
  const { disk } = await scope.agent();
  const before = await readText(disk, config.policyFile);
  const text = typeof from === 'string' ? await readGiven(from) : await ask(scope, before ?? TEMPLATE);
  try {
    parseLocalPolicy(text);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new PolicyEditError('bad_policy', `${error.message}; ${config.policyFile} is as it was`, error);
  }
  const changed = text !== before;
  if (changed) await replace(scope, text);
  if (json) printJson(io, { ok: true, file: config.policyFile, changed });
  else io.out(changed ? `${config.policyFile} holds from now on.\n` : `${config.policyFile} is as it was.\n`);
  return EXIT.ok;
}

async function replace(scope: CommandScope, text: string): Promise<void> {
  const { config, clock, signal } = scope;
  const { disk } = await scope.agent();
  try {
    const directory = dirname(config.policyFile);
    if ((await disk.stat(directory)) === undefined) {
      await mkdir(directory, { recursive: true });
      // Not a secret, and the agent's user has to read it.
      await chmod(directory, 0o755);
    }
    await disk.writeAtomic(config.policyFile, text, 0o644);
  } catch (cause) {
    if (!(cause instanceof DiskDeniedError || isDenied(cause))) throw cause;
    throw new PolicyEditError(
      'policy_denied',
      `${config.policyFile} can't be written: it belongs to root, so that whoever takes the agent over can't widen it; run this as root`,
      cause,
    );
  }
  await askStatus({ path: config.statusSocket, clock, signal }, 'look').catch((error: unknown) => {
    // It is read at the agent's next start.
    if (!(error instanceof AgentUnreachableError)) throw error;
  });
}

async function readGiven(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`--from ${path} can't be read`, cause);
  }
}

async function ask({ io, deps }: CommandScope, text: string): Promise<string> {
  if (!io.interactive) throw new UsageError('there is no terminal for an editor: give --from FILE');
  const directory = await mkdtemp(join(tmpdir(), 'stoa-policy-'));
  const draft = join(directory, 'policy');
  try {
    await writeFile(draft, text, { mode: 0o600 });
    const exitCode = await deps.edit(draft);
    if (exitCode !== 0)
      throw new PolicyEditError('editor_failed', `the editor ended with ${exitCode}: nothing was changed`);
    return await readFile(draft, 'utf8');
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function isDenied(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(EACCES|EPERM|EROFS)$/.test(String(error.code));
}
