import { duration, relative } from '../console/format.ts';
import { HubError } from '../error.ts';
import { isUuid } from '../jobs/index.ts';
import type { CommandContext } from './context.ts';
import { readDurationOption } from './duration-option.ts';
import { type RunOptions, readRequest } from './job-run.ts';
import { withJobs } from './job-tools.ts';
import { printable, table } from './table.ts';

export interface ScheduleOptions extends Pick<RunOptions, 'query' | 'param'> {
  readonly every: string;
  readonly as: string;
}

/** `stoa-hub jobs schedules ls`. */
export async function listSchedules(context: CommandContext): Promise<void> {
  await withJobs(context, async ({ schedules, viewer, now }) => {
    const all = await schedules.list(viewer);
    if (context.json) {
      context.out(JSON.stringify({ schedules: all }));
      return;
    }
    if (all.length === 0) context.out('Nothing is scheduled: stoa-hub jobs schedules add does it.');
    const rows = all.map(({ scheduleId, kind, selector, everyMs, nextAt, createdBy }) => [
      kind,
      selector || 'all nodes',
      duration(everyMs),
      relative(nextAt, now()),
      createdBy,
      scheduleId,
    ]);
    if (rows.length > 0)
      for (const line of table(['KIND', 'NODES', 'EVERY', 'NEXT', 'FOR', 'ID'], rows)) context.out(line);
  });
}

/** `stoa-hub jobs schedules add`: by the rights that the account has at each turn. */
export async function addSchedule(
  context: CommandContext,
  name: string,
  options: ScheduleOptions,
): Promise<void> {
  const request = readRequest(name, options);
  const everyMs = readDurationOption('--every', options.every);
  await withJobs(context, async ({ schedules, viewer, now }) => {
    const owner = options.as.trim().toLowerCase();
    const schedule = await schedules.create(viewer, { ...request, everyMs, owner });
    context.out(
      context.json
        ? JSON.stringify(schedule)
        : printable(
            `Schedule ${schedule.scheduleId}: ${schedule.kind} every ${duration(everyMs)} for ${owner}, the first ${relative(schedule.nextAt, now())}.`,
          ),
    );
  });
}

/** `stoa-hub jobs schedules end`: what it has submitted goes on. */
export async function endSchedule(context: CommandContext, id: string): Promise<void> {
  if (!isUuid(id)) throw badOption(`'${id}' is no id of a schedule: stoa-hub jobs schedules ls shows them`);
  await withJobs(context, async ({ schedules, viewer }) => {
    await schedules.end(viewer, id);
    context.out(context.json ? JSON.stringify({ ended: id }) : `Schedule ${id} has ended.`);
  });
}

function badOption(message: string): HubError {
  return new HubError('bad_option', message, { retry: false });
}
