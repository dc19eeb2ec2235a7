import { expect, it } from 'vitest';
import { transientActs } from '#root/act-runner.ts';
import { CommandError, type Commands } from '#work/commands.ts';

it('a transient unit whose step is cut is gone before the step is over', async () => {
  const told: string[] = [];
  const { promise: stopping, resolve: stop } = Promise.withResolvers<void>();
  const { promise: gone, resolve: go } = Promise.withResolvers<void>();
  const commands: Commands = {
    async run({ argv }) {
      told.push(argv.slice(0, 2).join(' '));
      if (argv[0] === 'systemd-run') throw new CommandError('command_aborted', argv[0], 'was ended');
      expect(argv).toEqual(['systemctl', 'stop', 'stoa-step-x.service']);
      stop();
      await gone;
      told.push('gone');
      return { exitCode: 0 };
    },
  };
  const { signal } = new AbortController();
  const run = transientActs(commands)({ argv: ['tar'] }, { signal, timeoutMs: 1_000, name: 'x' }).catch(
    (error: CommandError) => told.push(error.code),
  );
  await stopping;
  go();
  await run;
  expect(told).toEqual(['systemd-run --quiet', 'systemctl stop', 'gone', 'command_aborted']);
});
