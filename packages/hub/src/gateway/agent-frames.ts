import type { AgentMessage, Gauges } from '@stoa/protocol';
import { LIMITS, ProtocolError } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Descriptions } from '../nodes/descriptions.ts';
import type { EvidenceDesk } from './evidence.ts';
import type { HeaderRequests } from './header-requests.ts';
import type { Heartbeats } from './heartbeats.ts';
import type { Handlers } from './ingest.ts';
import type { LiveNode } from './live-node.ts';
import type { NodeSession } from './node-session.ts';
import type { KeyRotations } from './rotation.ts';

export interface AgentFrameDeps {
  readonly heartbeats: Heartbeats;
  readonly headers: HeaderRequests;
  readonly descriptions: Descriptions;
  readonly evidence: EvidenceDesk;
  readonly rotations: KeyRotations;
  /** A sample taken while the node had no session, in hub time. */
  readonly onSample: (node: LiveNode, at: number, gauges: Gauges) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** What the hub does with each frame of an agent. */
export function agentFrameHandlers(deps: AgentFrameDeps): Handlers {
  const { heartbeats, headers, descriptions, evidence, rotations, clock, log } = deps;
  const batches = new WeakMap<NodeSession, { minute: number; count: number }>();

  /** Work that outlives its frame: what the node did wrong ends its session, what went wrong here is ours to log. */
  function later(session: NodeSession, what: AgentMessage['name'], work: Promise<void>): void {
    work.catch((error: unknown) => {
      const { nodeId } = session.node;
      if (error instanceof ProtocolError) session.link.close(error.closeCode, error.code);
      log.warn({ nodeId, frame: what, err: error }, `a ${what} frame could not be taken`);
    });
  }

  function withinBatchRate(session: NodeSession): boolean {
    const minute = Math.floor(clock.now() / 60_000);
    const held = batches.get(session);
    const count = held?.minute === minute ? held.count + 1 : 1;
    batches.set(session, { minute, count });
    return count <= LIMITS.metricsBatchesPerMinute;
  }

  return {
    heartbeat: (session, beat) => heartbeats.heartbeat(session, beat),
    ping(session, { intervalMs }) {
      session.pingMs = intervalMs;
      const now = clock.now();
      session.node.minutes.mark(now);
      heartbeats.touch(session.node);
      session.send('pong', { hubTime: now });
    },
    tipReport: (session, { tips }) => heartbeats.tips(session, tips),
    agentDescription: (session, value) =>
      later(session, 'agentDescription', descriptions.describe(session.node.nodeId, value)),
    componentHealth: (session, value) =>
      later(session, 'componentHealth', descriptions.health(session.node.nodeId, value)),
    effectiveConfig: (session, value) =>
      later(session, 'effectiveConfig', descriptions.config(session.node.nodeId, value)),
    metricsBatch(session, { samples }) {
      if (!withinBatchRate(session)) return;
      const now = clock.now();
      // The samples carry the agent's clock; a sample of the future would end up in a bucket that is still open.
      for (const { at, gauges } of samples)
        deps.onSample(session.node, Math.min(now, at - session.node.skewMs), gauges);
    },
    headerReply: (session, value) => headers.reply(session, value.headers),
    checkpoint: (session, { sealed }) => later(session, 'checkpoint', evidence.take(session, sealed)),
    keyRotate: (session, wish) => later(session, 'keyRotate', rotations.take(session, wish)),
    disconnect: (session) => session.link.close(1000, 'the agent leaves'),
  };
}
