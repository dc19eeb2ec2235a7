import { encodeAgentMessage } from '@stoa/protocol';
import { startHubUnderLoad } from './hub-under-load.ts';
import { measureMosquitto } from './mosquitto.ts';
import type { Bench } from './result.ts';
import { result, round } from './result.ts';
import { connectSwarm, fullHeartbeat, offerHeartbeats } from './swarm.ts';

const LAG_MS = 50;

/**
 * Full heartbeats with ten changed tips: authenticated, sequence-checked, validated, state updated, answered and flushed
 * at the normal cadence, per CPU second of the hub; beside it the same bytes by Mosquitto. 2,000 sessions for 10 s;
 * 10,000 sessions for 60 s under --long.
 */
export const benchFrames: Bench = async ({ long, say }) => {
  const [connections, seconds] = long ? [10_000, 60] : [2_000, 10];
  const perSecond = 8_000;
  const tips = Array.from({ length: 8 }, (_, i) => fullHeartbeat(i + 1).tips);
  const payloads = tips.map(
    (changed) => encodeAgentMessage('heartbeat', { ...fullHeartbeat(1), tips: changed }).payload,
  );
  const hub = await startHubUnderLoad();
  const measured = await (async () => {
    await using owned = hub;
    await owned.seed(connections);
    const agents = await connectSwarm(owned, connections);
    say(`${connections} sessions; ${payloads[0]!.length} bytes a heartbeat`);
    await offerHeartbeats(agents, { perSecond, seconds: 2, tips });
    const before = await owned.usage();
    const load = await offerHeartbeats(agents, { perSecond, seconds, tips });
    const after = await owned.usage();
    await offerHeartbeats(agents, { perSecond: 2_000, seconds: 5, tips });
    const calm = await owned.usage();
    for (const agent of agents) agent.socket.terminate();
    return {
      load,
      calm,
      after,
      frames: after.heartbeats - before.heartbeats,
      cpuMs: after.cpuMsBefore - before.cpuMsAfter,
    };
  })();
  const value = Math.round(measured.frames / (measured.cpuMs / 1000));
  say(`hub: ${value} frames per CPU second`);
  const peer = await measureMosquitto({ connections, perSecond, seconds, payloads });
  if (peer === null) say('mosquitto is not installed: no peer, so no pass');
  const ratio = peer === null ? 0 : value / peer.perCpuSecond;
  return result({
    bench: 'frames',
    value,
    unit: 'frames per CPU second of the hub',
    target: peer === null ? 20_000 : Math.round(1.1 * peer.perCpuSecond),
    better: 'higher',
    peer: peer === null ? null : { name: 'mosquitto qos1 + checking consumer', value: peer.perCpuSecond },
    pass: ratio >= 1.1 && measured.calm.lagMs.p99 <= LAG_MS,
    detail: {
      payloadBytes: payloads[0]!.length,
      sessions: connections,
      offeredPerSecond: perSecond,
      sent: measured.load.sent,
      answered: measured.load.answered,
      stored: measured.after.stored,
      lagMsUnderLoad: measured.after.lagMs,
      lagMsAt2000: measured.calm.lagMs,
      cpuMicrosPerFrame: round((measured.cpuMs * 1000) / measured.frames),
    },
  });
};
