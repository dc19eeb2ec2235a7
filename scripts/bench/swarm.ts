import { encodeAgentMessage, type Heartbeat, type NodeCredential } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { quietHeartbeat } from '../../test/kit/heartbeat.ts';
import { random, WireAgent, wireIdentity } from '../../test/kit/wire-agent.ts';
import type { HubUnderLoad } from './hub-under-load.ts';
import { nodeSeed } from './swarm-identity.ts';

/** The hub knows the swarm's keys, so it never opens what stands here. */
const CREDENTIAL: NodeCredential = {
  root: new Uint8Array(32),
  region: new Uint8Array(0),
  node: new Uint8Array(0),
};
const CONNECTING_AT_ONCE = 200;

/** Connects `count` nodes, from `first` on, as fast as the hub takes them. */
export async function connectSwarm(
  hub: HubUnderLoad,
  count: number,
  first = 0,
  atOnce = CONNECTING_AT_ONCE,
): Promise<WireAgent[]> {
  const agents: WireAgent[] = [];
  let next = first;
  async function worker(): Promise<void> {
    while (next < first + count) {
      const identity = wireIdentity(nodeCrypto.signingKey(nodeSeed(next++)), CREDENTIAL, hub.region);
      agents.push(await new WireAgent(hub.origin, identity).connect());
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker));
  return agents;
}

/** A full heartbeat whose ten tips all changed; the hashes are those of no block. */
export function fullHeartbeat(height: number): Heartbeat {
  const noise = random(320);
  const tips = Array.from({ length: 10 }, (_, chain) => ({
    chain,
    height,
    hash: noise.subarray(32 * chain, 32 * chain + 32),
  }));
  return quietHeartbeat({ uptimeS: 3_600, tips });
}

export interface LoadReport {
  readonly sent: number;
  readonly answered: number;
  readonly seconds: number;
}

/** Sends `perSecond` heartbeats for `seconds`, round the agents, and counts the answers. Tips change with each one. */
export async function offerHeartbeats(
  agents: readonly WireAgent[],
  load: { perSecond: number; seconds: number; tips: readonly Heartbeat['tips'][] },
): Promise<LoadReport> {
  let answered = 0;
  for (const agent of agents) {
    agent.listen((message) => {
      if (message.name === 'heartbeatAck') answered += 1;
    });
  }
  const payloads = load.tips.map((tips) => encodeAgentMessage('heartbeat', { ...fullHeartbeat(1), tips }));
  const started = performance.now();
  let sent = 0;
  for (;;) {
    const elapsed = (performance.now() - started) / 1000;
    if (elapsed >= load.seconds) break;
    const due = Math.floor(elapsed * load.perSecond);
    for (; sent < due; sent += 1) {
      const { type, payload } = payloads[Math.floor(sent / agents.length) % payloads.length]!;
      agents[sent % agents.length]!.sendSealed(type, payload);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const deadline = performance.now() + 10_000;
  while (answered < sent && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
  return { sent, answered, seconds: (performance.now() - started) / 1000 };
}
