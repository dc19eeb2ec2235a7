/**
 * Features that a peer must know of before it is sent their frames. Both sides say in the handshake what they know; Welcome
 * carries what both do. Bits, never used again for another feature.
 *
 * 1 `updates`: 2026-11-26: updateStatus and updateAssignment. A hub without it ends the session of an agent that sends it
 * a status; an agent without it would leave every assignment unread.
 *
 * 2 `dialBack`: 2026-11-26: dialBack and dialBackResult. An agent offers it where its operator allows that the hub has it
 * look at other nodes' P2P ports.
 *
 * 4 `receipts`: 2026-11-26: receiptsWanted and settledReceipt. A hub without it ends the session of an agent that asks.
 *
 * 8 `audits`: 2026-11-26: auditChallenge and auditResponse.
 */
export const CAPABILITY = { updates: 1, dialBack: 2, receipts: 4, audits: 8 } as const;

export type CapabilityName = keyof typeof CAPABILITY;

/** Whether a session has the feature, by the capabilities in its Welcome. */
export function hasCapability(capabilities: number, name: CapabilityName): boolean {
  return (capabilities & CAPABILITY[name]) !== 0;
}
