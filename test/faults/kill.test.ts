/** kill -9 of hub and agent at any time: real processes on a real database, again and again. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hourKind, parseRecords } from '@stoa/agent';
import type { DbAdapter } from '@stoa/hub';
import { toHex } from '@stoa/protocol';
import { expect, it } from 'vitest';
import { type AgentProcess, identityIn, joinAgent, runAgent } from '../kit/agent-process.ts';
import { HubHome, type HubProcess } from '../kit/hub-process.ts';
import { until } from '../kit/until.ts';
import { createDice } from '../world/random.ts';

type Victim = 'agent' | 'hub' | 'both';

/** Where the hub alone dies, the agent comes back over its window: such rounds take longest, and are few. */
const ROUNDS: readonly Victim[] = [
  ...(['both', 'agent', 'hub', 'both', 'agent', 'both'] as const),
  ...(['agent', 'both', 'hub', 'agent', 'both', 'agent'] as const),
];
const HUB = { HEARTBEAT_SECONDS: '1', RECONNECT_WINDOW_SECONDS: '1' };

async function online(agent: AgentProcess): Promise<void> {
  const established = () =>
    agent.status().then(
      ({ link }) => link?.state === 'established',
      () => false,
    );
  await until('the agent online', established, { withinMs: 60_000 });
}

/** Minutes that the hub told the agent it had stored, by hour, as the agent's disk holds them. */
async function acknowledged(dataDir: string): Promise<Map<number, bigint>> {
  const store = await identityIn(dataDir);
  const journal = await readFile(join(store!.nodeDirectory, 'evidence/hours'), 'utf8');
  return new Map(parseRecords(hourKind, journal).map(({ hubHour, minutes }) => [hubHour, minutes]));
}

async function stored({ sql }: DbAdapter, nodeId: string): Promise<Map<number, bigint>> {
  const rows = await sql<{ hub_hour: number; minutes: bigint }[]>`
    select hub_hour, bit_or(minutes) as minutes from uptime_words where node_id = ${nodeId} group by hub_hour`;
  return new Map(rows.map((row) => [row.hub_hour, row.minutes]));
}

it('F08 kill -9 of hub and agent at random times: a session again, the identity intact, nothing acknowledged lost', async () => {
  const dice = createDice(4);
  await using home = await HubHome.create();
  let hub: HubProcess = await home.serve(HUB);
  const { chain } = home;
  const options = {
    dataDir: join(home.dataDir, 'agent'),
    env: {
      CHAINWEB_NETWORK: home.network.network.name,
      CHAINWEB_URL: chain.serviceUrl,
      CHAINWEB_P2P_URL: chain.p2pUrl,
    },
  };
  await joinAgent(options, { token: await home.token() });
  let agent = runAgent(options);
  const { nodeId } = (await identityIn(options.dataDir))!;
  for (const victim of ROUNDS) {
    await online(agent);
    await sleep(dice.number(0, 1_500));
    if (victim !== 'hub') agent.kill('SIGKILL');
    if (victim !== 'agent') await hub.kill('SIGKILL');
    if (victim !== 'agent') hub = await home.serve(HUB);
    // Not before the hub: an agent that finds nobody takes its time before it looks again.
    if (victim !== 'hub') {
      await agent.ended;
      agent = runAgent(options);
    }
  }
  await online(agent);
  await agent.stop();
  expect((await identityIn(options.dataDir))!.nodeId).toEqual(nodeId);

  await using database = await home.openDatabase();
  const events = await database.sql<{ kind: string; epoch: number | null }[]>`
    select kind, (detail->>'epoch')::float8 as epoch from node_events where node_id = ${toHex(nodeId)} order by id`;
  expect(events.map(({ kind }) => kind)).not.toContain('stale-copy');
  expect(events.map(({ kind }) => kind)).not.toContain('live-clone');
  const minutes = await stored(database, toHex(nodeId));
  for (const [hour, word] of await acknowledged(options.dataDir))
    expect(word & ~(minutes.get(hour) ?? 0n)).toBe(0n);
  expect(minutes.size).toBeGreaterThan(0);
}, 240_000);
