/** The database goes away under a serving hub, and comes back: agents keep their sessions, and nothing acknowledged is lost. */
import { CLOSE, decode, FRAME, HUB_FRAMES, readPlain } from '@stoa/protocol';
import { expect, it } from 'vitest';
import { quietHeartbeat } from '../kit/heartbeat.ts';
import { HubSite, sessionAt } from '../kit/hub-site.ts';
import { until } from '../kit/until.ts';
import { WireAgent } from '../kit/wire-agent.ts';

it('is told by /readyz, costs no session, and what was said meanwhile is acknowledged when it is stored', async () => {
  await using site = await HubSite.open();
  await using world = await site.start();
  const origin = world.hub.url.origin;
  const probe = async (path: string) => (await fetch(`${origin}/${path}`)).status;
  const [node, late] = [await world.enrol(), await world.enrol()];
  const agent = await new WireAgent(origin, node).connect();
  expect(await probe('readyz')).toBe(200);

  await site.postgres.stop();
  const body = await fetch(`${origin}/readyz`);
  expect(body.status).toBe(503);
  expect(await body.json()).toMatchObject({ code: 'not_ready', retry: true });
  expect(await probe('healthz')).toBe(200);
  agent.send('heartbeat', quietHeartbeat());
  const failures = () => world.log.filter((line) => line.includes('"task":"status-flush"')).length;
  await until('a flush that failed', () => failures() > 0);
  // Life goes on from memory: a ping needs no database. The acknowledgement of the heartbeat does.
  agent.send('ping', { intervalMs: 20_000 });
  const { type } = agent.session!.open(await agent.next());
  expect(type).toBe(FRAME.pong);
  // Who comes now is asked to come again, and loses nothing by it.
  const stranger = new WireAgent(origin, late);
  const { hello } = await stranger.prepare();
  stranger.socket.send(hello);
  const said = readPlain(await stranger.next());
  expect(decode(HUB_FRAMES.error, said.payload)).toMatchObject({ code: 'unavailable', retry: true });
  expect((await stranger.closed).code).toBe(CLOSE.unavailable);

  await site.postgres.start();
  await agent.expect('heartbeatAck');
  const [row] = await site.database.sql`select cpu from node_status where node_id = ${node.nodeId}`;
  expect(row).toMatchObject({ cpu: 0.25 });
  await until('it ready', async () => (await probe('readyz')) === 200);
  const back = await new WireAgent(origin, late).connect();
  expect(sessionAt(world, node.nodeId)?.facts.epoch).toBe(agent.welcome!.epoch);
  await Promise.all([agent.close(), back.close()]);
});
