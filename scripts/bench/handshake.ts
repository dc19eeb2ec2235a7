import { bareHandshakesPerCpuSecond } from './bare-handshake.ts';
import { startHubUnderLoad } from './hub-under-load.ts';
import type { Bench } from './result.ts';
import { result, round } from './result.ts';
import { connectSwarm } from './swarm.ts';

const WARM_UP = 3_000;

/**
 * Full mutual handshakes over WebSockets per CPU second of the hub: accept, Challenge, Hello, session row by
 * compare-and-set in the database, Welcome. Without TLS. The code is warm, as it is in a hub that a herd comes back to: the
 * first 3,000 are not counted. The peer is the floor: the same without all that is ours. Default 8,000; 15,000 under
 * --long.
 */
export const benchHandshake: Bench = async ({ long, say }) => {
  const count = long ? 15_000 : 8_000;
  const floor = await bareHandshakesPerCpuSecond(count, WARM_UP);
  say(`${Math.round(floor)} bare ones a CPU second`);
  await using hub = await startHubUnderLoad();
  await hub.seed(count + WARM_UP);
  const first = await connectSwarm(hub, WARM_UP, count);
  const before = await hub.usage();
  const started = performance.now();
  const agents = await connectSwarm(hub, count);
  const seconds = (performance.now() - started) / 1000;
  const after = await hub.usage();
  say(`${count} handshakes in ${round(seconds)} s`);
  for (const agent of [...first, ...agents]) agent.socket.terminate();
  const cpuSeconds = (after.cpuMsBefore - before.cpuMsAfter) / 1000;
  return result({
    bench: 'handshake',
    value: Math.round(count / cpuSeconds),
    unit: 'handshakes per CPU second of the hub',
    target: 1_500,
    better: 'higher',
    peer: { name: 'ws: accept, sign, verify, X25519; no store', value: Math.round(floor) },
    detail: {
      handshakes: after.handshakes - before.handshakes,
      seconds: round(seconds),
      cpuSeconds: round(cpuSeconds),
      lagMs: after.lagMs,
    },
  });
};
