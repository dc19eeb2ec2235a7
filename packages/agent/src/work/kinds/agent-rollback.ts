import type { JobHandler } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import type { KindDeps } from '#work/kinds/deps.ts';

/**
 * As `stoa-agent update --rollback` on the host. No hub orders a node back by itself: it takes a person's order, which names
 * the version. The job ends before its agent does: the swap waits until nothing runs here any more, and the states of the
 * update tell what came of it.
 */
export function agentRollback({ updates }: Pick<KindDeps, 'updates'>): JobHandler {
  return {
    async run(job) {
      const to = String(job.params['to']);
      const { version: from, previous } = updates().view();
      if (from !== to) {
        const kept = previous.join(', ') || 'no version';
        if (!previous.includes(to))
          throw new JobError(
            'no_previous',
            `${to} is not kept here above the floor: ${from} can go back to ${kept}`,
          );
        await updates().rollback(to);
        job.log(`goes back from ${from} to ${to} once no job runs here`);
      }
      return { report: { from, to } };
    },
  };
}
