import { describe, expect, it, vi } from 'vitest';
import { HOUR, type Process, UpdateWorld } from '#update/update-world.fixture.ts';

const FACTORY = { version: '1.0.0' };
const told = ({ told }: Process, id: Uint8Array) =>
  told
    .filter(({ assignment }) => assignment !== undefined && Buffer.from(assignment).equals(id))
    .map(({ state, reason }) => `${state} ${reason}`.trim());

/** A node whose update can't go on, since a job runs. */
async function draining(world: UpdateWorld) {
  const node = await world.boot(FACTORY);
  node.jobs.running = 1;
  world.connect(node);
  const first = world.publish('1.1.0', 1);
  node.updater.assigned(first);
  await world.reaches(node, 'draining');
  return { node, first };
}

describe('an assignment that comes while another is under way', () => {
  it('is put off by its own id, once, and what is under way goes on', async () => {
    const world = await UpdateWorld.make();
    const { node, first } = await draining(world);
    const second = world.publish('1.2.0', 2);
    node.updater.assigned(second);
    await vi.waitFor(() => expect(told(node, second.id)).toEqual(['deferred busy']), 60_000);
    await vi.waitFor(() => expect(node.told.at(-1)).toMatchObject({ assignment: first.id }), 60_000);
    const put = node.told.find(({ reason }) => reason === 'busy')!;
    expect(put.until - put.since).toBe(HOUR / 2);
    expect(node.updater.view().state).toBe('draining');
  });

  it('takes its place before the drain, and who gave the other one is told', async () => {
    const world = await UpdateWorld.make();
    const node = await world.boot(FACTORY);
    world.connect(node);
    const first = { ...world.publish('1.1.0', 1), notBefore: world.time + HOUR };
    node.updater.assigned(first);
    await world.reaches(node, 'deferred');
    const second = { ...world.publish('1.2.0', 2), notBefore: world.time + HOUR };
    node.updater.assigned(second);
    await vi.waitFor(() => expect(told(node, second.id).at(-1)).toBe('deferred not_before'), 60_000);
    expect(told(node, first.id).at(-1)).toBe('refused replaced');
    // Sent again by a hub that has not heard: it was obeyed once, and that is said.
    node.updater.assigned(first);
    await vi.waitFor(() => expect(told(node, first.id).at(-1)).toBe('refused obeyed_before'), 60_000);
  });

  it("never takes the place of what this host's user wants", async () => {
    const world = await UpdateWorld.make();
    const node = await world.boot(FACTORY);
    world.connect(node);
    const assignment = world.publish('1.1.0', 1);
    world.files.delete([...world.files.keys()].find((path) => path.endsWith('.zst'))!);
    await node.updater.now();
    await world.reaches(node, 'downloading');
    node.updater.assigned(assignment);
    await vi.waitFor(() => expect(told(node, assignment.id)).toEqual(['deferred busy']), 60_000);
    expect(node.updater.view().state).toBe('downloading');
  });
});

describe('the times of an assignment', () => {
  it('are those of the hub that gave it, whatever another hub had claimed before', async () => {
    const world = await UpdateWorld.make();
    const node = await world.boot(FACTORY);
    node.jobs.running = 1;
    world.connect(node);
    world.time += 26 * HOUR;
    world.hubNow = world.time - 26 * HOUR;
    node.updater.assigned({
      ...world.publish('1.1.0', 1, { expiresAt: world.time + HOUR }),
      deadline: world.hubNow + 2 * HOUR,
    });
    await world.reaches(node, 'draining');
    expect(node.updater.view().until).toBe(world.time + 2 * HOUR);
  });
});

it('waits no longer than it must where the time that a node knew was behind', async () => {
  const world = await UpdateWorld.make();
  const node = await world.boot(FACTORY);
  node.updater.assigned({ ...world.publish('1.1.0', 1), notBefore: world.time + HOUR });
  await world.reaches(node, 'deferred');
  world.time += HOUR;
  await world.pass(HOUR / 6);
  await world.restarted(node);
});
