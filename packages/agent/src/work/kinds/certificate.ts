import { askP2p } from '#collectors/chainweb-info.ts';
import type { SiteSummary } from '#root/steps/control.ts';
import type { JobHandler, RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import { withAftermath } from '#work/kinds/aftermath.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { awaitUp, nodeOf } from '#work/kinds/node-watch.ts';
import { Stepper } from '#work/kinds/stepper.ts';

/** Where the node has no certificate files, it makes a certificate itself at each start: then a restart is all. */
export function certRotate(deps: KindDeps): JobHandler {
  return {
    async run(job) {
      const steps = new Stepper(deps, job);
      const before = await fingerprint(deps, job);
      const { certificateFile } = await steps.read<SiteSummary>('node-site');
      if (certificateFile) await rotateFiles(deps, job, steps);
      else await restart(deps, job, steps);
      const after = await fingerprint(deps, job);
      if (after === undefined || after === before)
        throw new JobError(
          'not_rotated',
          `the P2P port shows ${after ?? 'no certificate'} as before: see its arguments`,
        );
      return { report: { before: before ?? '', after, selfMade: !certificateFile } };
    },
  };
}

async function rotateFiles(deps: KindDeps, job: RunningJob, steps: Stepper): Promise<void> {
  try {
    job.progress(10, 'make a key and a certificate');
    await steps.run('certificate-make');
    await withAftermath(deps, job, 'certificate-back', async () => {
      job.progress(40, 'put them in place');
      await steps.run('certificate-place');
      await restart(deps, job, steps);
    });
  } finally {
    await steps.tidy('certificate-forget');
  }
}

async function restart(deps: KindDeps, job: RunningJob, steps: Stepper): Promise<void> {
  job.progress(60, 'restart chainweb-node');
  await steps.run('node-restart');
  await awaitUp(deps, job);
}

async function fingerprint(deps: KindDeps, job: RunningJob): Promise<string | undefined> {
  try {
    return (await askP2p(nodeOf(deps), job.signal)).tlsFingerprint;
  } catch (error) {
    job.signal.throwIfAborted();
    job.log(`the P2P port does not answer: ${String(error)}`);
    return undefined;
  }
}

/** Obtains and keeps it; which files the node takes stands in its arguments, which this kind does not change. */
export function certbotObtain(deps: KindDeps): JobHandler {
  return {
    async run(job) {
      const domain = String(job.params['domain']);
      job.progress(undefined, `ask for a certificate of ${domain}`);
      await new Stepper(deps, job).run('certbot-obtain');
      return { report: { domain, directory: `/etc/letsencrypt/live/${domain}` } };
    },
  };
}
