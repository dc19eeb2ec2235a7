import {
  decodeExact,
  encode,
  type HubChain,
  type NodeCredential,
  ProtocolError,
  type SigningKey,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { CertifiedAdmin } from '#authority/admin-key.ts';
import type { RegionCertificates } from '#authority/certificates.ts';
import { makeInstanceRequest } from '#authority/instance.ts';
import type { RotateRequest } from '#authority/node.ts';
import type { RefuseRequest, SignedRefusal, SignedTime } from '#authority/region-voice.ts';
import { SignerError } from '#error.ts';
import type { SignerStatus } from '#status.ts';
import type { CallTable, Dialect, MethodOf } from '#wire/dialect.ts';
import { REGION_DIALECT, type SignerCalls, type SignerMethod } from '#wire/methods.ts';

/** The region's certificates with the fingerprint that join tokens carry. */
export interface SignerChain extends RegionCertificates {
  readonly rootFingerprint: Uint8Array;
}

/** What a hub may ask of its region's signer. Every method rejects with a SignerError. */
export interface SignerClient {
  /**
   * A certificate for a registered instance, seven days long, its serial above every one before. The proof that the
   * caller holds the key is made in here.
   * @throws SignerError `instance_not_registered`, `quota_exceeded`.
   */
  instanceCert(request: { instance: string; key: SigningKey }): Promise<HubChain>;
  /**
   * Certifies a node's first key; `nodeId` is its hash. Asked again within the hour, it gives the same bytes.
   * @throws SignerError `bad_public_key`, `quota_exceeded`, `token_exhausted`, `rotation_conflict`.
   */
  enrol(request: {
    publicKey: Uint8Array;
    tokenId: Uint8Array;
    ownerGeneration?: number;
  }): Promise<NodeCredential>;
  /**
   * Certifies a node's next key. The same rotation again gives the same bytes.
   * @throws SignerError `bad_rotation`, `rotation_conflict`, `quota_exceeded`.
   */
  rotate(request: RotateRequest): Promise<NodeCredential>;
  /** The hour's signed time, never earlier than one before. Cheap: ask as often as wanted. */
  regionTime(): Promise<SignedTime>;
  /**
   * Certifies an admin's key for orders, thirty days long: one that is listed on the signer's own host, and no other.
   * @throws SignerError `admin_key_not_listed`, `quota_exceeded`.
   */
  adminKey(request: { admin: string; publicKey: Uint8Array }): Promise<CertifiedAdmin>;
  /** @throws SignerError `quota_exceeded`. */
  refuse(request: RefuseRequest): Promise<SignedRefusal>;
  status(): Promise<SignerStatus>;
  chain(): Promise<SignerChain>;
  /** Idempotent. Calls in flight and later ones reject with `signer_closed`. */
  close(): Promise<void>;
}

/** How requests reach a signer. Payloads are as its dialect encodes them. */
export interface SignerTransport {
  exchange(method: string, payload: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

export function callSigner<M extends SignerMethod>(
  transport: SignerTransport,
  method: M,
  request: SignerCalls[M]['request'],
): Promise<SignerCalls[M]['answer']> {
  return callIn<SignerCalls, M>(REGION_DIALECT, transport, method, request);
}

/** One typed call. What the codec refuses to write never reaches the signer. */
export async function callIn<C extends CallTable<C>, M extends MethodOf<C>>(
  { methods }: Dialect<C>,
  transport: SignerTransport,
  method: M,
  request: C[M]['request'],
): Promise<C[M]['answer']> {
  const payload = withinBounds(method, () => encode(methods[method].request, request));
  const answer = await transport.exchange(method, payload);
  try {
    return decodeExact(methods[method].answer, answer);
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new SignerError(
      'signer_fault',
      `the signer's answer to '${method}' is malformed: ${cause.message}`,
      {
        cause,
      },
    );
  }
}

function withinBounds<T>(method: string, write: () => T): T {
  try {
    return write();
  } catch (cause) {
    throw new SignerError(
      'bad_request',
      `the request '${method}' is not sent: a field is out of its bounds`,
      {
        cause,
      },
    );
  }
}

export function createClient(transport: SignerTransport): SignerClient {
  return {
    async instanceCert({ instance, key }) {
      const sealed = withinBounds('instanceCert', () => makeInstanceRequest(instance, key));
      return callSigner(transport, 'instanceCert', { sealed });
    },
    enrol: ({ ownerGeneration = 0, ...request }) =>
      callSigner(transport, 'enrol', { ...request, ownerGeneration }),
    rotate: (request) => callSigner(transport, 'rotate', request),
    regionTime: () => callSigner(transport, 'regionTime', {}),
    adminKey: (request) => callSigner(transport, 'adminKey', request),
    refuse: (request) => callSigner(transport, 'refuse', request),
    status: () => callSigner(transport, 'status', {}),
    async chain() {
      const certificates = await callSigner(transport, 'chain', {});
      return { ...certificates, rootFingerprint: nodeCrypto.hash(certificates.root) };
    },
    close: () => transport.close(),
  };
}
