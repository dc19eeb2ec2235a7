import type { RunningJob } from '#work/handler.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { download } from '#work/kinds/download.ts';
import type { Stepper } from '#work/kinds/stepper.ts';

/** Brings the program that the order names by its hash: an image by the engine, a tarball by root's own check. */
export async function fetchProgram(deps: KindDeps, job: RunningJob, steps: Stepper): Promise<void> {
  const { image, url, sha256 } = job.params;
  if (image) {
    job.progress(undefined, 'pull the image');
    await steps.run('image-pull');
  }
  if (url && sha256) await steps.run('program-unpack', { input: download(deps, job, String(url)) });
}
