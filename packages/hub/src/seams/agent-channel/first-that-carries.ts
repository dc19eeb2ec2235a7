import { HubError } from '../../error.ts';
import type { AgentChannel, NodeWork, Way } from './agent-channel.ts';

/**
 * "Run this on that node": by the first way that carries the kind. The live session comes first; SSH carries the SSH kinds
 * alone, so nothing that an agent can do ever goes by SSH, whether its agent is there or not: it waits for it.
 */
export class FirstThatCarries<By> {
  readonly #ways: readonly AgentChannel<By>[];

  constructor(ways: readonly AgentChannel<By>[]) {
    this.#ways = ways;
  }

  wayOf(kind: string): Way | undefined {
    return this.#ways.find((way) => way.carries(kind))?.way;
  }

  /** @throws HubError `unknown_kind`, and what the way itself throws. */
  async run(by: By, work: NodeWork): Promise<{ jobId: string; way: Way }> {
    const channel = this.#ways.find((way) => way.carries(work.kind));
    if (channel === undefined)
      throw new HubError(
        'unknown_kind',
        `no way to a node carries '${work.kind}': stoa-hub job kinds lists them`,
        {
          retry: false,
        },
      );
    return { jobId: await channel.run(by, work), way: channel.way };
  }
}
