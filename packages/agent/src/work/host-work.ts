import { KIND_NAMES } from '@stoa/protocol';
import type { AgentContext } from '#cli/agent-context.ts';
import { describeError } from '#error.ts';
import type { JobHandlers } from '#work/handler.ts';
import type { HostFactsOfKinds } from '#work/kinds/host-kinds.ts';
import { nodeDataDir, unsettledMark } from '#work/kinds/node-data-dir.ts';

/**
 * The kinds of work on a real host. Their code is loaded with the first job: most of the time an agent has none, and waits
 * for months on machines where memory belongs to the chain.
 */
export class HostWork {
  readonly handlers: JobHandlers;
  readonly #context: AgentContext;
  readonly #by: HostFactsOfKinds;
  #settled: Promise<void> = Promise.resolve();

  constructor(context: AgentContext, by: HostFactsOfKinds) {
    this.#context = context;
    this.#by = by;
    this.handlers = Object.fromEntries(
      KIND_NAMES.map((kind) => [
        kind,
        {
          run: async (job) => {
            // By then root would obey this job, and no more the one that was cut.
            await this.#settled;
            const { createJobHandlers } = await import('#work/kinds/index.ts');
            return createJobHandlers(await this.#deps())[kind].run(job);
          },
        } satisfies JobHandlers[typeof kind],
      ]),
    );
  }

  /** Puts back what a job had under way when the agent or the machine ended. Never rejects. */
  resume(): Promise<void> {
    this.#settled = this.#settle();
    return this.#settled;
  }

  async #settle(): Promise<void> {
    const { disk, config, log } = this.#context;
    try {
      if ((await disk.stat(unsettledMark({ dataDir: nodeDataDir(config) }))) === undefined) return;
      const { settle } = await import('#work/kinds/index.ts');
      await settle(await this.#deps(), log);
    } catch (error) {
      log.error('job-not-put-back', { ...describeError(error) });
    }
  }

  async #deps() {
    const { hostKindDeps } = await import('#work/kinds/host-kinds.ts');
    return hostKindDeps(this.#context, this.#by);
  }
}
