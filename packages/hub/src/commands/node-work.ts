import { isKindName, kindOf, type Parameters } from '@stoa/protocol';
import { isSshKind, sshKindOf } from '../bootstrap/index.ts';
import { HubError } from '../error.ts';
import { NODE_ID } from '../nodes/index.ts';
import type { CommandContext } from './context.ts';
import { readGiven, readOrder } from './job-run.ts';
import { confirm } from './prompt.ts';
import { withSsh } from './ssh-bench.ts';
import { followSshJobs } from './ssh-follow.ts';

export interface NodeWorkOptions {
  readonly yes: boolean;
  readonly wait: boolean;
  readonly param?: readonly string[];
  readonly order?: string;
}

/**
 * `stoa-hub job on NODE KIND`, and `stoa-hub ssh …` for those kinds that have a word of their own: one thing on one node,
 * by whichever way carries it.
 */
export async function workOnNode(
  context: CommandContext,
  nodeId: string,
  { kind, options }: { kind: string; options: NodeWorkOptions },
): Promise<void> {
  if (!NODE_ID.test(nodeId))
    throw new HubError('bad_option', `'${nodeId}' is no id of a node: stoa-hub nodes ls shows them`, {
      retry: false,
    });
  const params = readGiven(kind, parametersOf(kind), options.param ?? []);
  const order = options.order === undefined ? undefined : await readOrder(options.order);
  await withSsh(context, async ({ channel }, jobs) => {
    const ways = channel(jobs);
    const by = ways.wayOf(kind) === 'ssh' ? 'over SSH' : 'by its agent';
    if (!options.yes && !(await confirm(context, `${kind} on ${nodeId} ${by}?`)))
      throw new HubError('not_confirmed', 'nothing was done', { retry: false });
    const { jobId } = await ways.run(jobs.viewer, { nodeId, kind, params, ...(order && { order }) });
    await followSshJobs(context, jobs, { submitted: [{ jobId, place: nodeId }], wait: options.wait });
  });
}

function parametersOf(kind: string): Parameters {
  if (isKindName(kind)) return kindOf(kind).parameters;
  if (isSshKind(kind)) return sshKindOf(kind).parameters;
  throw new HubError(
    'bad_option',
    `there is no kind '${kind}': stoa-hub job kinds lists what agents do and what goes over SSH`,
    { retry: false },
  );
}
