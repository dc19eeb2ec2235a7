import type { JobHandler, RunningJob } from '#work/handler.ts';
import { openBackup } from '#work/kinds/backup-source.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { makeSnapshot } from '#work/kinds/snapshot.ts';
import { Stepper } from '#work/kinds/stepper.ts';

/** Where root keeps the one seed that a node offers (`RootPaths.chain`). */
const SEED_FILE = '/var/lib/stoachain/seeds/seed.tar.zst';

/** From the database as it is now. */
export function seedRefresh(deps: KindDeps): JobHandler {
  return {
    async run(job) {
      const steps = new Stepper(deps, job);
      const snapshot = await makeSnapshot(deps, job, steps);
      job.progress(undefined, 'make and test the seed');
      try {
        const sha256 = await makeSeed(steps, 'seed-make', { args: { snapshot: snapshot.name } });
        return { report: { sha256, snapshot: snapshot.name, file: SEED_FILE } };
      } finally {
        await snapshot.remove();
      }
    },
  };
}

/** From a backup: only this node and its owner can open it, so here is where it becomes what others may have. */
export function seedPromote(deps: KindDeps): JobHandler {
  return {
    async run(job) {
      const steps = new Stepper(deps, job);
      const { sealed, contentKey } = await openBackup(deps, job);
      try {
        const sha256 = await makeSeed(steps, 'seed-from-backup', {
          input: told(job, sealed),
          args: { contentKey },
        });
        return { report: { sha256, from: job.params['sha256'], file: SEED_FILE } };
      } catch (error) {
        await steps.tidy('seed-discard');
        throw error;
      }
    },
  };
}

/** @returns the SHA-256 of the seed, hex. */
async function makeSeed(
  steps: Stepper,
  step: 'seed-make' | 'seed-from-backup',
  by: { args: Readonly<Record<string, unknown>>; input?: AsyncIterable<Uint8Array> },
): Promise<string> {
  let sha256 = '';
  await steps.run(step, {
    ...by,
    onLine: (line) => {
      sha256 = /^([0-9a-f]{64}) /.exec(line)?.[1] ?? sha256;
    },
  });
  return sha256;
}

const MEBIBYTE = 1024 * 1024;

async function* told(job: RunningJob, sealed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of sealed) {
    bytes += chunk.length;
    job.progress(undefined, `opened ${Math.floor(bytes / MEBIBYTE)} MiB`);
    yield chunk;
  }
}
