import { parseArgs } from 'node:util';
import type { Command, CommandInput, CommandOption } from '#cli/command.ts';
import { COMMANDS, findCommand } from '#cli/commands.ts';
import { UsageError } from '#cli/exit-code.ts';
import { suggest } from '#cli/suggestion.ts';
import { SETTINGS } from '#config.ts';

export const GLOBAL_OPTIONS: Readonly<Record<string, CommandOption>> = {
  json: { type: 'boolean', help: 'Print one JSON object' },
  help: { type: 'boolean', short: 'h', help: 'Show this help, or that of a command' },
  version: { type: 'boolean', help: 'Show the version' },
};

/** Each setting that has a flag; those are global too. */
const SETTING_OPTIONS: Readonly<Record<string, CommandOption>> = Object.fromEntries(
  SETTINGS.flatMap(({ flag, doc }) =>
    flag === undefined ? [] : [[flag, { type: 'string' as const, help: doc }]],
  ),
);

export interface CommandLine {
  /** Undefined where only global options were given. */
  readonly command: Command | undefined;
  readonly input: CommandInput;
  readonly json: boolean;
  readonly help: boolean;
  readonly version: boolean;
  /** By flag name, for `loadConfig`. */
  readonly settings: Readonly<Record<string, string>>;
}

/** @throws UsageError */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const name = commandName(argv);
  const command = name === undefined ? undefined : findCommand(name);
  if (name !== undefined && command === undefined) throw unknownCommand(name);
  const options = { ...GLOBAL_OPTIONS, ...SETTING_OPTIONS, ...command?.options };
  const { values, positionals } = parseStrictly(argv, options);
  const { json, help, version } = values;
  return {
    command,
    input: { options: values, positionals: positionals.slice(1) },
    json: json === true,
    help: help === true,
    version: version === true,
    settings: Object.fromEntries(
      Object.keys(SETTING_OPTIONS).flatMap((flag) => {
        const value = values[flag];
        return typeof value === 'string' ? [[flag, value]] : [];
      }),
    ),
  };
}

/** The first word that is neither an option nor its value; options may come before it. */
function commandName(argv: readonly string[]): string | undefined {
  const all = Object.assign({}, ...COMMANDS.map(({ options }) => options), GLOBAL_OPTIONS, SETTING_OPTIONS);
  const { tokens } = parseArgs({ args: [...argv], options: all, strict: false, tokens: true });
  return tokens.find((token) => token.kind === 'positional')?.value;
}

function parseStrictly(argv: readonly string[], options: Readonly<Record<string, CommandOption>>) {
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: true });
  } catch (error) {
    throw describe(error, Object.keys(options));
  }
}

function unknownCommand(name: string): UsageError {
  const names = COMMANDS.flatMap((command) => [command.name, ...(command.alias ? [command.alias] : [])]);
  const meant = suggest(name, names);
  const hint = meant ? `did you mean '${meant}'?` : `expected one of ${names.join(', ')}`;
  return new UsageError(`unknown command '${name}': ${hint}`);
}

/** The sentences of parseArgs explain shell quoting; ours name what was meant. */
function describe(error: unknown, known: readonly string[]): UsageError {
  if (!(error instanceof Error && 'code' in error)) return new UsageError(String(error), error);
  const option = /'(--?[^'\s=]+)/.exec(error.message)?.[1] ?? '';
  if (error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const meant = suggest(option.replace(/^-+/, ''), known);
    const hint = meant ? `did you mean '--${meant}'?` : 'see --help';
    return new UsageError(`unknown option '${option}': ${hint}`, error);
  }
  return new UsageError(error.message.split('\n')[0] ?? error.message, error);
}
