import {
  type CryptoSuite,
  type EphemeralKeys,
  FRAME,
  type HubAnswer,
  initialRatchet,
  LIMITS,
  offerChallenge,
  ProtocolError,
  type Random,
  readPlain,
  type Session,
  sessionIdOf,
  toHex,
  writePlain,
} from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { Caller } from './caller.ts';
import { type ClaimVerdict, decideClaim } from './claim.ts';
import { RefusedNodeError, StaleCopyError } from './error.ts';
import type { HubIdentity } from './hub-identity.ts';
import type { LinkRequest } from './link.ts';
import { type Identified, identify, type KeyRole, type NodeDirectory } from './node-directory.ts';
import type { ReentryCookies } from './reentry-cookie.ts';
import type { KnownNode, SessionStore } from './session-store.ts';

/** What this instance tells every agent that it welcomes. */
export interface SessionTerms {
  readonly instanceId: string;
  /** Raised by each restore of the database; stands in the high bits of every epoch. */
  readonly generation: number;
  readonly heartbeatMs: number;
  readonly pingMs: number;
  readonly reconnectWindowMs: number;
}

export interface HandshakeDeps {
  readonly identity: HubIdentity;
  readonly directory: NodeDirectory;
  readonly store: SessionStore;
  readonly cookies: ReentryCookies;
  readonly terms: SessionTerms;
  readonly ephemerals: EphemeralKeys;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: CryptoSuite;
}

export interface Established {
  readonly node: KnownNode;
  readonly session: Session;
  readonly epoch: number;
  /** Hex. */
  readonly sessionId: string;
  readonly bootId: string;
  readonly verdict: Exclude<ClaimVerdict, { kind: 'stale-copy' }>;
  /** What the key that signed the Hello was to the node. */
  readonly keyRole: KeyRole;
  readonly quarantined: boolean;
  /** What both sides know (`CAPABILITY`). */
  readonly capabilities: number;
}

/**
 * One handshake, from the Challenge to the Welcome. The session row is claimed before Welcome is sent, so a session that
 * the agent believes in is one that the database knows. The caller may have left meanwhile: whoever takes the session over
 * looks.
 *
 * @throws ProtocolError, StaleCopyError, RefusedNodeError: to be said to the agent before the link is closed.
 * @returns undefined where the agent left or the time ran out.
 */
export async function establish(
  caller: Caller,
  request: LinkRequest,
  deps: HandshakeDeps,
): Promise<Established | undefined> {
  const { clock, crypto, random } = deps;
  const { link } = caller;
  const opening = { nonceA: request.nonceA, transport: link.transport };
  const offer = offerChallenge(
    opening,
    { hubTime: clock.now() },
    { party: deps.identity.proof.party, ephemerals: deps.ephemerals, crypto, random },
  );
  const reply = caller.next(LIMITS.handshakeMs, clock);
  link.send(writePlain(FRAME.challenge, offer.challenge));
  const message = await reply;
  if (message === undefined) return undefined;
  const { type, payload } = readPlain(message);
  if (type !== FRAME.hello)
    throw new ProtocolError('unknown_type', `frame type ${type} before authentication, Hello expected`);
  const answer = offer.receive(payload);
  const who = await identify(answer, deps.directory, crypto);
  return caller.left ? undefined : claimSession(caller, answer, who, deps);
}

async function claimSession(
  { link }: Caller,
  answer: HubAnswer,
  who: Identified,
  deps: HandshakeDeps,
): Promise<Established> {
  const { node } = who;
  const { hello } = answer;
  const { terms, clock, crypto, random, store } = deps;
  if (node.refused || node.retired)
    throw new RefusedNodeError(node.nodeId, node.retired ? 'retired' : 'refused');
  const record = node.session;
  const secrets = {
    current: record?.ratchetCurrent ?? initialRatchet(hello.nodeId, crypto),
    previous: record?.ratchetPrevious,
  };
  const proof = answer.ratchet(secrets);
  const bootId = toHex(hello.bootId);
  const verdict = decideClaim(record, { bootId, proof }, terms.generation);
  if (verdict.kind === 'stale-copy') throw new StaleCopyError(node, { bootId, address: link.address });
  const sessionId = sessionIdOf(terms.instanceId, random, crypto.hash);
  const ratchet = random(32);
  const now = clock.now();
  const won = await store.claim({
    nodeId: node.nodeId,
    epoch: verdict.epoch,
    instanceId: terms.instanceId,
    sessionId: Buffer.from(sessionId).toString('base64url'),
    bootId,
    previousBootIds: verdict.previousBootIds,
    ratchetCurrent: ratchet,
    // The secret just proved stays good: the Welcome that brings the new one may be lost on its way.
    ratchetPrevious: proof === 'previous' ? secrets.previous : secrets.current,
    connectedAt: new Date(now),
    version: hello.agentVersion,
    protocol: hello.version,
    address: link.address,
    transport: link.transport,
  });
  if (!won)
    throw new ProtocolError('bad_sequence', 'another session of this node was opened in the same moment');
  await settleKey(who, verdict, deps.directory);
  const { party, regionTime, authority } = deps.identity.proof;
  const quarantined = node.quarantineReason !== undefined;
  const capabilities = party.capabilities & hello.capabilities;
  const { frame, session } = answer.welcome({
    sessionId,
    epoch: verdict.epoch,
    version: hello.version,
    capabilities,
    heartbeatMs: terms.heartbeatMs,
    pingMs: terms.pingMs,
    credits: 0,
    reconnectWindowMs: terms.reconnectWindowMs,
    ratchet,
    cookie: deps.cookies.make(hello.nodeId, now),
    regionTime,
    authority,
    hubTime: now,
    hubHour: Math.floor(now / 3_600_000),
    label: node.label,
    quarantined,
  });
  link.send(frame);
  return {
    node,
    session,
    epoch: verdict.epoch,
    sessionId: toHex(sessionId),
    bootId,
    verdict,
    keyRole: who.role,
    quarantined,
    capabilities,
  };
}

/**
 * The first session on the candidate of a rotation commits it. One on the key before, with a ratchet that holds, cancels
 * it: either the node never learnt that its new key was taken, or somebody else rotated (protocol.md, Rotation).
 */
async function settleKey(
  { node, role, former }: Identified,
  verdict: ClaimVerdict,
  directory: NodeDirectory,
): Promise<void> {
  if (role === 'candidate') await directory.commitRotation(node.nodeId, node.candidateKey!);
  if (former !== undefined && verdict.kind !== 'restored') await directory.cancelRotation(former);
}
