import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '#cli/arguments.ts';
import { COMMANDS } from '#cli/commands.ts';
import { UsageError } from '#cli/exit-code.ts';
import { commandHelp, generalHelp } from '#cli/help.ts';
import { suggest } from '#cli/suggestion.ts';

describe('the command line', () => {
  it('takes options before and after the command, by = or by a space', () => {
    const lines = [
      ['--data', '/d', '--json', 'enroll', 'stoa1_x', '--yes'],
      ['enroll', 'stoa1_x', '-y', '--data=/d', '--json'],
      ['join', '--data=/d', '--json', '--yes', 'stoa1_x'],
    ];
    for (const argv of lines) {
      const { command, input, json, settings } = parseCommandLine(argv);
      expect({ name: command?.name, json, settings }).toEqual({
        name: 'enroll',
        json: true,
        settings: { data: '/d' },
      });
      expect(input).toMatchObject({ positionals: ['stoa1_x'], options: { yes: true } });
    }
  });

  it('knows the settings as flags', () => {
    const argv = ['run', '--network', 'simulated', '--chainweb-url=http://n:1', '--log-level', 'debug'];
    expect(parseCommandLine(argv).settings).toEqual({
      network: 'simulated',
      'chainweb-url': 'http://n:1',
      'log-level': 'debug',
    });
  });

  it('does not take the value of an option for the command', () => {
    expect(parseCommandLine(['--data', 'status', 'doctor']).command?.name).toBe('doctor');
    expect(parseCommandLine(['--data', 'status']).command).toBeUndefined();
  });

  it.each([
    [['statsu'], "unknown command 'statsu': did you mean 'status'?"],
    [['support'], "unknown command 'support': did you mean 'support-bundle'?"],
    [['frobnicate'], 'expected one of run, enroll, join, status'],
    [['status', '--jsn'], "unknown option '--jsn': did you mean '--json'?"],
    [['status', '--token-file', 'x'], "unknown option '--token-file'"],
    [['run', '--transprot=auto'], "unknown option '--transprot': did you mean '--transport'?"],
    [['status', '-z'], "unknown option '-z': see --help"],
    [['status', '--data'], '--data'],
    [['status', '--json=yes'], '--json'],
  ])('%j is refused: %s', (argv, message) => {
    expect(() => parseCommandLine(argv)).toThrow(UsageError);
    expect(() => parseCommandLine(argv)).toThrow(message);
  });
});

describe('a suggestion', () => {
  it.each([
    ['docotr', 'doctor'],
    ['enrol', 'enroll'],
    ['meetrics', 'metrics'],
    ['rotate', 'rotate-key'],
    ['ru', 'run'],
    ['xyz', undefined],
    ['', undefined],
  ])('for %j is %j', (word, meant) => {
    expect(
      suggest(
        word,
        COMMANDS.map(({ name }) => name),
      ),
    ).toBe(meant);
  });
});

describe('the help', () => {
  it('names every command, its alias, each setting and the exit codes', () => {
    const help = generalHelp();
    for (const { name, summary } of COMMANDS) expect(help).toMatch(new RegExp(`${name}.* ${summary}`));
    for (const part of ['enroll, join', '--data', 'STOA_AGENT_DATA', 'HTTPS_PROXY', '4 unreachable']) {
      expect(help).toContain(part);
    }
  });

  it('of a command names each of its options', () => {
    for (const command of COMMANDS) {
      const help = commandHelp(command);
      for (const option of [...Object.keys(command.options), 'json']) expect(help).toContain(`--${option}`);
    }
  });

  it('fits a terminal', () => {
    const wide = [generalHelp(), ...COMMANDS.map(commandHelp)]
      .flatMap((help) => help.split('\n'))
      .filter((line) => line.length > 140);
    expect(wide).toEqual([]);
  });
});
