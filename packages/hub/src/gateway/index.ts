import type { IncomingMessage } from 'node:http';
import { type CryptoSuite, EphemeralKeys, type Gauges, type OwnerKey, type Random } from '@stoa/protocol';
import type { SignerClient } from '@stoa/signer/client';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Bus } from '../bus.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import {
  Descriptions,
  Enrolment,
  type EnrolmentDeps,
  type JoinTokens,
  type NodeEventLog,
  type NodeRegistry,
} from '../nodes/index.ts';
import { RareLog } from '../rare-log.ts';
import type { RegionSettings } from '../region-settings.ts';
import type { Task } from '../ticker.ts';
import type { Corroboration, VerifiedSet } from '../tips/index.ts';
import { type AgentFrameDeps, agentFrameHandlers } from './agent-frames.ts';
import { AgentRoutes } from './agent-routes.ts';
import { EvidenceDesk, type TermsOf } from './evidence.ts';
import { EvidenceStore } from './evidence-store.ts';
import type { GateFrames } from './gate-frames.ts';
import { Gateway } from './gateway.ts';
import { HeaderRequests } from './header-requests.ts';
import { Heartbeats } from './heartbeats.ts';
import type { HubIdentity } from './hub-identity.ts';
import { Ingest } from './ingest.ts';
import type { LiveNode } from './live-node.ts';
import { LongPolls } from './long-polls.ts';
import type { ReceiptFrames } from './receipt-frames.ts';
import { ReentryCookies } from './reentry-cookie.ts';
import { Refusals } from './refusals.ts';
import { KeyRotations } from './rotation.ts';
import { SessionStore } from './session-store.ts';
import { StatusFlush } from './status-flush.ts';
import { StatusStore } from './status-store.ts';
import type { UpdateFrames } from './update-frames.ts';
import { UptimeBook } from './uptime.ts';
import { UptimeStore } from './uptime-store.ts';
import { createWebSocketServer } from './websocket-link.ts';
import type { WorkFrames } from './work-frames.ts';

export type { TermsOf } from './evidence.ts';
export { FrameRate } from './frame-rate.ts';
export type { GatedSession, GateFrames } from './gate-frames.ts';
export { Gateway } from './gateway.ts';
export { Heartbeats } from './heartbeats.ts';
export { HubIdentity, type HubIdentityDeps, keptChain } from './hub-identity.ts';
export type { Link, LinkRequest } from './link.ts';
export type { LiveNode } from './live-node.ts';
export type { NodeSession } from './node-session.ts';
export type { ReceiptFrames, ReceiptSession } from './receipt-frames.ts';
export type { UpdateFrames } from './update-frames.ts';
export type { WorkFrames } from './work-frames.ts';

export interface AgentSideDeps {
  readonly instanceId: string;
  readonly region: string;
  readonly rootFingerprint: Uint8Array;
  readonly settings: RegionSettings;
  readonly identity: HubIdentity;
  readonly signer: SignerClient;
  readonly sql: Sql;
  readonly bus: Bus;
  readonly registry: NodeRegistry;
  readonly tokens: JoinTokens;
  /** The key in force of an owner, by e-mail. */
  readonly ownerKeyOf: (owner: string) => Promise<OwnerKey | undefined>;
  readonly recognise: EnrolmentDeps['recognise'];
  readonly ownerKeyChanges: AgentFrameDeps['ownerKeyChanges'];
  readonly work: WorkFrames;
  readonly gates: GateFrames;
  /** By what hours count, for the receipts of nodes. */
  readonly termsOf: TermsOf;
  /** Where there is one, `identity` offers the capability. */
  readonly updates: UpdateFrames | undefined;
  readonly receipts: ReceiptFrames;
  readonly events: NodeEventLog;
  readonly set: VerifiedSet;
  readonly corroboration: Corroboration;
  /** How far a host got with a join token. */
  readonly onJoinStep: (tokenId: string, step: 'key' | 'refused', detail?: { code: string }) => void;
  readonly onSample: (node: LiveNode, at: number, gauges: Gauges) => void;
  readonly handshakesPerAddress: number;
  readonly heartbeatMs: number;
  readonly reconnectWindowMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: CryptoSuite;
  readonly log: Log;
  addressOf(request: IncomingMessage): string;
}

/** Everything between an agent's connection and the memory and tables it ends in. */
export interface AgentSide {
  readonly gateway: Gateway;
  readonly heartbeats: Heartbeats;
  readonly routes: AgentRoutes;
  readonly tasks: readonly Task[];
  /** Before any agent is let in. */
  start(): Promise<void>;
  /** Ends all sessions and writes what is still in memory; whatever of it fails, the rest is done. */
  close(): Promise<void>;
}

const PING_MS = 20_000;
const SAID_AGAIN_MS = 10_000;
const HOUR_MS = 3_600_000;

export function createAgentSide(deps: AgentSideDeps): AgentSide {
  const { sql, clock, random, crypto, log, bus, events, registry, signer, set, identity } = deps;
  const store = new SessionStore({ sql, clock });
  const words = new UptimeStore(sql);
  const uptime = new UptimeBook();
  const rarely = new RareLog({ log, clock, everyMs: SAID_AGAIN_MS });
  const cookies = new ReentryCookies(deps.settings.cookieKey, crypto);
  const headers = new HeaderRequests({
    set,
    corroboration: deps.corroboration,
    clock,
    onInvalid(nodeId, code, why) {
      log.warn({ nodeId, code }, `invalid header: ${why}`);
      events.append('invalid-header', nodeId, { code, why }).catch((err: unknown) => {
        rarely.write('error', 'event', {
          fields: { err, nodeId },
          message: 'a node event could not be written',
        });
      });
    },
  });
  const heartbeats = new Heartbeats({
    uptime,
    gates: deps.gates,
    onTips: (session, chains) => headers.seen(session, chains),
    onSample: deps.onSample,
  });
  const handlers = agentFrameHandlers({
    heartbeats,
    headers,
    descriptions: new Descriptions({ sql, clock }),
    evidence: new EvidenceDesk({
      store: new EvidenceStore(sql),
      words,
      termsOf: deps.termsOf,
      keysOf: (nodeId) => store.keysOf(nodeId),
      identity,
      clock,
      crypto,
    }),
    rotations: new KeyRotations({ registry, signer, crypto }),
    work: deps.work,
    gates: deps.gates,
    updates: deps.updates,
    receipts: deps.receipts,
    ownerKeyChanges: deps.ownerKeyChanges,
    ratchetStored: (nodeId, epoch) => store.ratchetStored({ nodeId, epoch }),
    onSample: deps.onSample,
    rarely,
  });
  const gateway = new Gateway({
    identity,
    store,
    cookies,
    ephemerals: new EphemeralKeys({ crypto, random }),
    clock,
    random,
    crypto,
    events,
    refusals: new Refusals({ events, signer, bus, clock, log }),
    work: deps.work,
    gates: deps.gates,
    bus,
    log,
    directory: {
      store,
      region: deps.region,
      rootFingerprint: deps.rootFingerprint,
      adopt: (cert, sealed) => registry.adopt(cert, sealed),
      commitRotation: (nodeId, key) => registry.commitRotation(nodeId, key),
      cancelRotation: (former) => registry.cancelRotation(former),
      dispute: (nodeId) => registry.dispute(nodeId),
    },
    terms: {
      instanceId: deps.instanceId,
      generation: deps.settings.generation,
      heartbeatMs: deps.heartbeatMs,
      pingMs: PING_MS,
      reconnectWindowMs: deps.reconnectWindowMs,
    },
    limits: { concurrent: 512, queued: 8_192, perAddress: deps.handshakesPerAddress },
    ingest: new Ingest(handlers),
  });
  const polls = new LongPolls({ clock, random });
  const enrolment = new Enrolment({
    region: deps.region,
    party: () => identity.proof.party,
    signer,
    tokens: deps.tokens,
    ownerKeyOf: deps.ownerKeyOf,
    recognise: deps.recognise,
    registry,
    events,
    clock,
    random,
    crypto,
    onEnrolled: (nodeId) => bus.publish('enrolled', { nodeId }),
    onStep: deps.onJoinStep,
    onEventLost: (err) =>
      rarely.write('error', 'event', { fields: { err }, message: 'a node event could not be written' }),
  });
  const routes = new AgentRoutes({
    gateway,
    enrolment,
    polls,
    cookies,
    sockets: createWebSocketServer(),
    clock,
    addressOf: deps.addressOf,
  });
  const flush = new StatusFlush({
    heartbeats,
    uptime,
    statuses: new StatusStore(sql),
    words,
    set,
    corroboration: deps.corroboration,
    bus,
  });
  // Nodes tell anew what they have pinned, and are told what follows it.
  const forgetOwnerKeys = bus.subscribe('ownerKeys', ({ owner }) => {
    for (const session of gateway.sessions.all())
      if (session.node.owner === owner) session.send('reportFullState', {});
  });
  const forgetOwners = bus.subscribe('owners', ({ nodes }) => gateway.own(nodes));
  return {
    gateway,
    heartbeats,
    routes,
    tasks: [
      flush,
      gateway.sweep,
      identity,
      {
        name: 'uptime-keeper',
        periodMs: HOUR_MS,
        tick: () => words.forgetBefore(Math.floor(clock.now() / HOUR_MS)),
      },
    ],
    start: () => store.endAllOf(deps.instanceId, new Date(clock.now())),
    async close() {
      await using closing = new AsyncDisposableStack();
      closing.defer(() => flush.drain());
      closing.defer(() => gateway.close());
      closing.defer(forgetOwnerKeys);
      closing.defer(forgetOwners);
    },
  };
}
