import type { AgentContext } from '#cli/agent-context.ts';
import type { CommandDeps } from '#cli/command-deps.ts';
import type { ExitCode } from '#cli/exit-code.ts';
import type { Clock } from '#clock.ts';
import type { AgentConfig } from '#config.ts';

/** The terminal, or what stands for it. */
export interface CommandIo {
  out(text: string): void;
  err(text: string): void;
  /** Both input and output are a terminal: only then a person is asked. */
  readonly interactive: boolean;
  /** stdout is a terminal. NO_COLOR is looked at besides. */
  readonly terminal: boolean;
  /** One line of a person's answer. Called only where `interactive`. */
  ask(question: string): Promise<string>;
}

export interface CommandOption {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** Placeholder of a value in the help. */
  readonly value?: string;
  readonly help: string;
}

export interface CommandInput {
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly positionals: readonly string[];
}

export interface CommandScope {
  readonly config: AgentConfig;
  readonly clock: Clock;
  readonly io: CommandIo;
  readonly deps: CommandDeps;
  readonly json: boolean;
  readonly color: boolean;
  /** Aborts on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** Loaded and made at the first call: `status` lives without it. */
  agent(): Promise<AgentContext>;
}

export type CommandRun = (scope: CommandScope, input: CommandInput) => Promise<ExitCode>;

export interface Command {
  readonly name: string;
  readonly alias?: string;
  readonly summary: string;
  /** What follows the name. */
  readonly usage: string;
  readonly options: Readonly<Record<string, CommandOption>>;
  /** What its exit codes mean, where that is more than those of all commands. */
  readonly exits?: string;
  /** Brings the code of this command alone. */
  load(): Promise<CommandRun>;
}

export function printJson(io: CommandIo, value: unknown): void {
  io.out(`${JSON.stringify(value)}\n`);
}
