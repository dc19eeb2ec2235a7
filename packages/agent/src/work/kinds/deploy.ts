import type { JobHandler, RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import { withRollback } from '#work/kinds/aftermath.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { awaitTip, awaitUp, findNode, lookAtTip } from '#work/kinds/node-watch.ts';
import { fetchProgram } from '#work/kinds/program.ts';
import { makeSnapshot, type Snapshot } from '#work/kinds/snapshot.ts';
import { Stepper } from '#work/kinds/stepper.ts';

const CONVERT_GATE_MINUTES = 30;

export function stoachainInstall(deps: KindDeps): JobHandler {
  return {
    async run(job) {
      if ((await findNode(deps, job.signal)).node !== undefined)
        throw new JobError('node_exists', 'a chainweb-node runs here already: upgrade or convert it instead');
      const steps = new Stepper(deps, job);
      await fetchProgram(deps, job, steps);
      job.progress(70, 'make and start the node');
      await steps.run('node-create');
      await steps.run('node-start');
      // From an empty database the tip is days away: that it serves is what an installation can show.
      await awaitUp(deps, job);
      return { report: { supervisor: job.params['supervisor'], hostname: job.params['hostname'] } };
    },
  };
}

/** Backup, new program, gate, or back: at no moment without a way to what ran before. */
export function stoachainUpgrade(deps: KindDeps): JobHandler {
  return {
    async run(job) {
      const steps = new Stepper(deps, job);
      const { cut } = await lookAtTip(deps, job.signal);
      const snapshot = await makeSnapshot(deps, job, steps);
      const { name } = snapshot;
      job.log(`the database as it was is kept as backup ${name} until the new program is at the tip`);
      const withinMs = Number(job.params['gateMinutes']) * 60_000;
      try {
        await fetchProgram(deps, job, steps);
        await exchange(deps, job, {
          steps,
          snapshot,
          gate: () => awaitTip(deps, job, { withinMs, atLeast: cut.height }),
        });
      } finally {
        await snapshot.remove();
      }
      return { report: { program: String(job.params['image'] || job.params['sha256']), backup: name } };
    },
  };
}

export function convertSupervision(deps: KindDeps): JobHandler {
  return {
    async run(job) {
      const steps = new Stepper(deps, job);
      const { cut } = await lookAtTip(deps, job.signal);
      await fetchProgram(deps, job, steps);
      const withinMs = CONVERT_GATE_MINUTES * 60_000;
      await exchange(deps, job, {
        steps,
        gate: () => awaitTip(deps, job, { withinMs, atLeast: cut.height }),
      });
      return { report: { supervisor: job.params['to'] } };
    },
  };
}

/** @throws JobError `rolled_back` with the reason (F35): the former node runs again. */
async function exchange(
  deps: KindDeps,
  job: RunningJob,
  by: {
    steps: Stepper;
    gate: () => Promise<unknown>;
    /** Where this is rolled back it stays: a program that was not good may have spoilt the database. */
    snapshot?: Snapshot;
  },
): Promise<void> {
  const { steps, gate, snapshot } = by;
  job.progress(30, 'set the former node aside');
  await withRollback(deps, job, {
    step: 'node-back',
    work: async () => {
      await steps.run('node-aside');
      await snapshot?.keep();
      await steps.run('node-create');
      await steps.run('node-start');
      await gate();
    },
    ...(snapshot && { stands: () => snapshot.dismiss() }),
  });
  await steps.run('node-forget');
}
