import { isKindName } from '@stoa/protocol';
import type { AgentChannel } from '#seams/agent-channel/index.ts';
import { HttpError } from '../http-error.ts';
import { parseSelector } from '../nodes/index.ts';
import type { Viewer } from '../viewer.ts';
import type { JobDesk } from './job-desk.ts';
import type { JobReader } from './job-reader.ts';

/** To the node's agent: it pulls the job in the session that it has, or in the next one. */
export function sessionChannel(desk: JobDesk, reader: JobReader): AgentChannel<Viewer> {
  return {
    way: 'session',
    carries: isKindName,
    async run(viewer, { nodeId, kind, params, order }) {
      if (!isKindName(kind))
        throw new HttpError(400, 'bad_kind', `There is no kind '${kind}'.`, { fix: 'stoa-hub job kinds' });
      const selector = parseSelector(`id:${nodeId}`);
      const submit = { kind, params, selector, expected: 1, ...(order !== undefined && { order }) };
      const { batchId } = await desk.submit(viewer, submit);
      const { jobs } = await reader.list(viewer, { batchId });
      return jobs[0]!.jobId;
    },
  };
}
