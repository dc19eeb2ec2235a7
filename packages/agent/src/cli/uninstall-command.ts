import { type CommandRun, type CommandScope, printJson } from '#cli/command.ts';
import { confirm } from '#cli/confirmation.ts';
import { EXIT } from '#cli/exit-code.ts';
import { planUninstall, type UninstallPlan } from '#cli/installation.ts';
import { createCommands } from '#work/commands.ts';

const SAID = {
  done: 'The node is still on the hub’s list: retire it there.',
  dry: 'Dry run: nothing was changed.',
  declined: 'Nothing was changed.',
};

/** Shows what would go and what stays, asks, and does it. */
export const uninstall: CommandRun = async (scope, { options }) => {
  const { io, json, clock, deps } = scope;
  const commands = createCommands(clock);
  const plan = await planUninstall(deps.installation(), commands, options['purge'] === true);
  if (!json) show(scope, plan);
  const end = options['dry-run'] === true ? 'dry' : await carryOut(scope, plan, options['yes'] === true);
  if (json) {
    const steps = plan.removals.map(({ what }) => what);
    printJson(io, { ok: end !== 'declined', removed: end === 'done', steps, stays: plan.stays });
  } else io.out(`${SAID[end]}\n`);
  return end === 'declined' ? EXIT.fail : EXIT.ok;
};

function show({ io }: CommandScope, { removals, stays }: UninstallPlan): void {
  for (const { what } of removals) io.out(`would: ${what}\n`);
  for (const kept of stays) io.out(`kept: ${kept}; --purge removes it\n`);
}

async function carryOut(
  { io, json }: CommandScope,
  { removals }: UninstallPlan,
  yes: boolean,
): Promise<'done' | 'declined'> {
  if (!(await confirm(io, 'Take this agent away from this host?', yes))) return 'declined';
  for (const { what, run } of removals) {
    await run();
    if (!json) io.out(`done: ${what}\n`);
  }
  return 'done';
}
