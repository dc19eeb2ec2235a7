import { hash } from 'node:crypto';
import { type ChainedEvent, LEDGER_GENESIS, ledgerEventBytes } from '@stoa/protocol/stoicism';

/** What the first event follows. */
export const GENESIS: Uint8Array = LEDGER_GENESIS;

/** @returns 32 bytes: SHA-256 over the event before and this one. */
export function eventHash(before: Uint8Array, event: ChainedEvent): Uint8Array {
  return hash('sha256', ledgerEventBytes(before, event), 'buffer');
}
