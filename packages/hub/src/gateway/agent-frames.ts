import type { AgentMessage, Gauges } from '@stoa/protocol';
import { hasCapability, LIMITS, ProtocolError } from '@stoa/protocol';
import type { Descriptions } from '../nodes/index.ts';
import type { RareLog } from '../rare-log.ts';
import type { EvidenceDesk } from './evidence.ts';
import type { GateFrames } from './gate-frames.ts';
import type { HeaderRequests } from './header-requests.ts';
import type { Heartbeats } from './heartbeats.ts';
import type { Handlers } from './ingest.ts';
import type { LiveNode } from './live-node.ts';
import type { NodeSession } from './node-session.ts';
import type { ReceiptFrames } from './receipt-frames.ts';
import type { KeyRotations } from './rotation.ts';
import type { UpdateFrames } from './update-frames.ts';
import type { WorkFrames } from './work-frames.ts';

export interface AgentFrameDeps {
  readonly heartbeats: Heartbeats;
  readonly headers: HeaderRequests;
  readonly descriptions: Descriptions;
  readonly evidence: EvidenceDesk;
  readonly rotations: KeyRotations;
  readonly work: WorkFrames;
  readonly gates: Pick<GateFrames, 'described' | 'dialBackResult' | 'auditResponse'>;
  /** Without it, the hub does not offer the capability `updates`, and an agent that speaks of it breaks the protocol. */
  readonly updates: UpdateFrames | undefined;
  readonly receipts: ReceiptFrames;
  /** Sealed changes of the owner's key since the one with this fingerprint, in their order. */
  readonly ownerKeyChanges: (owner: string, fingerprint: string) => Promise<readonly Uint8Array[]>;
  /** A sample taken while the node had no session, in hub time. */
  readonly onSample: (node: LiveNode, at: number, gauges: Gauges) => void;
  /** The session's ratchet secret is on the node's disk. */
  readonly ratchetStored: (nodeId: string, epoch: number) => Promise<void>;
  readonly rarely: RareLog;
}

/** What the hub does with each frame of an agent. */
export function agentFrameHandlers(deps: AgentFrameDeps): Handlers {
  const { heartbeats, headers, descriptions, evidence, rotations, work, gates, updates, receipts, rarely } =
    deps;
  const batches = new WeakMap<NodeSession, { minute: number; count: number }>();

  /** Work that outlives its frame: what the node did wrong ends its session, what went wrong here is ours to log. */
  function later(session: NodeSession, what: AgentMessage['name'], work: Promise<void>): void {
    work.catch((error: unknown) => {
      const { nodeId } = session.node;
      const fields = { nodeId, frame: what, err: error };
      rarely.write('warn', what, { fields, message: `a ${what} frame could not be taken` });
      if (error instanceof ProtocolError) session.link.close(error.closeCode, error.code);
    });
  }

  function withinBatchRate(session: NodeSession, now: number): boolean {
    const minute = Math.floor(now / 60_000);
    const held = batches.get(session);
    const count = held?.minute === minute ? held.count + 1 : 1;
    batches.set(session, { minute, count });
    return count <= LIMITS.metricsBatchesPerMinute;
  }

  /** A node that has an earlier key of its owner pinned follows, change by change. */
  async function tellOwnerKey(session: NodeSession, pinned: string): Promise<void> {
    for (const sealed of await deps.ownerKeyChanges(session.node.owner, pinned))
      session.send('ownerKeyChange', { sealed });
  }

  return {
    heartbeat: (session, beat, now) => heartbeats.heartbeat(session, beat, now),
    ping(session, { intervalMs }, now) {
      session.pingMs = intervalMs;
      heartbeats.acknowledge(session, now);
      // At once, since agents measure the round trip by it: its minute is stored with the next flush.
      session.send('pong', { hubTime: now });
    },
    tipReport: (session, { tips }) => heartbeats.tips(session, tips),
    agentDescription(session, value) {
      gates.described(session, value);
      later(session, 'agentDescription', descriptions.describe(session.node.nodeId, value));
    },
    componentHealth: (session, value) =>
      later(session, 'componentHealth', descriptions.health(session.node.nodeId, value)),
    effectiveConfig(session, value) {
      later(session, 'effectiveConfig', descriptions.config(session.node.nodeId, value));
      const pinned = value.settings.find(({ name }) => name === 'owner-key')?.value;
      if (pinned) later(session, 'effectiveConfig', tellOwnerKey(session, pinned));
    },
    metricsBatch(session, { samples }, now) {
      if (!withinBatchRate(session, now)) return;
      // The samples carry the agent's clock; a sample of the future would end up in a bucket that is still open.
      for (const { at, gauges } of samples)
        deps.onSample(session.node, Math.min(now, at - session.node.skewMs), gauges);
    },
    headerReply: (session, value) => headers.reply(session, value.headers),
    checkpoint: (session, { sealed }) => later(session, 'checkpoint', evidence.take(session, sealed)),
    keyRotate: (session, wish) => later(session, 'keyRotate', rotations.take(session, wish)),
    workPolicy: (session, value) => later(session, 'workPolicy', work.workPolicy(session, value)),
    leaseRequest: (session, value) => work.leaseRequest(session, value),
    jobAck: (session, value) => later(session, 'jobAck', work.jobAck(session, value)),
    leaseRenew: (session, value) => later(session, 'leaseRenew', work.leaseRenew(session, value)),
    logChunk: (session, value) => later(session, 'logChunk', work.logChunk(session, value)),
    jobResult: (session, value) => later(session, 'jobResult', work.jobResult(session, value)),
    cancelAck: (session, value) => work.cancelAck(session, value),
    updateStatus(session, value) {
      if (updates === undefined || !hasCapability(session.facts.capabilities, 'updates'))
        throw new ProtocolError('unknown_type', 'an update status came in a session without that capability');
      later(session, 'updateStatus', updates.updateStatus(session, value));
    },
    dialBackResult(session, { sealed }) {
      if (!hasCapability(session.facts.capabilities, 'dialBack'))
        throw new ProtocolError('unknown_type', 'a dial-back came in a session without that capability');
      later(session, 'dialBackResult', gates.dialBackResult(session, sealed));
    },
    receiptsWanted(session, { after }) {
      if (!hasCapability(session.facts.capabilities, 'receipts'))
        throw new ProtocolError(
          'unknown_type',
          'receipts were asked for in a session without that capability',
        );
      later(session, 'receiptsWanted', receipts.wanted(session, after));
    },
    auditResponse(session, { sealed }) {
      if (!hasCapability(session.facts.capabilities, 'audits'))
        throw new ProtocolError('unknown_type', 'an audit is answered in a session without that capability');
      later(session, 'auditResponse', gates.auditResponse(session, sealed));
    },
    ratchetStored: (session) =>
      later(session, 'ratchetStored', deps.ratchetStored(session.node.nodeId, session.facts.epoch)),
    disconnect: (session) => session.link.close(1000, 'the agent leaves'),
  };
}
