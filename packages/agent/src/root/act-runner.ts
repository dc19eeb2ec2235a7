import { LIMITS } from '@stoa/protocol';
import type { Act } from '#root/act.ts';
import type { Command, CommandEnd, Commands } from '#work/commands.ts';

export interface ActIo extends Pick<Command, 'onLine' | 'onBytes' | 'timeoutMs'> {
  readonly signal: AbortSignal;
  /** Instead of the act's own standard input. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** Of the job's token, the step and the act's place in it: unique on this host. */
  readonly name: string;
}

export type RunAct = (act: Act, io: ActIo) => Promise<CommandEnd>;

/** As a child of this process: for hosts without systemd, and for tests. */
export function directActs(commands: Commands): RunAct {
  return (act, io) => commands.run(commandOf(act, io));
}

/**
 * Each act as a transient unit of its own, which systemd starts: so the privileged unit itself needs no capability and
 * no network, only an act that is said to need the network has it, and a cancelled one is ended with all it started.
 */
export function transientActs(commands: Commands): RunAct {
  return async (act, io) => {
    const unit = `stoa-step-${io.name}.service`;
    const command = commandOf(act, io);
    const argv = ['systemd-run', ...transientFlags(act, unit, io.timeoutMs), '--', ...act.argv] as const;
    try {
      const { env: _inUnit, ...outside } = command;
      return await commands.run({ ...outside, argv, timeoutMs: io.timeoutMs + STOP_MS });
    } catch (error) {
      // Ending systemd-run alone leaves the unit running; nothing else may begin before that is gone too.
      await commands.run({ argv: ['systemctl', 'stop', unit], timeoutMs: STOP_MS }).catch(() => undefined);
      throw error;
    }
  };
}

const STOP_MS = LIMITS.cancelGraceMs * 2;

function transientFlags(act: Act, unit: string, timeoutMs: number): string[] {
  const properties = [
    `RuntimeMaxSec=${Math.ceil(timeoutMs / 1000)}`,
    `TimeoutStopSec=${LIMITS.cancelGraceMs / 1000}`,
    'KillMode=control-group',
    'NoNewPrivileges=yes',
    'ProtectHome=yes',
    'PrivateTmp=yes',
    'ProtectKernelModules=yes',
    'ProtectKernelTunables=yes',
    'ProtectClock=yes',
    'LockPersonality=yes',
    'RestrictRealtime=yes',
    'MemoryMax=75%',
    'TasksMax=4096',
    ...(act.network ? [] : ['PrivateNetwork=yes']),
  ];
  const env = Object.entries(act.env ?? {}).map(([name, value]) => `--setenv=${name}=${value}`);
  return [
    ...['--quiet', '--wait', '--pipe', '--collect', '--service-type=exec', `--unit=${unit}`],
    ...properties.map((property) => `--property=${property}`),
    ...env,
  ];
}

function commandOf(act: Act, { signal, stdin, onLine, onBytes, timeoutMs }: ActIo): Command {
  const input = stdin ?? act.stdin;
  return {
    argv: act.argv,
    timeoutMs,
    signal,
    ...(act.env && { env: act.env }),
    ...(input !== undefined && { stdin: input }),
    ...(onLine && { onLine }),
    ...(act.bytes && onBytes && { onBytes }),
  };
}
