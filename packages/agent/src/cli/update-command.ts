import { type CommandInput, type CommandRun, printJson } from '#cli/command.ts';
import { EXIT, type ExitCode, UsageError } from '#cli/exit-code.ts';
import { renderUpdate } from '#cli/update-view.ts';
import { askStatus } from '#status/status-client.ts';
import type { UpdateView } from '#update/update-report.ts';
import type { UpdateRequest } from '#update/update-request.ts';

/** Several mirrors, each with its time. */
const CHECK_MS = 120_000;
const ACTS = ['check', 'now', 'rollback'] as const;

/** Asked of the running agent, which alone knows what is under way. */
export const update: CommandRun = async ({ config, clock, signal, io, json }, input) => {
  const request = requestOf(input);
  const answer = await askStatus(
    { path: config.statusSocket, clock, signal, timeoutMs: CHECK_MS },
    'update',
    request,
  );
  const view = answer as unknown as UpdateView;
  if (json) printJson(io, { ok: true, ...answer });
  else io.out(renderUpdate(view));
  return exitCodeOf(view);
};

/** @throws UsageError */
function requestOf({ options, positionals }: CommandInput): UpdateRequest {
  if (positionals.length > 0)
    throw new UsageError(`'${positionals[0]}' is one word too many: see update --help`);
  const acts = ACTS.filter((name) => options[name] === true);
  const wishes = wishesOf(options);
  const [act, second] = [...acts, ...(Object.keys(wishes).length > 0 ? ['wish' as const] : [])];
  if (second !== undefined)
    throw new UsageError(`--${act} and ${second === 'wish' ? 'a wish' : `--${second}`}: one at a time`);
  return { act: act ?? 'view', ...wishes };
}

function wishesOf(options: CommandInput['options']): Omit<UpdateRequest, 'act'> {
  const { pin, unpin, defer, window, channel } = options;
  if (pin !== undefined && unpin === true) throw new UsageError('--pin and --unpin: one at a time');
  const off = (value: string): string => (value === 'off' ? '' : value);
  return {
    ...(unpin === true && { pin: '' }),
    ...(typeof pin === 'string' && { pin }),
    ...(typeof defer === 'string' && { defer: off(defer) }),
    ...(typeof window === 'string' && { window: off(window) }),
    ...(typeof channel === 'string' && { channel }),
  };
}

function exitCodeOf({ state, updateOnly, wishesFault }: UpdateView): ExitCode {
  const wrong = state === 'rolled-back' || state === 'failed' || updateOnly || wishesFault !== '';
  return wrong ? EXIT.degraded : EXIT.ok;
}
