import { startHubUnderLoad } from './hub-under-load.ts';
import type { Bench } from './result.ts';
import { result, round } from './result.ts';
import { connectSwarm } from './swarm.ts';

/**
 * Full mutual handshakes over WebSockets per CPU second of the hub: accept, Challenge, Hello, session row by
 * compare-and-set in the database, Welcome. Without TLS. Default 3,000; 15,000 under --long.
 */
export const benchHandshake: Bench = async ({ long, say }) => {
  const count = long ? 15_000 : 3_000;
  await using hub = await startHubUnderLoad();
  await hub.seed(count + 300);
  const warm = await connectSwarm(hub, 300, count);
  const before = await hub.usage();
  const started = performance.now();
  const agents = await connectSwarm(hub, count);
  const seconds = (performance.now() - started) / 1000;
  const after = await hub.usage();
  say(`${count} handshakes in ${round(seconds)} s`);
  for (const agent of [...warm, ...agents]) agent.socket.terminate();
  const cpuSeconds = (after.cpuMsBefore - before.cpuMsAfter) / 1000;
  return result({
    bench: 'handshake',
    value: Math.round(count / cpuSeconds),
    unit: 'handshakes per CPU second of the hub',
    target: 1_500,
    better: 'higher',
    peer: null,
    detail: {
      handshakes: after.handshakes - before.handshakes,
      seconds: round(seconds),
      cpuSeconds: round(cpuSeconds),
      lagMs: after.lagMs,
    },
  });
};
