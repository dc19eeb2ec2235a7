import { makeReleaseParties } from '@stoa/protocol/fixtures';
import { expect, it } from 'vitest';
import { createDisk } from '#atomic-file.ts';
import { LIMITS } from '#launcher/choice.ts';
import { makeInstallation, PLATFORM } from '#launcher/installation.fixture.ts';
import { FACTORY } from '#launcher/journal.ts';
import { Start } from '#launcher/start.ts';
import { takeOver } from '#launcher/take-over.ts';

const parties = makeReleaseParties('take-over');

it('what a person installs runs, never below the floor, and may try again what failed before', async () => {
  const { layout, root, store, delivery } = makeInstallation(parties);
  const disk = createDisk();
  const bad = delivery('1.6.0');
  const failed = await store().stage(bad);
  await store().select(failed);
  const good = await store().stage(delivery('1.5.0', { release: { floor: '1.5.0', version: 2 } }));
  await store().select(good);
  await store().keep(good);
  await store().reject(failed, 'crashed');
  const before = await store().state();
  expect(before).toMatchObject({ slots: [{ id: good }], floor: { content: '1.5.0' } });
  const start = () =>
    Start.prepare(
      {
        role: 'agent',
        disk,
        layout,
        state: `${layout.prefix}/state`,
        embedded: { root, factory: Buffer.from('factory') },
        platform: PLATFORM,
        limits: LIMITS,
        now: () => 1,
        lastEnd: () => undefined,
        lastLines: () => [],
        warn: () => undefined,
      },
      true,
    );

  await expect(takeOver({ disk, layout }, '1.4.9')).rejects.toMatchObject({ code: 'below_floor' });
  const { write } = await takeOver({ disk, layout }, '1.6.0');
  expect((await start()).chosen.id).toBe(good);

  await write();
  const started = await start();
  expect([started.chosen.id, started.updateOnly('1.6.0')]).toEqual([FACTORY, false]);
  expect(await store().state()).toMatchObject({ slots: [], rejected: [], floor: before.floor });
  expect(await store().stage(delivery('1.6.0', { release: { floor: '1.5.0', version: 3 } }))).toBe(failed);
});
