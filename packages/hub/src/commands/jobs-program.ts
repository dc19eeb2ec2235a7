import type { Command } from 'commander';
import type { CommandContext } from './context.ts';
import { EXIT_CODES } from './exit.ts';
import type { RunOptions } from './job-run.ts';
import type { ScheduleOptions } from './job-schedules.ts';
import type { JobListOptions } from './jobs.ts';
import type { NodeWorkOptions } from './node-work.ts';

const SELECTOR = 'which nodes, as in the list: state:online -tag:lab region:eu';

/** `stoa-hub job …` and `stoa-hub jobs …`, beside a running hub. */
export function addJobCommands(root: Command, here: () => CommandContext): void {
  const job = root.command('job').description('work on nodes, beside a running hub');
  job
    .command('run')
    .argument('<kind>', 'what to do: stoa-hub job kinds lists them')
    .description('submit a job to all nodes that match, and follow it to its end')
    .requiredOption('-q, --query <selector>', SELECTOR)
    .option('-p, --param <name=value...>', 'parameters of the kind')
    .option('--dry-run', 'tell what it would touch, and do nothing', false)
    .option('--yes', 'do it without a question', false)
    .option('--no-wait', 'return once it is submitted')
    .option('--timeout <duration>', 'follow it for so long at most: 90s, 10m. What is open then goes on')
    .option('--draft <file>', 'write the order that must be signed, and do nothing else; needs --as')
    .option('--as <email>', 'whose key will sign the draft')
    .option('--order <file>', 'the signed order, as stoa-hub key sign-order prints it')
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(async (kind: string, options: RunOptions) =>
      (await import('./job-run.ts')).runJob(here(), kind, options),
    );
  job
    .command('on')
    .argument('<node>', 'its id')
    .argument('<kind>', 'a kind of stoa-hub job kinds but bootstrap')
    .description('one job on one node, followed to its end')
    .option('-p, --param <name=value...>', 'parameters of the kind')
    .option('--yes', 'do it without a question', false)
    .option('--no-wait', 'return once it is submitted')
    .option('--order <file>', 'the signed order, as stoa-hub key sign-order prints it')
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(async (nodeId: string, kind: string, options: NodeWorkOptions) =>
      (await import('./node-work.ts')).workOnNode(here(), nodeId, { kind, options }),
    );
  job
    .command('kinds')
    .argument('[kind]', 'only this one, with its parameters')
    .description(
      'what nodes can be asked to do, by their agents and over SSH: class, who must sign, parameters, undo',
    )
    .action(async (kind?: string) => (await import('./job-kinds.ts')).listKinds(here(), kind));
  const jobs = root.command('jobs').description('jobs that were submitted, beside a running hub');
  jobs
    .command('ls')
    .description('list jobs, the newest first')
    .option('--state <state...>', 'queued, leased, running, succeeded, failed, cancelled, unknown, dead')
    .option('--kind <kind>', 'of this kind')
    .option('--batch <id>', 'of one submit')
    .option('--node <id>', 'on one node')
    .option('--limit <n>', 'how many at most', '50')
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(async (options: JobListOptions) => (await import('./jobs.ts')).listJobs(here(), options));
  jobs
    .command('show')
    .argument('<id>', 'of the job')
    .description('show a job with its receipts')
    .action(async (id: string) => (await import('./jobs.ts')).showJob(here(), id));
  jobs
    .command('logs')
    .argument('<id>', 'of the job')
    .description('print the log of a job')
    .option('-f, --follow', 'go on until the job is over', false)
    .action(async (id: string, options: { follow: boolean }) =>
      (await import('./jobs.ts')).printLog(here(), id, options),
    );
  jobs
    .command('cancel')
    .argument('<id>', 'of the job, or of a batch: all of it that is not over')
    .description('end a job: TERM, after ten seconds KILL')
    .action(async (id: string) => (await import('./jobs.ts')).cancelJobs(here(), id));
  jobs
    .command('retry')
    .argument('<id>', 'of the job, or of a batch')
    .description('queue anew what failed, was cancelled or is dead')
    .action(async (id: string) => (await import('./jobs.ts')).retryJobs(here(), id));
  addScheduleCommands(jobs, here);
}

function addScheduleCommands(jobs: Command, here: () => CommandContext): void {
  const schedules = jobs
    .command('schedules')
    .description('work that only reads, submitted again and again by itself');
  schedules
    .command('ls')
    .description('list what is scheduled')
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(async () => (await import('./job-schedules.ts')).listSchedules(here()));
  schedules
    .command('add')
    .argument('<kind>', 'of class read: stoa-hub job kinds lists them')
    .description('submit a job to all nodes that match, again and again')
    .requiredOption('-q, --query <selector>', SELECTOR)
    .requiredOption('--every <duration>', 'from one turn to the next, a minute at least: 15m, 6h, 1d')
    .requiredOption(
      '--as <email>',
      'the account for whom: each turn reaches the nodes that it may work on then',
    )
    .option('-p, --param <name=value...>', 'parameters of the kind')
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(async (kind: string, options: ScheduleOptions) =>
      (await import('./job-schedules.ts')).addSchedule(here(), kind, options),
    );
  schedules
    .command('end')
    .argument('<id>', 'of the schedule')
    .description('end a schedule; the jobs that it has submitted go on')
    .addHelpText('after', `\n${EXIT_CODES}`)
    .action(async (id: string) => (await import('./job-schedules.ts')).endSchedule(here(), id));
}
