import type { AgentChannel } from '#seams/agent-channel/index.ts';
import { HttpError } from '../http-error.ts';
import type { Viewer } from '../viewer.ts';
import type { BootstrapDesk } from './desk.ts';
import { isSshKind } from './kinds.ts';

/** By a worker, for what no agent can do for itself. A bare host is none of its business: that is `bootstrap`. */
export function sshChannel(desk: BootstrapDesk): AgentChannel<Viewer> {
  return {
    way: 'ssh',
    carries: (kind) => isSshKind(kind) && kind !== 'bootstrap',
    async run(viewer, { nodeId, kind, params }) {
      if (!isSshKind(kind) || kind === 'bootstrap')
        throw new HttpError(400, 'bad_kind', `'${kind}' is no SSH kind for a node.`, {
          fix: 'stoa-hub job kinds',
        });
      return await desk.submit(viewer, { kind, nodeId, params });
    },
  };
}
