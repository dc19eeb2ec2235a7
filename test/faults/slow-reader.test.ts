/** F26: agents that hold their connection and read nothing. A real hub, real sockets. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FRAME } from '@stoa/protocol';
import { expect, it } from 'vitest';
import { openTestHub } from '../kit/hub.ts';
import { sessionAt } from '../kit/hub-site.ts';
import { registerAll } from '../kit/mass-registration.ts';
import { WireAgent } from '../kit/wire-agent.ts';

const READERS = 1_000;
const AT_ONCE = 100;
const CAP = 256 * 1024;
/** For what is sealed and not collected yet, and what V8 and Node hold besides. */
const SLACK = CAP;
const payload = new Uint8Array(60_000);

it('F26 1,000 readers that stall are closed at the cap, and the memory that they hold is bounded', async () => {
  await using world = await openTestHub({ env: { HANDSHAKES_PER_ADDRESS: '1000' } });
  const identities = await registerAll(READERS, { database: world.database, signer: world.region.signer });
  const agents: WireAgent[] = [];
  for (let from = 0; from < READERS; from += AT_ONCE) {
    const group = identities
      .slice(from, from + AT_ONCE)
      .map((identity) => new WireAgent(world.hub.url.origin, identity).connect());
    agents.push(...(await Promise.all(group)));
  }
  for (const agent of agents) agent.socket.pause();
  const before = process.memoryUsage.rss();
  let [fullest, peak] = [0, 0];
  // All in turn, as by a hub that has much to say to everybody: the kernel takes the first megabytes, then memory fills.
  for (let left = identities; left.length > 0; ) {
    left = left.filter(({ nodeId }) => {
      const session = sessionAt(world, nodeId);
      if (session === undefined) return false;
      if (session.link.buffered === 0) session.link.send(payload);
      else session.sendEncoded({ type: FRAME.error, payload });
      if (sessionAt(world, nodeId) !== undefined) fullest = Math.max(fullest, session.link.buffered);
      return true;
    });
    peak = Math.max(peak, process.memoryUsage.rss());
    await nextTurn();
  }
  expect(fullest).toBeGreaterThan(0);
  expect(fullest).toBeLessThanOrEqual(CAP);
  expect(peak - before).toBeLessThan(READERS * (CAP + SLACK));
  const ended = world.log.filter((line) => line.includes('"session ended"') && line.includes('"code":4009'));
  expect(ended).toHaveLength(READERS);
  for (const agent of agents) agent.socket.terminate();
});
