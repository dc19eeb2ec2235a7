import { type CommandRun, type CommandScope, printJson } from '#cli/command.ts';
import { EXIT, type ExitCode, UsageError } from '#cli/exit-code.ts';
import { duration } from '#cli/style.ts';
import { identityDirectory } from '#identity/identity.ts';
import { AgentUnreachableError, askStatus } from '#status/status-client.ts';
import { type Pause, writePause } from '#work/pause-file.ts';

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const LONGEST_MS = 30 * 86_400_000;

export const pause: CommandRun = (scope) =>
  set(scope, { paused: true, until: 0 }, 'No more work is taken; what runs goes on to its end.');

export const resume: CommandRun = (scope) => set(scope, { paused: false, until: 0 }, 'Work is taken again.');

export const maintenance: CommandRun = async (scope, { positionals }) => {
  const [text, ...rest] = positionals;
  if (text === undefined || rest.length > 0)
    throw new UsageError('how long? expected one duration such as 90m, 2h or 1d, or off');
  if (text === 'off') return set(scope, { paused: false, until: 0 }, 'Work is taken again.');
  const ms = parseDuration(text);
  const until = scope.clock.now() + ms;
  const said = `No more work is taken for ${duration(ms)}, until ${new Date(until).toISOString()}.`;
  return set(scope, { paused: false, until }, said);
};

/** It stands in a file, so it holds over restarts and also where no agent runs now. */
async function set(scope: CommandScope, wanted: Pause, said: string): Promise<ExitCode> {
  const { agent, config, clock, signal, io, json } = scope;
  const { disk } = await agent();
  await writePause(disk, identityDirectory(config), wanted);
  const heeded = await askStatus({ path: config.statusSocket, clock, signal }, 'look').then(
    () => true,
    (error: unknown) => {
      if (error instanceof AgentUnreachableError && error.code === 'agent_unreachable') return false;
      throw error;
    },
  );
  const until = wanted.until === 0 ? undefined : wanted.until;
  if (json) printJson(io, { ok: true, paused: wanted.paused || until !== undefined, until, running: heeded });
  else io.out(`${said}${heeded ? '' : ' (No agent runs now: it holds from its next start.)'}\n`);
  return EXIT.ok;
}

function parseDuration(text: string): number {
  const [, count, unit = ''] = /^(\d{1,4})([mhd])$/.exec(text) ?? [];
  const ms = Number(count) * (UNIT_MS[unit] ?? 0);
  if (!(ms > 0 && ms <= LONGEST_MS))
    throw new UsageError(`'${text}' is no duration: expected 90m, 2h or 1d, up to 30d`);
  return ms;
}
