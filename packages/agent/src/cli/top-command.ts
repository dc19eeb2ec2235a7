import { type CommandRun, type CommandScope, printJson } from '#cli/command.ts';
import { EXIT } from '#cli/exit-code.ts';
import { renderJobs } from '#cli/jobs-view.ts';
import { renderStatus } from '#cli/status-view.ts';
import { sleep } from '#clock.ts';
import type { StatusSnapshot } from '#status/snapshot.ts';
import { askStatus } from '#status/status-client.ts';
import type { WorkStatus } from '#work/work-status.ts';

const EVERY_MS = 2_000;
const CLEAR = '\u001b[H\u001b[2J';

/** Status and work of the running agent, drawn anew every two seconds; once where nobody watches. */
export const top: CommandRun = async (scope, { options }) => {
  const { io, json, clock, signal } = scope;
  const once = options['once'] === true || json || !io.terminal;
  for (;;) {
    const view = await look(scope);
    if (json) printJson(io, { ok: true, ...view });
    else
      io.out(
        `${once ? '' : CLEAR}${renderStatus(view.status, scope.color)}\n${renderJobs(view.work, scope.color)}`,
      );
    if (once) return EXIT.ok;
    const stopped = await sleep(clock, EVERY_MS, signal).then(
      () => false,
      () => true,
    );
    if (stopped) return EXIT.ok;
  }
};

async function look({
  config,
  clock,
  signal,
}: CommandScope): Promise<{ status: StatusSnapshot; work: WorkStatus }> {
  const at = { path: config.statusSocket, clock, signal };
  const [status, work] = await Promise.all([askStatus(at, 'status'), askStatus(at, 'jobs')]);
  return { status: status as unknown as StatusSnapshot, work: work as unknown as WorkStatus };
}
