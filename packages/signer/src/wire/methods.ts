import {
  bytes,
  type Codec,
  fixed,
  type HubChain,
  hubChain,
  list,
  MAX_MANIFEST_BYTES,
  type NodeCredential,
  nodeCredential,
  ownerName,
  record,
  text,
  u32,
  u64,
} from '@stoa/protocol';
import type { CertifiedAdmin } from '#authority/admin-key.ts';
import type { AttestedArtefacts } from '#authority/artefacts.ts';
import type { RegionCertificates } from '#authority/certificates.ts';
import type { EnrolRequest, RotateRequest } from '#authority/node.ts';
import type { RefuseRequest, SignedRefusal, SignedTime } from '#authority/region-voice.ts';
import type { SignerStatus } from '#status.ts';
import type { Dialect } from '#wire/dialect.ts';
import { MAX_MESSAGE_BYTES } from '#wire/message.ts';

type Nothing = Record<never, never>;

/** What crosses the socket: for each method what is asked and what is answered. */
export interface SignerCalls {
  status: { request: Nothing; answer: SignerStatus };
  chain: { request: Nothing; answer: RegionCertificates };
  instanceCert: { request: { sealed: Uint8Array }; answer: HubChain };
  enrol: { request: EnrolRequest; answer: NodeCredential };
  rotate: { request: RotateRequest; answer: NodeCredential };
  regionTime: { request: Nothing; answer: SignedTime };
  refuse: { request: RefuseRequest; answer: SignedRefusal };
  /** An admin's order, signed by the `instances` key. */
  order: { request: { sealed: Uint8Array }; answer: Nothing };
  /** An admin's order, signed by the `instances` key: the manifest of an agent's artefacts is sound. */
  attest: { request: { sealed: Uint8Array }; answer: AttestedArtefacts };
  /** An order about an admin's key, signed by the `instances` key. */
  adminKeyOrder: { request: { sealed: Uint8Array }; answer: Nothing };
  adminKey: { request: { admin: string; publicKey: Uint8Array }; answer: CertifiedAdmin };
  /** New region certificates: the root's signatures are all the permission there is. */
  install: { request: { certificates: Uint8Array }; answer: Nothing };
}

export type SignerMethod = keyof SignerCalls;

const SEALED = 512;
const nothing: Codec<Nothing> = record({});
const sealedCerts = record({ instances: bytes(SEALED), enrol: bytes(SEALED), authority: bytes(SEALED) });

const status: Codec<SignerStatus> = record({
  region: text(32),
  rootFingerprint: text(64),
  time: u64,
  instanceSerial: u64,
  minInstanceSerial: u64,
  instances: list(record({ instance: text(64), publicKey: text(64), registeredAt: u64 }), 256),
  certificates: list(record({ role: text(16), serial: u32, notAfter: u64 }), 8),
  enrolmentsLastHour: u32,
  enrolmentsPerHour: u64,
  journal: record({ entries: u64, head: text(64) }),
  alerts: list(text(500), 16),
  adminKeys: list(record({ admin: ownerName, publicKey: text(64), addedAt: u64 }), 64),
});

export const METHODS: Dialect<SignerCalls>['methods'] = {
  status: { request: nothing, answer: status },
  chain: {
    request: nothing,
    answer: record({ region: text(32), root: fixed(32), sealed: sealedCerts }),
  },
  instanceCert: { request: record({ sealed: bytes(SEALED) }), answer: hubChain },
  enrol: {
    request: record({ publicKey: fixed(32), tokenId: fixed(16), ownerGeneration: u32 }),
    answer: nodeCredential,
  },
  rotate: {
    request: record({ current: bytes(SEALED), sealed: bytes(SEALED), proof: fixed(64) }),
    answer: nodeCredential,
  },
  regionTime: { request: nothing, answer: record({ regionTime: bytes(SEALED), authority: bytes(SEALED) }) },
  refuse: {
    request: record({ nodeId: fixed(32), reason: text(255) }),
    answer: record({ refuse: bytes(SEALED), authority: bytes(SEALED) }),
  },
  order: { request: record({ sealed: bytes(SEALED) }), answer: nothing },
  attest: {
    request: record({ sealed: bytes(2 * SEALED + MAX_MANIFEST_BYTES) }),
    answer: record({ signature: fixed(64), certificate: bytes(SEALED), root: fixed(32) }),
  },
  adminKeyOrder: { request: record({ sealed: bytes(SEALED) }), answer: nothing },
  adminKey: {
    request: record({ admin: ownerName, publicKey: fixed(32) }),
    answer: record({ key: bytes(SEALED), authority: bytes(SEALED) }),
  },
  install: { request: record({ certificates: bytes(8192) }), answer: nothing },
};

export const REGION_DIALECT: Dialect<SignerCalls> = {
  methods: METHODS,
  maxMessageBytes: MAX_MESSAGE_BYTES,
  command: 'signer serve',
};
