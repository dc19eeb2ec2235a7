/** What goes wrong on a node's machine, seen by a real hub. Real agent cores on simulated machines, on virtual time. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { VirtualWorld } from '../world/virtual-world.ts';
import type { WorldNode } from '../world/world-node.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const YEAR = 8_766 * HOUR;

let world: VirtualWorld;

beforeAll(async () => {
  world = await VirtualWorld.open({ nodes: 8, seed: 21, stepMs: 1_000 });
  await world.until('everybody online', 5 * MINUTE, async () => (await world.states()).online === 8);
});
afterAll(() => world[Symbol.asyncDispose]());

interface StatusRow {
  readonly last_seen: Date;
  readonly chainweb: string;
  readonly skew_ms: bigint;
  readonly at_tip_at: Date | null;
}

async function statusOf({ nodeId }: WorldNode): Promise<StatusRow> {
  const [row] = await world.hub.database.sql<StatusRow[]>`
    select last_seen, chainweb, skew_ms, at_tip_at from node_status where node_id = ${nodeId}`;
  return row!;
}

async function silentFor(node: WorldNode): Promise<number> {
  return world.clock.now() - (await statusOf(node)).last_seen.getTime();
}

async function componentsOf({ nodeId }: WorldNode): Promise<Record<string, string>> {
  const [row] = await world.hub.database.sql<{ components: { name: string; state: string }[] }[]>`
    select components from node_descriptions where node_id = ${nodeId}`;
  return Object.fromEntries((row?.components ?? []).map(({ name, state }) => [name, state]));
}

async function page({ nodeId }: WorldNode, tab: string): Promise<string> {
  const { web } = world.hub.hub;
  const link = new URL(await web.accounts.createLoginLink('admin@stoa.local'));
  const form = new URLSearchParams({ link: link.pathname.split('/').at(-1)!, next: '/fleet' });
  const origin = world.hub.hub.url.origin;
  const signedIn = await web.app.request('/sign-in', {
    method: 'POST',
    body: form,
    headers: { origin, host: new URL(origin).host },
  });
  const cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
  return (await web.app.request(`/nodes/${nodeId}${tab}`, { headers: { cookie } })).text();
}

describe('a wrong clock', () => {
  it.each([-10, 10])('F21 by %d years connects, counts as online, and its skew is shown', async (years) => {
    const node = world.world.nodes[0]!;
    await world.while(node.stop());
    node.clock.skewMs = years * YEAR;
    await world.while(node.start());
    await world.until('its session', MINUTE, () => node.online);
    await world.clock.advance(2 * MINUTE);
    const { skew_ms, at_tip_at } = await statusOf(node);
    expect(Math.abs(Number(skew_ms) - years * YEAR)).toBeLessThan(5 * SECOND);
    expect(world.clock.now() - at_tip_at!.getTime()).toBeLessThan(MINUTE);
    expect(await page(node, '/session')).toMatch(
      years < 0 ? /3652 d behind the hub/ : /3652 d ahead of the hub/,
    );
    node.clock.skewMs = 0;
  });

  it('F21 that jumps while the node runs ends no session', async () => {
    const node = world.world.nodes[1]!;
    const { sessions } = node.agent!.link();
    for (const years of [10, -10, 0]) {
      node.clock.skewMs = years * YEAR;
      await world.clock.advance(3 * MINUTE);
    }
    expect(node.agent!.link()).toMatchObject({ state: 'established', sessions });
    expect(await silentFor(node)).toBeLessThan(MINUTE);
  });
});

describe('a probe that hangs', () => {
  it('F29 stops neither heartbeat nor tips, is told, and lets go', async () => {
    const node = world.world.nodes[2]!;
    node.machine.stickProbe();
    await world.clock.advance(5 * MINUTE);
    expect(await silentFor(node)).toBeLessThan(MINUTE);
    expect(world.clock.now() - (await statusOf(node)).at_tip_at!.getTime()).toBeLessThan(MINUTE);
    expect(await componentsOf(node)).toMatchObject({ process: 'fail', cut: 'ok' });
    node.machine.freeProbe();
    await world.until(
      'the probe well',
      5 * MINUTE,
      async () => (await componentsOf(node))['process'] === 'ok',
    );
  });

  it('F29 in the node’s API costs the tips and nothing else', async () => {
    const node = world.world.nodes[3]!;
    node.machine.chain.fault = { kind: 'hang' };
    await world.clock.advance(6 * MINUTE);
    expect(await silentFor(node)).toBeLessThan(MINUTE);
    expect((await statusOf(node)).chainweb).toBe('down');
    expect((await world.states()).behind).toBe(1);
    node.machine.chain.fault = undefined;
    await world.until('it online', 5 * MINUTE, async () => (await world.states()).online === 8);
  });
});

describe('a full disk', () => {
  it('costs no session and no identity; what could not be written is written when there is room', async () => {
    const node = world.world.nodes[4]!;
    const from = node.agent!.link().sessions;
    node.machine.disk.full = true;
    // Each new session has a secret to store; none of these is.
    for (let breaks = 0; breaks < 4; breaks += 1) {
      node.wire.cut();
      await world.until('a session with a full disk', 12 * MINUTE, () => node.online);
      await world.clock.advance(90 * SECOND);
    }
    expect(node.agent!.link().sessions).toBe(from + 4);
    await world.until(
      'the fault told',
      5 * MINUTE,
      async () => (await componentsOf(node))['storage'] === 'fail',
    );
    await node.crash();
    await world.clock.advance(MINUTE);
    node.machine.disk.full = false;
    await world.while(node.start());
    await world.until('a session after the crash', MINUTE, () => node.online);
    await world.until('all well', 5 * MINUTE, async () => (await componentsOf(node))['storage'] === 'ok');
    const kinds = await world.hub.database.sql<{ kind: string }[]>`
      select kind from node_events where node_id = ${node.nodeId} and kind in ('stale-copy', 'live-clone')`;
    expect(kinds).toEqual([]);
  });
});
