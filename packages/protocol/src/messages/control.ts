import { bool, bytes, type Decoded, fixed, list, record, text, u8, u32, u64 } from '../codec/codec.ts';
import { nodeCredential } from '../identity/node-cert.ts';
import { LIMITS } from '../limits.ts';

/** Keeps NATs open and both sides sure of each other; the hub declares a peer dead after 2.5 of these intervals. */
export const ping = record({ intervalMs: u32 });
export const pong = record({ hubTime: u64 });

/** `hubTime` lets the agent mark the minute in which the hub acknowledged it. */
export const heartbeatAck = record({ hubTime: u64 });

export const HEADER_BYTES_MAX = 318;
const headerRef = record({ chain: u8, hash: fixed(32) });
export const headerRequest = record({ headers: list(headerRef, 8) });
export type HeaderRequest = Decoded<typeof headerRequest>;
/** Binary headers as chainweb serves them; those the node lacks are left out. */
export const headerReply = record({ headers: list(bytes(HEADER_BYTES_MAX), 8) });

export const throttle = record({ retryAfterMs: u32 });

/** A drain: leave after `delayMs`. Alternates must stand in the signed region directory. */
export const goAway = record({ delayMs: u32, alternates: list(text(255), 8) });

export const errorMessage = record({ code: text(32), retry: bool, message: text(255) });
export type ErrorMessage = Decoded<typeof errorMessage>;

export const disconnect = record({ reason: text(64) });

export const reportFullState = record({});
/** The secret of this session's Welcome is on the agent's disk: a stranger that proves the one before has a copy. */
export const ratchetStored = record({});

/** A signed document, as made by `seal`, with the chain that its reader needs. */
export const sealedCheckpoint = record({ sealed: bytes(2048 + 128) });
export const sealedReceipt = record({ sealed: bytes(2048 + 128), region: bytes(512), instance: bytes(512) });

/**
 * What the hub has settled of this node behind the root of that number, the newest whose receipt the node keeps (0: none),
 * answered by frames `settledReceipt` in the order of their roots. What a session lost is thereby asked for again.
 */
export const receiptsWanted = record({ after: u64 });

/** `refuseKind` or `revokeKind`, sealed, with the region certificate of its signer (empty for the root). */
export const sealedVerdict = record({ sealed: bytes(LIMITS.preAuthBytes), authority: bytes(512) });

/** The node's wish for a new key: `rotationKind` sealed by the old key, and the new key's own signature over it. */
export const keyRotate = record({ sealed: bytes(512), proof: fixed(64) });
export const keyAccepted = record({ credential: nodeCredential });

/** `ownerKeyChangeKind`, sealed: for a node that has the key before it pinned. One frame a change, in their order. */
export const ownerKeyChange = record({ sealed: bytes(512) });
