import { type Codec, type Decoded, decode, encode } from '../codec/codec.ts';
import { ProtocolError } from '../errors.ts';
import { provenReceipt } from '../evidence/settled-receipt.ts';
import { welcome } from '../handshake/welcome.ts';
import { jobMessage } from '../work/job.ts';
import { auditChallenge, sealedAuditResponse } from './audit.ts';
import {
  disconnect,
  errorMessage,
  goAway,
  headerReply,
  headerRequest,
  heartbeatAck,
  keyAccepted,
  keyRotate,
  ownerKeyChange,
  ping,
  pong,
  ratchetStored,
  receiptsWanted,
  reportFullState,
  sealedCheckpoint,
  sealedReceipt,
  sealedVerdict,
  throttle,
} from './control.ts';
import { agentDescription, componentHealth, effectiveConfig } from './description.ts';
import { dialBack, sealedDialBackResult } from './dial-back.ts';
import { heartbeat, metricsBatch, tipReport } from './gauges.ts';
import { FRAME } from './types.ts';
import { updateAssignment, updateStatus } from './update.ts';
import {
  cancelAck,
  cancelJob,
  credit,
  jobAck,
  leaseRenew,
  leaseRenewed,
  leaseRequest,
  logChunk,
  sealedJobReceipt,
  sealedJobResult,
  workPolicy,
} from './work.ts';

/** Payload codec of each frame that an agent sends within a session. */
export const AGENT_FRAMES = {
  heartbeat,
  ping,
  tipReport,
  agentDescription,
  componentHealth,
  effectiveConfig,
  metricsBatch,
  headerReply,
  checkpoint: sealedCheckpoint,
  keyRotate,
  disconnect,
  ratchetStored,
  leaseRequest,
  jobAck,
  leaseRenew,
  logChunk,
  jobResult: sealedJobResult,
  cancelAck,
  workPolicy,
  updateStatus,
  dialBackResult: sealedDialBackResult,
  receiptsWanted,
  auditResponse: sealedAuditResponse,
} as const;

/** Payload codec of each frame that a hub sends within a session. */
export const HUB_FRAMES = {
  welcome,
  heartbeatAck,
  pong,
  headerRequest,
  reportFullState,
  receipt: sealedReceipt,
  throttle,
  goAway,
  refuse: sealedVerdict,
  revoke: sealedVerdict,
  error: errorMessage,
  keyAccepted,
  ownerKeyChange,
  job: jobMessage,
  leaseRenewed,
  credit,
  cancelJob,
  jobReceipt: sealedJobReceipt,
  updateAssignment,
  dialBack,
  settledReceipt: provenReceipt,
  auditChallenge,
} as const;

export type AgentFrameName = keyof typeof AGENT_FRAMES;
export type HubFrameName = keyof typeof HUB_FRAMES;

type Message<Catalog> = { [K in keyof Catalog]: { name: K; value: Decoded<Catalog[K]> } }[keyof Catalog];
export type AgentMessage = Message<typeof AGENT_FRAMES>;
export type HubMessage = Message<typeof HUB_FRAMES>;

export interface EncodedMessage {
  readonly type: number;
  readonly payload: Uint8Array;
}

function encodeFrom(catalog: Record<string, Codec<unknown>>, name: string, value: unknown): EncodedMessage {
  const codec = catalog[name] as Codec<unknown>;
  return { type: FRAME[name as keyof typeof FRAME], payload: encode(codec, value) };
}

export function encodeAgentMessage<N extends AgentFrameName>(
  name: N,
  value: Decoded<(typeof AGENT_FRAMES)[N]>,
): EncodedMessage {
  return encodeFrom(AGENT_FRAMES, name, value);
}

export function encodeHubMessage<N extends HubFrameName>(
  name: N,
  value: Decoded<(typeof HUB_FRAMES)[N]>,
): EncodedMessage {
  return encodeFrom(HUB_FRAMES, name, value);
}

function byType(catalog: Record<string, unknown>): (string | undefined)[] {
  const names: (string | undefined)[] = [];
  for (const name of Object.keys(catalog)) names[FRAME[name as keyof typeof FRAME]] = name;
  return names;
}

const agentNames = byType(AGENT_FRAMES);
const hubNames = byType(HUB_FRAMES);

/** @throws ProtocolError `unknown_type`, `malformed`. */
export function decodeAgentMessage(type: number, payload: Uint8Array): AgentMessage {
  const name = agentNames[type] as AgentFrameName | undefined;
  if (name === undefined)
    throw new ProtocolError('unknown_type', `frame type ${type} is none that an agent sends`);
  return { name, value: decode(AGENT_FRAMES[name] as Codec<unknown>, payload) } as AgentMessage;
}

/** @throws ProtocolError `unknown_type`, `malformed`. */
export function decodeHubMessage(type: number, payload: Uint8Array): HubMessage {
  const name = hubNames[type] as HubFrameName | undefined;
  if (name === undefined)
    throw new ProtocolError('unknown_type', `frame type ${type} is none that a hub sends`);
  return { name, value: decode(HUB_FRAMES[name] as Codec<unknown>, payload) } as HubMessage;
}
