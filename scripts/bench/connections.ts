import { startHubUnderLoad } from './hub-under-load.ts';
import type { Bench } from './result.ts';
import { result, round } from './result.ts';
import { connectSwarm, fullHeartbeat, offerHeartbeats } from './swarm.ts';

const HEARTBEATS_EACH = 3;

/**
 * Resident memory of the hub per authenticated session with its node state, without TLS: the growth from no session to
 * `count`, each with three full heartbeats behind it; garbage collected and free pages given back before each reading.
 * Default 5,000; 15,000 under --long.
 */
export const benchConnections: Bench = async ({ long, say }) => {
  const count = long ? 15_000 : 5_000;
  await using hub = await startHubUnderLoad();
  await hub.seed(count + 200);
  // The first sessions pay for code and pools that all share.
  const warm = await connectSwarm(hub, 200, count);
  await offerHeartbeats(warm, { perSecond: 400, seconds: 2, tips: [fullHeartbeat(1).tips] });
  for (const agent of warm) agent.socket.terminate();
  const empty = await hub.usage({ collect: true });
  const agents = await connectSwarm(hub, count);
  const idle = await hub.usage({ collect: true });
  say(`${count} sessions connected`);
  const perSecond = 2_000;
  const tips = Array.from({ length: HEARTBEATS_EACH }, (_, i) => fullHeartbeat(i + 1).tips);
  await offerHeartbeats(agents, { perSecond, seconds: (count * HEARTBEATS_EACH) / perSecond, tips });
  const loaded = await hub.usage({ collect: true });
  for (const agent of agents) agent.socket.terminate();
  const kib = (bytes: number) => round((bytes - empty.rssBytes) / 1024 / count);
  return result({
    bench: 'connections',
    value: kib(loaded.rssBytes),
    unit: 'KiB a session',
    target: 16,
    better: 'lower',
    peer: null,
    detail: {
      sessions: loaded.sessions,
      idleKib: kib(idle.rssBytes),
      emptyMib: round(empty.rssBytes / 2 ** 20),
      stored: loaded.stored,
    },
  });
};
