import { fromHex, type UpdateAssignment } from '@stoa/protocol';
import { NOW } from '@stoa/protocol/fixtures';
import { describe, expect, it, vi } from 'vitest';
import type { Failure } from '#launcher/launched.ts';
import { HOUR, type Process, UpdateWorld } from '#update/update-world.fixture.ts';

const FACTORY = { version: '1.0.0' };
const cancel = (assignment: UpdateAssignment): UpdateAssignment => ({ ...assignment, act: 'cancel' });

/** To the moment before the new version begins. */
async function swapped(
  world: UpdateWorld,
  assignment: UpdateAssignment,
): Promise<{ old: Process; slot: string }> {
  const old = await world.boot(FACTORY);
  world.connect(old);
  old.updater.assigned(assignment);
  await world.restarted(old);
  const [selected] = (await world.installation.store().state()).slots;
  return { old, slot: selected!.id };
}

function failure(slot: string, over: Partial<Failure> = {}): Failure {
  const lines = Array.from({ length: 50 }, (_, i) => `line ${i}`);
  return {
    slot,
    version: '1.1.0',
    reason: 'crashed',
    detail: '3 starts in a row',
    lines,
    at: 1,
    final: true,
    ...over,
  };
}

describe('an update', () => {
  it('goes from its assignment to its proof, each state told', async () => {
    const world = await UpdateWorld.make();
    const assignment = world.publish('1.1.0', 1);
    const { old, slot } = await swapped(world, assignment);
    expect(old.told.map(({ state }) => state)).toEqual(
      expect.arrayContaining(['idle', 'assigned', 'downloading', 'staged', 'draining', 'trying']),
    );
    expect(old.held).toEqual([true]);
    expect(slot).toMatch(/^1\.1\.0-/);

    const young = await world.boot({ version: '1.1.0', slot });
    world.connect(young);
    await world.pass(59_000);
    expect(young.confirmed).toEqual([]);
    await world.pass(2_000);
    await world.reaches(young, 'confirmed');
    expect(young.confirmed).toEqual(['session']);
    expect(young.told.at(-1)).toMatchObject({
      assignment: assignment.id,
      state: 'confirmed',
      version: '1.1.0',
      slot,
      until: 0,
      targetsVersion: 1,
    });
    expect((await world.installation.store().state()).floor.newest.payload).toBe('1.1.0');
    // F10: a replay is answered by how it stands.
    const before = young.told.length;
    young.updater.assigned(assignment);
    await vi.waitFor(() => expect(young.told).toHaveLength(before + 1), 60_000);
    expect(young.told.at(-1)).toMatchObject({ state: 'confirmed', version: '1.1.0' });
  });

  it('comes as a patch of the payload that runs where the release has one', async () => {
    const world = await UpdateWorld.make();
    const { slot } = await swapped(world, world.publish('1.1.0', 1));
    const next = world.publish('1.2.0', 2, { from: '1.1.0' });
    const young = await world.boot({ version: '1.1.0', slot });
    world.connect(young);
    await world.pass(61_000);
    await world.reaches(young, 'confirmed');
    world.asked.length = 0;
    young.updater.assigned(next);
    await world.restarted(young);
    const fetched = world.asked.filter((path) => path.includes('/targets/'));
    expect(fetched).toEqual([expect.not.stringMatching(/\.zst$/)]);
    expect((await world.installation.store().state()).slots[0]).toMatchObject({ version: '1.2.0' });
  });

  it('waits for the jobs of the node', async () => {
    const world = await UpdateWorld.make();
    const old = await world.boot(FACTORY);
    old.jobs.running = 2;
    world.connect(old);
    old.updater.assigned(world.publish('1.1.0', 1));
    await world.reaches(old, 'draining');
    await world.pass(10_000);
    expect([old.restarts(), old.updater.view().state]).toEqual([0, 'draining']);
    old.jobs.running = 0;
    await world.pass(3_000);
    await world.restarted(old);
  });

  it('F09 gives up on jobs that do not end, and takes work again', async () => {
    const world = await UpdateWorld.make();
    const old = await world.boot(FACTORY);
    old.jobs.running = 1;
    world.connect(old);
    old.updater.assigned(world.publish('1.1.0', 1));
    await world.reaches(old, 'draining');
    await world.pass(13 * HOUR + 1_000);
    await world.reaches(old, 'failed');
    expect(old.told.at(-1)).toMatchObject({ state: 'failed', reason: 'jobs_endless' });
    expect(old.held).toEqual([true, false]);
  });

  it('F09 ends with a cancel, also one that comes before what it cancels', async () => {
    const world = await UpdateWorld.make();
    const old = await world.boot(FACTORY);
    old.jobs.running = 1;
    world.connect(old);
    const assignment = world.publish('1.1.0', 1);
    old.updater.assigned(assignment);
    await world.reaches(old, 'draining');
    old.updater.assigned(cancel(assignment));
    await world.reaches(old, 'cancelled');
    const later = world.publish('1.2.0', 2);
    old.updater.assigned(cancel(later));
    old.updater.assigned(later);
    await vi.waitFor(() => expect(old.told.at(-1)?.state).toBe('cancelled'), 60_000);
    expect(old.restarts()).toBe(0);
  });
});

describe('a new version that fails', () => {
  it('F10 F35 is told with its reason and its last 50 lines, is not taken again, and a replay is no command', async () => {
    const world = await UpdateWorld.make();
    const assignment = world.publish('1.1.0', 1);
    const { slot } = await swapped(world, assignment);
    const back = await world.boot({ ...FACTORY, failures: [failure(slot)] });
    world.connect(back);
    await world.reaches(back, 'rolled-back');
    await vi.waitFor(() => expect(back.told.at(-1)?.blacklist).toEqual(['1.1.0']), 60_000);
    const told = back.told.at(-1)!;
    expect(told).toMatchObject({
      assignment: assignment.id,
      reason: 'crashed',
      version: '1.0.0',
      target: '1.1.0',
    });
    expect(told.lastLines).toHaveLength(50);
    expect(back.updater.view().why).toContain('1.1.0 was rolled back: 3 starts in a row');

    back.updater.assigned(assignment);
    back.updater.assigned({ ...assignment, id: fromHex('77'.repeat(16)) });
    await world.reaches(back, 'refused');
    expect(back.updater.view().reason).toBe('failed_before');
    expect(back.restarts()).toBe(0);
  });

  it('is not judged before the older one has done better', async () => {
    const world = await UpdateWorld.make();
    const { slot } = await swapped(world, world.publish('1.1.0', 1));
    const failures = [failure(slot, { reason: 'silent', final: false })];
    const back = await world.boot({ ...FACTORY, failures });
    await world.pass(30_000);
    expect(back.updater.view().state).toBe('trying');
    world.connect(back);
    await world.pass(40_000);
    await world.reaches(back, 'rolled-back');
    expect(back.updater.view().reason).toBe('silent');
    // Others decide who is heard: it may come again.
    expect(back.told.at(-1)?.blacklist).toEqual([]);
  });

  it('is not judged by a host that has lost its network', async () => {
    const world = await UpdateWorld.make();
    const { slot } = await swapped(world, world.publish('1.1.0', 1));
    const failures = [failure(slot, { reason: 'silent', final: false })];
    world.alone = true;
    const back = await world.boot({ ...FACTORY, failures });
    await world.pass(61_000);
    await vi.waitFor(() => expect(back.confirmed).toEqual(['alone']), 60_000);
    expect(back.updater.view()).toMatchObject({ state: 'trying', rejected: [] });
  });

  it('F13 is begun anew where the swap was never made, a few times', async () => {
    const world = await UpdateWorld.make();
    await swapped(world, world.publish('1.1.0', 1));
    for (let again = 0; again < 4; again += 1) {
      const process = await world.boot(FACTORY);
      await world.restarted(process);
    }
    const last = await world.boot(FACTORY);
    await world.reaches(last, 'failed');
    expect(last.updater.view().reason).toBe('begun_too_often');
  });
});

describe('the proof of a new version', () => {
  it('F11 is the core and a session: of chainweb nothing is asked', async () => {
    const world = await UpdateWorld.make();
    const { slot } = await swapped(world, world.publish('1.1.0', 1));
    // No collector ran and no node was found in all of this world.
    const young = await world.boot({ version: '1.1.0', slot });
    world.connect(young);
    await world.pass(61_000);
    await world.reaches(young, 'confirmed');
  });

  it('F12 stands when the network goes the moment after it, and through every start without one', async () => {
    const world = await UpdateWorld.make();
    const { slot } = await swapped(world, world.publish('1.1.0', 1));
    const young = await world.boot({ version: '1.1.0', slot });
    world.connect(young);
    await world.pass(61_000);
    await world.reaches(young, 'confirmed');
    young.updater.lost();
    await world.pass(72 * HOUR);
    expect(young.updater.view().state).toBe('confirmed');
    const again = await world.boot({ version: '1.1.0', slot });
    await world.pass(72 * HOUR);
    expect(again.updater.view()).toMatchObject({ state: 'confirmed', version: '1.1.0' });
  });

  it('needs no session on a host without any network', async () => {
    const world = await UpdateWorld.make();
    const { slot } = await swapped(world, world.publish('1.1.0', 1));
    const young = await world.boot({ version: '1.1.0', slot });
    await world.pass(5 * 60_000);
    expect(young.updater.view().state).toBe('trying');
    world.alone = true;
    await world.pass(6_000);
    await world.reaches(young, 'confirmed');
    expect(young.confirmed).toEqual(['alone']);
  });
});

describe('metadata', () => {
  it('F17 that has expired stops the update, says so, and stops nothing else', async () => {
    const world = await UpdateWorld.make();
    const assignment = world.publish('1.1.0', 1, { expiresAt: NOW - 1 });
    const old = await world.boot(FACTORY);
    world.connect(old);
    old.updater.assigned(assignment);
    await vi.waitFor(() => expect(old.told.at(-1)?.reason).toBe('metadata_expired'), 60_000);
    expect(old.told.at(-1)).toMatchObject({ state: 'assigned' });
    world.publish('1.1.0', 1, { online: 2 });
    await world.pass(60_000);
    await world.restarted(old);
  });

  it('F17 that stays expired ends the update by its deadline', async () => {
    const world = await UpdateWorld.make();
    const old = await world.boot(FACTORY);
    world.connect(old);
    old.updater.assigned(world.publish('1.1.0', 1, { expiresAt: NOW - 1 }));
    await vi.waitFor(() => expect(old.told.at(-1)?.reason).toBe('metadata_expired'), 60_000);
    await world.pass(6 * HOUR + 1_000);
    await world.reaches(old, 'failed');
    expect(old.told.at(-1)).toMatchObject({ state: 'failed', reason: 'metadata_expired' });
  });

  it('F18 that is older on one mirror is warned of, and had from another', async () => {
    const [stale, world] = [await UpdateWorld.make(), await UpdateWorld.make()];
    stale.publish('1.0.5', 1);
    world.publish('1.0.6', 2);
    const old = await world.boot(FACTORY);
    await old.updater.check();
    const assignment = world.publish('1.1.0', 3);
    // Only the hub's own paths are reached without TLS.
    for (const [path, bytes] of stale.files) world.files.set(`/stale${path}`, bytes);
    world.asked.length = 0;
    old.updater.assigned({ ...assignment, mirrors: ['/releases/stale'] });
    await world.restarted(old);
    expect(world.asked).toEqual(
      expect.arrayContaining([
        '/releases/stale/metadata/timestamp.json',
        '/releases/metadata/timestamp.json',
      ]),
    );
    expect(world.lines.join('\n')).toMatch(/update-mirror-refused.*metadata_older/);
  });

  it('that shows another face than the assignment names is refused', async () => {
    const world = await UpdateWorld.make();
    const old = await world.boot(FACTORY);
    const assignment = world.publish('1.1.0', 1);
    old.updater.assigned({ ...assignment, targetsSha256: new Uint8Array(32) });
    await world.reaches(old, 'refused');
    expect(old.updater.view().reason).toBe('targets_differ');
  });

  it('is looked for twice a day without any assignment', async () => {
    const world = await UpdateWorld.make();
    world.publish('1.1.0', 1);
    const old = await world.boot(FACTORY);
    await world.pass(31 * 60_000);
    await vi.waitFor(() => expect(old.updater.view().newest).toBe('1.1.0'), 60_000);
    expect(old.updater.view()).toMatchObject({ state: 'idle', why: expect.stringContaining('no rollout') });
  });

  it('F21 is judged by proven time alone: a clock ten years off changes nothing', async () => {
    for (const years of [-10, 10]) {
      const world = await UpdateWorld.make();
      world.clock.skewWall(years * 365 * 24 * HOUR);
      await swapped(world, world.publish('1.1.0', 1));
    }
  });
});

describe('the owner', () => {
  it('is asked first: a pin refuses, a deferral waits, and an unpin lets go', async () => {
    const world = await UpdateWorld.make();
    const old = await world.boot(FACTORY);
    world.connect(old);
    await old.updater.wish({ channel: 'early', pin: '1.0.0', deferUntil: 0, window: '' });
    old.updater.assigned(world.publish('1.1.0', 1));
    await world.reaches(old, 'refused');
    expect(old.told.at(-1)).toMatchObject({ reason: 'pinned', pin: '1.0.0', channel: 'early' });
    await old.updater.wish({ channel: 'stable', pin: '', deferUntil: NOW + 30 * HOUR, window: '' });
    old.updater.assigned(world.publish('1.2.0', 2));
    await world.reaches(old, 'deferred');
    // It is what the next process finds.
    const again = await world.boot(FACTORY);
    await world.reaches(again, 'deferred');
    // No further: what is fetched from then on takes real time.
    await world.pass(30 * HOUR);
    await world.restarted(again);
  });

  it('may have at once what waits, or the newest, and go back', async () => {
    const world = await UpdateWorld.make();
    const first = await world.boot(FACTORY);
    await first.updater.wish({ channel: 'stable', pin: '', deferUntil: NOW + 30 * HOUR, window: '' });
    first.updater.assigned(world.publish('1.1.0', 1));
    await world.reaches(first, 'deferred');
    await first.updater.now();
    await world.restarted(first);
    const [one] = (await world.installation.store().state()).slots;
    const second = await world.boot({ version: '1.1.0', slot: one!.id });
    world.connect(second);
    await world.pass(61_000);
    await world.reaches(second, 'confirmed');
    await expect(second.updater.rollback()).resolves.toBeDefined();
    await world.reaches(second, 'refused');
    expect(second.updater.view().reason).toBe('no_previous');

    world.publish('1.2.0', 2);
    await second.updater.now();
    await world.restarted(second);
    const [two] = (await world.installation.store().state()).slots;
    const third = await world.boot({ version: '1.2.0', slot: two!.id });
    world.connect(third);
    await world.pass(61_000);
    await world.reaches(third, 'confirmed');
    expect(third.told.at(-1)).toMatchObject({ assignment: undefined, previous: ['1.1.0'] });
    await third.updater.rollback();
    await world.restarted(third);
    expect((await world.installation.store().state()).slots[0]!.id).toBe(one!.id);
  });
});

describe('a disk', () => {
  it('F16 without room refuses before anything is fetched', async () => {
    const world = await UpdateWorld.make();
    world.disk.capacityBytes = 20_000;
    const old = await world.boot(FACTORY);
    old.updater.assigned(world.publish('1.1.0', 1));
    await world.reaches(old, 'refused');
    expect(old.updater.view().reason).toBe('no_room');
    expect(world.asked.some((path) => path.includes('/targets/'))).toBe(false);
  });

  it('F13 that loses power at any write leaves an update that comes to its end with the next start', async () => {
    for (let steps = 0; ; steps += 3) {
      const world = await UpdateWorld.make();
      const assignment = world.publish('1.1.0', 1);
      const first = await world.boot(FACTORY);
      world.disk.crashAfter(steps);
      first.updater.assigned(assignment);
      const whole = await vi.waitFor(() => {
        if (first.restarts() > 0) return true;
        expect(world.lines.join()).toContain('power_cut');
        return false;
      }, 60_000);
      world.disk.restart();
      const second = await world.boot(FACTORY);
      // The hub sends it again in each session.
      second.updater.assigned(assignment);
      await world.restarted(second);
      if (whole) break;
    }
  });
});
