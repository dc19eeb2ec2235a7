import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditStore } from '#audit/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { someViewer } from '../accounts/viewer.fixture.ts';
import { Assets } from '../console/assets.ts';
import { createHttpApp, type HubApp } from '../http.ts';
import { createLog } from '../log.ts';
import { ReleaseWorld, taskOf } from './release-world.fixture.ts';
import { releasePages } from './routes.tsx';
import { ReleaseViews } from './view.ts';

describe('the pages of releases', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let world: ReleaseWorld;
  let fault: string | undefined;
  let viewer = someViewer();
  let app: HubApp;

  beforeAll(async () => {
    database = await openTemporary();
    world = await ReleaseWorld.open(database);
    const clock = { now: () => world.now };
    const views = new ReleaseViews({
      ...{ bench: world.here.bench, mirrorOf: undefined, clock, origin: 'https://hub.example' },
      auditStore: new AuditStore(database.sql),
      fault: async () => fault,
    });
    const guard: Parameters<typeof releasePages>[0]['guard'] = async (c, next) => {
      c.set('viewer', viewer);
      await next();
    };
    app = createHttpApp({
      assets: await Assets.load(),
      site: { region: 'eu', network: 'stoa' },
      ...{ log: createLog({ level: 'silent' }), clock, secure: true },
      features: [releasePages({ guard, views })],
    });
  }, 60_000);
  afterAll(async () => {
    await world.close();
    await database.close();
  });

  const read = async (path: string) => {
    const answer = await app.request(path, { headers: { accept: 'text/html' } });
    return { status: answer.status, text: await answer.text() };
  };

  it('say what to do next, what is in force, who signed it and what changed', async () => {
    expect((await read('/admin/releases')).text).toContain('stoa-hub release publish DIR');
    await world.sign(1);
    await world.publish();
    const before = world.built;
    await world.build('1.3.0');
    const notes = '<b>Bold</b> & new';
    await world.sign(2, { release: '1.3.0', security: true, floor: '1.2.3', notes });
    await world.publish();
    fault = 'this region holds none';
    const list = (await read('/admin/releases')).text;
    expect(list).toMatch(
      /1\.3\.0<\/a>[\s\S]*security[\s\S]*in force[\s\S]*alice, bob[\s\S]*1\.2\.3<\/a>[\s\S]*earlier/,
    );
    expect(list).toContain('this region holds none');
    const one = (await read('/admin/releases/2')).text;
    expect(one).toContain('&lt;b&gt;Bold&lt;/b&gt; &amp; new');
    expect(one).toContain('the floor went from 1.0.0 to 1.2.3');
    expect(one).toContain('by admin@x.example');
    expect(one).toContain(`/releases/targets/${world.built.sbom.sha256}`);
    expect(one).toContain('release verify --roots roots --targets 2.targets.json');
    await world.here.bench.publisher.retire(1, { actor: 'admin@x.example' });
    const old = (await read('/admin/releases/1')).text;
    expect(old).toContain('retired');
    expect(old).not.toContain(`/releases/targets/${before.targets[0]!.sha256}`);
  });

  it('say that what lies on the disk was changed, and what mends it', async () => {
    const version = (await world.refresh()).snapshot.version;
    const path = world.path('here', 'releases', 'metadata');
    await writeFile(join(path, `${version}.snapshot.json`), '{}');
    // Read anew, as by a hub that has just started.
    const there = world.region('here');
    const views = new ReleaseViews({
      ...{
        bench: there.bench,
        mirrorOf: undefined,
        clock: { now: () => world.now },
        origin: 'https://hub.example',
      },
      auditStore: new AuditStore(database.sql),
      fault: async () => undefined,
    });
    expect((await views.list()).broken).toContain('not the snapshot metadata');
    await expect(taskOf(there, 'release-upkeep').tick()).rejects.toMatchObject({ code: 'mismatch' });
    await world.publish();
    expect((await views.list()).broken).toBeUndefined();
    expect(await world.refresh()).toMatchObject({ targets: { version: 2 } });
    expect((await world.refresh()).snapshot.version).toBeGreaterThan(version);
  });

  it('are for admins, and know only what was published', async () => {
    for (const version of ['3', '0', '01', 'x', '2/..', '99999999999'])
      expect((await read(`/admin/releases/${version}`)).status, version).toBe(404);
    viewer = someViewer('ann@x.example', 'baron');
    for (const path of ['/admin/releases', '/admin/releases/2']) expect((await read(path)).status).toBe(404);
  });
});
