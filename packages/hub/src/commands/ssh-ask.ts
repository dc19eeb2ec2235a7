import type { SshKindName } from '../bootstrap/index.ts';
import { HubError } from '../error.ts';
import { NODE_ID } from '../nodes/index.ts';
import type { CommandContext } from './context.ts';
import { confirm } from './prompt.ts';
import { withSsh } from './ssh-bench.ts';
import { followSshJobs } from './ssh-follow.ts';

export interface AskOptions {
  readonly yes: boolean;
  readonly wait: boolean;
}

/** `stoa-hub ssh recover|reseat|agent-install`: by our own key, on a node that was bootstrapped. */
export async function askOverSsh(
  context: CommandContext,
  nodeId: string,
  { kind, options }: { kind: Exclude<SshKindName, 'bootstrap'>; options: AskOptions },
): Promise<void> {
  if (!NODE_ID.test(nodeId))
    throw new HubError('bad_option', `'${nodeId}' is no id of a node: stoa-hub nodes ls shows them`, {
      retry: false,
    });
  if (!options.yes && !(await confirm(context, `${kind} on ${nodeId} over SSH?`)))
    throw new HubError('not_confirmed', 'nothing was done', { retry: false });
  await withSsh(context, async ({ desk }, jobs) => {
    const jobId = await desk.submit(jobs.viewer, { kind, nodeId, params: {} });
    await followSshJobs(context, jobs, { submitted: [{ jobId, place: nodeId }], wait: options.wait });
  });
}
