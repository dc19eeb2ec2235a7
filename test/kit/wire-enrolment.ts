import {
  decodeExact,
  type EnrolClaim,
  type EnrolReply,
  encode,
  enrolReply,
  enrolRequest,
  makeEnrolRequest,
  openChallenge,
  parseJoinToken,
  type SigningKey,
  toBase64Url,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { random } from './wire-agent.ts';

export interface EnrolAnswer {
  readonly status: number;
  /** Of a hub that said no. */
  readonly code: string | undefined;
  readonly reply: EnrolReply | undefined;
}

export interface Exchange {
  readonly id: string;
  readonly transcript: Uint8Array;
}

/** The first step of an enrolment: the hub proves its root. */
export async function beginEnrolment(origin: string, token: string): Promise<Exchange> {
  const { region, rootFingerprint } = parseJoinToken(token);
  const nonceA = random(32);
  const response = await fetch(`${origin}/agent/v1/enrol/challenge`, {
    method: 'POST',
    headers: { 'stoa-nonce': toBase64Url(nonceA) },
  });
  if (!response.ok) throw new Error(`no challenge: ${response.status} ${await response.text()}`);
  const policy = { rootFingerprint, region, timeFloor: 0, minInstanceSerial: 0 };
  const sealed = new Uint8Array(await response.arrayBuffer());
  const { transcript } = openChallenge(
    sealed,
    { nonceA, transport: 'enrol' },
    { policy, crypto: nodeCrypto },
  );
  return { id: response.headers.get('stoa-exchange')!, transcript };
}

/** The second step: the node proves its key and spends the token. */
export async function endEnrolment(
  origin: string,
  exchange: Exchange,
  by: { token: string; key: SigningKey; change?: Partial<EnrolClaim> },
): Promise<EnrolAnswer> {
  const { tokenId, secret: tokenSecret } = parseJoinToken(by.token);
  const facts = { hostname: 'wire', platform: 'linux', agentVersion: '0.0.0', chainwebVersion: '' };
  const claim = { tokenId, tokenSecret, publicKey: by.key.publicKey, facts, ...by.change };
  const request = makeEnrolRequest(claim, exchange.transcript, { key: by.key, crypto: nodeCrypto });
  const response = await fetch(`${origin}/agent/v1/enrol`, {
    method: 'POST',
    headers: { 'stoa-exchange': exchange.id },
    body: Buffer.from(encode(enrolRequest, request)),
  });
  const body = new Uint8Array(await response.arrayBuffer());
  const { status } = response;
  if (response.ok) return { status, code: undefined, reply: decodeExact(enrolReply, body) };
  const { code } = JSON.parse(Buffer.from(body).toString()) as { code: string };
  return { status, code, reply: undefined };
}

/** A node joins as an agent would. */
export async function enrolOverHttp(
  origin: string,
  by: { token: string; key: SigningKey; change?: Partial<EnrolClaim> },
): Promise<EnrolAnswer> {
  return endEnrolment(origin, await beginEnrolment(origin, by.token), by);
}
