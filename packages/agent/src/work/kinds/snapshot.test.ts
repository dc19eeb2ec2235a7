import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeRootWorld } from '#root/root.fixture.ts';
import { kindDeps } from '#work/kinds/kind-deps.fixture.ts';
import { runningJob } from '#work/kinds/running-job.fixture.ts';
import { seedRefresh } from '#work/kinds/seed.ts';

const SNAPSHOT = '1700000000000000';
const BACKUPS = ['--database-directory', '/srv/chain/db', '--backup-directory', '/srv/chain/backups'];

/** A node that answers what it is asked of its backup. */
async function refresh(status: string, tarFails: boolean) {
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
  const handler = seedRefresh({ ...deps, config: { ...config, chainwebUrl: `http://127.0.0.1:${port}` } });
  const end = await handler.run(job).then(
    () => 'made',
    (error: { code: string }) => error.code,
  );
  return { end, last: world.ran.at(-1)?.argv.join(' ') };
}

describe('a snapshot', () => {
  const removed = `rm --recursive --force --one-file-system -- /srv/chain/backups/${SNAPSHOT}`;
  it.each([
    ['the node fails to make it', 'backup-failed', false, 'snapshot_failed'],
    ['the work with it fails', 'backup-done', true, 'step_failed'],
    ['all goes well', 'backup-done', false, 'made'],
  ])('is not left behind where %s', async (_what, status, tarFails, end) => {
    expect(await refresh(status, tarFails)).toEqual({ end, last: removed });
  });
});
