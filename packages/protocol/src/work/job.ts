import {
  bytes,
  type Decoded,
  fixed,
  list,
  oneOf,
  optional,
  record,
  text,
  u16,
  u32,
  u64,
} from '../codec/codec.ts';
import { CONTEXT } from '../contexts.ts';
import { hubChain } from '../identity/hub-chain.ts';
import type { SignedKind } from '../signed.ts';
import { MAX_PARAMS_BYTES } from './parameters.ts';

const jobBody = record({
  nodeId: fixed(32),
  jobId: fixed(16),
  kind: text(40),
  /** From 1. With the job's id it names this lease in everything that both sides keep. */
  attempt: u16,
  /** Rises with every lease of the region: what an older lease did or says later is refused. */
  fencingToken: u64,
  leaseMs: u32,
  /** Hub time, ms since 1970, after which the job must not be started. */
  deadline: u64,
  maxAttempts: u16,
  /** The same for every attempt at one effect: a node that has done it once answers with that result. */
  idempotencyKey: fixed(16),
  /** As `formatParams` writes it. */
  params: text(MAX_PARAMS_BYTES),
});
export type Job = Decoded<typeof jobBody>;

/** A lease: signed by the hub instance, checked again by the privileged unit. */
export const jobKind: SignedKind<Job> = { context: CONTEXT.job, body: jobBody, title: 'job' };

/** From the leaf upwards: the RFC 6962 path of a node's id to the root that an order names. */
export const orderProof = list(record({ side: oneOf('left', 'right'), hash: fixed(32) }), 24);

/** An order as it travels with a job: with what it takes to check it from the root, and that it names this node. */
export const carriedOrder = record({
  sealed: bytes(1_100),
  /** For an admin's order: `adminKeyKind` sealed by the region's authority, and that authority's certificate. */
  admin: optional(record({ key: bytes(512), authority: bytes(512) })),
  proof: orderProof,
});
export type CarriedOrder = Decoded<typeof carriedOrder>;

export const jobMessage = record({ sealed: bytes(2_176), hub: hubChain, order: optional(carriedOrder) });
export type JobMessage = Decoded<typeof jobMessage>;
