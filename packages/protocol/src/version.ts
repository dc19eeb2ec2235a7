/**
 * The version of the wire protocol: one integer, raised with every change that an older peer must know of.
 * A hub serves N-2 to N in both directions; an agent refuses a version below the highest it has used with its region.
 *
 * 1: 2026-11-25: first version: mutual handshake, session MAC, heartbeats, tips, evidence.
 *    2026-11-26: still the first version, of which nothing was released: AgentDescription ends with the certificate and the
 *    port of P2P; dialBack, dialBackResult under a capability of their own; likewise receiptsWanted, settledReceipt, and
 *    auditChallenge, auditResponse.
 */
export const PROTOCOL_VERSION = 1;

/** The oldest version that this build still speaks. */
export const OLDEST_PROTOCOL_VERSION = 1;

export const SUBPROTOCOL = 'stoa-agent.v1';
