import type { StepName } from '#root/steps.ts';
import type { JobHandler } from '#work/handler.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { awaitDown, awaitUp } from '#work/kinds/node-watch.ts';
import { Stepper } from '#work/kinds/stepper.ts';

const STEP: Readonly<Record<string, StepName>> = {
  start: 'node-start',
  stop: 'node-stop',
  restart: 'node-restart',
};

/** Whether it can be controlled at all is root's to say: a screen session or an unknown parent is refused there. */
export function stoachainControl(deps: KindDeps): JobHandler {
  return {
    async run(job) {
      const action = String(job.params['action']);
      job.progress(undefined, `${action} chainweb-node`);
      await new Stepper(deps, job).run(STEP[action] ?? 'node-restart');
      if (action === 'stop') await awaitDown(deps, job);
      else await awaitUp(deps, job);
      return { report: { action } };
    },
  };
}

/** chainweb-node keeps its peers in memory only: a new process has to find them anew from its bootstrap nodes. */
export function peerTrustReset(deps: KindDeps): JobHandler {
  return {
    async run(job) {
      job.progress(undefined, 'restart chainweb-node');
      await new Stepper(deps, job).run('node-restart');
      await awaitUp(deps, job);
      return { report: { restarted: true } };
    },
  };
}
