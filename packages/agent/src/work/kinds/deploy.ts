import type { JobHandler, RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import { withRollback } from '#work/kinds/aftermath.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { awaitTip, awaitUp, findNode, lookAtTip } from '#work/kinds/node-watch.ts';
import { fetchProgram } from '#work/kinds/program.ts';
import { makeSnapshot } from '#work/kinds/snapshot.ts';
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
      job.log(`the database as it was is kept as backup ${snapshot} until the new program is at the tip`);
      try {
        await fetchProgram(deps, job, steps);
      } catch (error) {
        await steps.tidy('snapshot-remove', { args: { snapshot } });
        throw error;
      }
      // Where this is rolled back the snapshot stays: a program that was not good may have spoilt the database.
      await exchange(deps, job, {
        steps,
        gate: () =>
          awaitTip(deps, job, { withinMs: Number(job.params['gateMinutes']) * 60_000, atLeast: cut.height }),
      });
      await steps.run('snapshot-remove', { args: { snapshot } });
      return { report: { program: String(job.params['image'] || job.params['sha256']), backup: snapshot } };
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
  { steps, gate }: { steps: Stepper; gate: () => Promise<unknown> },
): Promise<void> {
  job.progress(30, 'set the former node aside');
  await withRollback(deps, job, 'node-back', async () => {
    await steps.run('node-aside');
    await steps.run('node-create');
    await steps.run('node-start');
    await gate();
  });
  await steps.run('node-forget');
}
