import { bool, bytes, type Decoded, fixed, list, record, text, u8, u16, u32, u64 } from '../codec/codec.ts';
import { hubChain } from '../identity/hub-chain.ts';
import { LIMITS } from '../limits.ts';
import { MAX_POLICY_BYTES } from '../work/local-policy.ts';

/** Names one lease in every frame about it. */
const lease = { jobId: fixed(16), attempt: u16, fencingToken: u64 };
const MAX_LEASES = 16;
/** Progress that the kind can't tell. */
export const PROGRESS_UNKNOWN = 255;

/**
 * Free slots as a window, so that credits are conserved whatever is lost: the hub may send jobs until the jobs it sent in
 * this session pass `received` + the free slots of their class. Said anew after every change and in every new session.
 */
export const leaseRequest = record({
  /** Free slots: mutating jobs (0 or 1), read jobs (0 to 8). */
  mutating: u8,
  read: u8,
  /** Job frames received in this session, by class of slot. */
  receivedMutating: u32,
  receivedRead: u32,
});
export type LeaseRequest = Decoded<typeof leaseRequest>;

/** The job is in the agent's journal, on disk. Whether it will be run is said by its result. */
export const jobAck = record(lease);
export type JobAck = Decoded<typeof jobAck>;

/** A third of a lease before its end, and at once in a new session. */
export const leaseRenew = record({
  leases: list(record({ ...lease, progress: u8, step: text(64) }), MAX_LEASES),
});
export type LeaseRenew = Decoded<typeof leaseRenew>;

/** `leaseMs` 0: the lease is lost; what runs under it ends, and its result will be late. */
export const leaseRenewed = record({ leases: list(record({ ...lease, leaseMs: u32 }), MAX_LEASES) });
export type LeaseRenewed = Decoded<typeof leaseRenewed>;

/** A piece of a job's log at its offset in bytes. */
export const logChunk = record({ ...lease, offset: u64, chunk: bytes(LIMITS.logChunkBytes) });
export type LogChunk = Decoded<typeof logChunk>;

/** The log is stored up to `stored`; the agent may send as far as `stored` + `window`. 0 at the job's bound. */
export const credit = record({ ...lease, stored: u64, window: u32 });
export type Credit = Decoded<typeof credit>;

export const cancelJob = record({ ...lease, reason: text(255) });
/** `running`: the command is being ended (TERM, 10 s, KILL); its result follows either way. */
export const cancelAck = record({ ...lease, running: bool });
export type CancelAck = Decoded<typeof cancelAck>;

/** `jobResultKind`, sealed. Sent again until its receipt comes. */
export const sealedJobResult = record({ sealed: bytes(2_048 + 128) });
export type SealedJobResult = Decoded<typeof sealedJobResult>;
/** `jobReceiptKind`, sealed by the instance that the chain names. */
export const sealedJobReceipt = record({ sealed: bytes(512), hub: hubChain });

/** What this node can and will do: at the start of a session and when it changes. */
export const workPolicy = record({
  /** Kinds that this build has a handler for. */
  kinds: list(text(40), 64),
  /** The policy file as it is. */
  policy: text(MAX_POLICY_BYTES),
  /** Why it can't be read: then nothing is allowed. */
  fault: text(255),
  /** Paused by the host's user: no work is asked for. */
  paused: bool,
});
export type WorkPolicy = Decoded<typeof workPolicy>;
