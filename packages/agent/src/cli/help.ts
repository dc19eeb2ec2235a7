import { GLOBAL_OPTIONS } from '#cli/arguments.ts';
import type { Command, CommandOption } from '#cli/command.ts';
import { COMMANDS } from '#cli/commands.ts';
import { describeConfig } from '#config.ts';

const EXIT_CODES = `Exit codes
  0 ok   1 failed   2 wrong usage or setting   3 degraded: it works, and something wants attention   4 unreachable
`;

export function generalHelp(): string {
  const rows = COMMANDS.map(({ name, alias, summary }): [string, string] => [
    alias ? `${name}, ${alias}` : name,
    summary,
  ]);
  return `stoa-agent: the agent of a StoaChain node

Usage
  stoa-agent <command> [options]

Commands
${columns(rows)}
Options of every command
${columns(optionRows(GLOBAL_OPTIONS))}
Settings: by option, or by the environment
${describeConfig()}

${EXIT_CODES}`;
}

export function commandHelp({ name, alias, summary, usage, options, exits }: Command): string {
  const own = optionRows(options);
  return `${summary}

Usage
  stoa-agent ${name}${usage ? ` ${usage}` : ''} [options]${alias ? `\n  stoa-agent ${alias} …` : ''}

Options
${columns([...own, ...optionRows(GLOBAL_OPTIONS)])}
Settings such as --data DIR: see stoa-agent --help

${exits === undefined ? EXIT_CODES : `Exit codes\n  ${exits}\n`}`;
}

function optionRows(options: Readonly<Record<string, CommandOption>>): [string, string][] {
  return Object.entries(options).map(([name, { short, value, help }]) => {
    const names = short ? `-${short}, --${name}` : `--${name}`;
    return [value ? `${names} ${value}` : names, help];
  });
}

function columns(rows: ReadonlyArray<readonly [string, string]>): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}\n`).join('');
}
