import { refuseKind, regionTimeKind, seal, toHex } from '@stoa/protocol';
import type { Authority, Decision } from '#authority/decision.ts';
import { HOUR_MS } from '#journal/region-state.ts';
import { requireQuota } from '#policy.ts';

export interface SignedTime {
  /** Sealed RegionTime. */
  regionTime: Uint8Array;
  /** The `authority` key's sealed RegionCert. */
  authority: Uint8Array;
}

export interface RefuseRequest {
  nodeId: Uint8Array;
  reason: string;
}

export interface SignedRefusal {
  /** Sealed Refuse. */
  refuse: Uint8Array;
  authority: Uint8Array;
}

/** One document an hour for all instances, and one at once when an instance was retired. */
export function signTime({ state, now, region, keys, certificates }: Authority): Decision<SignedTime> {
  const { lastTime, minInstanceSerial } = state;
  const authority = certificates.sealed.authority;
  const signed = (at: number): SignedTime => ({
    regionTime: seal(regionTimeKind, { region, at, minInstanceSerial }, keys.authority),
    authority,
  });
  if (lastTime?.minInstanceSerial === minInstanceSerial && now - lastTime.at < HOUR_MS)
    return { answer: signed(lastTime.at) };
  return { act: { kind: 'time-signed', minInstanceSerial }, answer: signed(now) };
}

/** @throws SignerError `quota_exceeded`. */
export function refuseNode({ nodeId, reason }: RefuseRequest, authority: Authority): Decision<SignedRefusal> {
  const { state, policy, now, region, keys, certificates } = authority;
  requireQuota({ what: 'refusals', limit: policy.refusalsPerHour, window: state.refused }, now);
  return {
    act: { kind: 'node-refused', nodeId: toHex(nodeId), reason },
    answer: {
      refuse: seal(refuseKind, { nodeId, region, reason, at: now }, keys.authority),
      authority: certificates.sealed.authority,
    },
  };
}
