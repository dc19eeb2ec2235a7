import { type CommandRun, printJson } from '#cli/command.ts';
import { EXIT } from '#cli/exit-code.ts';
import { renderJobs } from '#cli/jobs-view.ts';
import { askStatus } from '#status/status-client.ts';
import type { WorkStatus } from '#work/work-status.ts';

/** Exits `degraded` where nothing can be done: the policy can't be read, or the disk takes nothing. */
export const jobs: CommandRun = async ({ config, clock, signal, io, json, color }) => {
  const answer = await askStatus({ path: config.statusSocket, clock, signal }, 'jobs');
  const work = answer as unknown as WorkStatus;
  if (json) printJson(io, { ok: true, ...answer });
  else io.out(renderJobs(work, color));
  return work.policyFault === '' && work.fault === undefined ? EXIT.ok : EXIT.degraded;
};
