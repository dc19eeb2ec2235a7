import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Disk, DiskError } from '#disk.ts';
import { makeJob, makeRootWorld } from '#root/root.fixture.ts';
import { kindDeps } from '#work/kinds/kind-deps.fixture.ts';
import { runningJob } from '#work/kinds/running-job.fixture.ts';
import { seedRefresh } from '#work/kinds/seed.ts';
import { settle } from '#work/kinds/settle.ts';
import { adoptSnapshot } from '#work/kinds/snapshot.ts';
import { Stepper } from '#work/kinds/stepper.ts';
import { noteUnsettled, readUnsettled } from '#work/kinds/unsettled.ts';

const SNAPSHOT = '1700000000000000';
const LEFT = '1600000000000000';
const REMOVE = 'rm --recursive --force --one-file-system -- /srv/chain/backups';
const BACKUPS = ['--database-directory', '/srv/chain/db', '--backup-directory', '/srv/chain/backups'];

/** A node that answers what it is asked of its backup. `left`: by a job before. */
async function refresh(status: string, tarFails: boolean, left?: string) {
  const server = createServer((request, response) => {
    response.end(request.url?.includes('make-backup') ? SNAPSHOT : status);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const world = await makeRootWorld(
    async (act) => ({ exitCode: tarFails && act.argv[0] === 'tar' ? 2 : 0 }),
    BACKUPS,
  );
  const { config, ...deps } = kindDeps(world);
  const { port } = server.address() as AddressInfo;
  const { job } = runningJob('seed-refresh');
  if (left !== undefined)
    await noteUnsettled({ ...deps, config }, makeJob({ kind: 'seed-refresh' }), {
      snapshot: { since: 0, name: left },
    });
  const handler = seedRefresh({ ...deps, config: { ...config, chainwebUrl: `http://127.0.0.1:${port}` } });
  const end = await handler.run(job).then(
    () => 'made',
    (error: { code: string }) => error.code,
  );
  const ran = world.ran.map(({ argv }) => argv.join(' '));
  return { end, ran, last: ran.at(-1), mark: await readUnsettled({ ...deps, config }) };
}

describe('a snapshot', () => {
  it.each([
    ['the node fails to make it', 'backup-failed', false, 'snapshot_failed'],
    ['the work with it fails', 'backup-done', true, 'step_failed'],
    ['all goes well', 'backup-done', false, 'made'],
  ])('is not left behind where %s', async (_what, status, tarFails, end) => {
    const last = `${REMOVE}/${SNAPSHOT}`;
    expect(await refresh(status, tarFails)).toMatchObject({ end, last, mark: undefined });
  });

  it('that a job before could not remove goes with the next job that makes one', async () => {
    const { end, ran, mark } = await refresh('backup-done', false, LEFT);
    const removed = ran.filter((line) => line.startsWith(REMOVE));
    expect([end, removed, mark]).toEqual([
      'made',
      [LEFT, SNAPSHOT].map((name) => `${REMOVE}/${name}`),
      undefined,
    ]);
  });

  it('that nobody may remove at the start stays marked for the next job that makes one', async () => {
    const world = await makeRootWorld(undefined, BACKUPS);
    const deps = kindDeps(world);
    const [before, between] = [makeJob({ kind: 'seed-refresh' }), makeJob({ kind: 'seed-refresh' })];
    await noteUnsettled(deps, before, { snapshot: { since: 0, name: LEFT } });
    await world.steps(between).run('snapshot-list', { signal: new AbortController().signal });
    await settle(deps, { info: () => undefined, error: () => undefined });
    expect(await readUnsettled(deps)).toMatchObject({ snapshot: { name: LEFT } });
  });

  it('stays kept where the mark that it is needed no longer could not be written', async () => {
    const world = await makeRootWorld(undefined, BACKUPS);
    const deps = kindDeps(world);
    const { job } = runningJob('stoachain-upgrade', {
      url: 'https://x.example/c',
      sha256: 'ab'.repeat(32),
      gateMinutes: 15,
    });
    let full = false;
    const disk: Disk = {
      ...deps.disk,
      writeAtomic: (...args) =>
        full
          ? Promise.reject(new DiskError('disk_full', 'write', 'the mark'))
          : deps.disk.writeAtomic(...args),
    };
    const steps = new Stepper(deps, job);
    const snapshot = await adoptSnapshot({ ...deps, disk }, job, { steps, name: SNAPSHOT });
    await snapshot.keep();
    full = true;
    await expect(snapshot.dismiss()).rejects.toMatchObject({ code: 'disk_full' });
    await snapshot.remove();
    expect(world.ran.map(({ argv }) => argv[0])).not.toContain('rm');
  });
});
