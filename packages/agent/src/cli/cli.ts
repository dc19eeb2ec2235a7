import type { AgentContext } from '#cli/agent-context.ts';
import { parseCommandLine } from '#cli/arguments.ts';
import { type CommandIo, type CommandScope, printJson } from '#cli/command.ts';
import type { CommandDeps } from '#cli/command-deps.ts';
import { EXIT, type ExitCode, exitCodeOf } from '#cli/exit-code.ts';
import { type Clock, createClock } from '#clock.ts';
import { type ConfigHost, type Environment, loadConfig } from '#config.ts';
import { describeError } from '#error.ts';

export interface CliOptions {
  /** Without the program itself. */
  argv: readonly string[];
  env: Environment;
  host: ConfigHost;
  io: CommandIo;
  /** Aborts on SIGINT and SIGTERM. */
  signal: AbortSignal;
  deps: CommandDeps;
  clock?: Clock;
}

/**
 * Runs one command. Never rejects: what goes wrong is told on stderr (as JSON on stdout under `--json`) and by the exit
 * code. After it resolves the process may exit at once.
 */
export async function runCli(options: CliOptions): Promise<ExitCode> {
  const { argv, io } = options;
  try {
    return await dispatch(options);
  } catch (error) {
    const described = describeError(error);
    if (argv.includes('--json')) printJson(io, { ok: false, error: described });
    else io.err(`stoa-agent: ${described.message}\n`);
    return exitCodeOf(described.code);
  }
}

async function dispatch(options: CliOptions): Promise<ExitCode> {
  const { io, deps } = options;
  const { command, input, json, help, version, settings } = parseCommandLine(options.argv);
  if (version) {
    if (json) printJson(io, { ok: true, version: deps.version });
    else io.out(`stoa-agent ${deps.version}\n`);
    return EXIT.ok;
  }
  if (help || command === undefined) {
    const { commandHelp, generalHelp } = await import('#cli/help.ts');
    const text = command ? commandHelp(command) : generalHelp();
    if (help) io.out(text);
    else io.err(text);
    return help ? EXIT.ok : EXIT.usage;
  }
  const config = loadConfig({ env: options.env, flags: settings, host: options.host });
  const run = await command.load();
  return run(scopeOf(options, config, json), input);
}

function scopeOf(options: CliOptions, config: CommandScope['config'], json: boolean): CommandScope {
  const { io, deps, signal, env, clock = createClock() } = options;
  let context: Promise<AgentContext> | undefined;
  const make = async (): Promise<AgentContext> => {
    const { createAgentContext } = await import('#cli/agent-context.ts');
    const writeLog = (line: string): void => io.err(`${line}\n`);
    return createAgentContext({ version: deps.version, config, clock, signal, writeLog });
  };
  return {
    config,
    clock,
    io,
    deps,
    json,
    signal,
    // https://no-color.org: any value that is not empty.
    color: io.terminal && !env['NO_COLOR'],
    agent: () => {
      context ??= make();
      return context;
    },
  };
}
