import { type CommandRun, printJson } from '#cli/command.ts';
import { confirm } from '#cli/confirmation.ts';
import { EXIT } from '#cli/exit-code.ts';

const DONE = {
  requested:
    'The new key is made. The running agent offers it to the hub; `stoa-agent status` shows when it holds.',
  committed: 'The new key is in use.',
} as const;

export const rotateKey: CommandRun = async ({ agent, deps, io, json }, { options }) => {
  const question = 'Give this node a new key? The old one stays valid for 72 hours, and the owner is told.';
  if (!(await confirm(io, question, options['yes'] === true))) {
    if (json)
      printJson(io, { ok: false, error: { code: 'declined', message: 'nothing was changed', retry: false } });
    else io.out('Nothing was changed.\n');
    return EXIT.fail;
  }
  const outcome = await deps.rotateKey(await agent());
  if (json) printJson(io, { ok: true, ...outcome });
  else io.out(`${DONE[outcome.state]}\n`);
  return EXIT.ok;
};
