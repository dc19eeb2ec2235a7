import { bytes, type Decoded, record, text, u32 } from '../codec/codec.ts';
import { CONTEXT } from '../contexts.ts';
import type { SignedKind } from '../signed.ts';

/** Minutes are whole ones since 1970, ends exclusive. */
const hubGapBody = record({
  /** Name of the hub instance that missed them. */
  instance: text(64),
  /** Why: restart, no-tick, no-database, lost, mass-expiry, or act where an admin granted it. */
  cause: text(16),
  from: u32,
  until: u32,
  /** The part of it that costs no node. */
  grantFrom: u32,
  grantUntil: u32,
  /** Minutes of the day's allowance that it uses. */
  counted: u32,
});
export type SignedGap = Decoded<typeof hubGapBody>;

/** Minutes that a hub missed, signed by the instance itself; of one that is gone, by another of its region. */
export const hubGapKind: SignedKind<SignedGap> = {
  context: CONTEXT.hubGap,
  body: hubGapBody,
  title: 'gap of a hub',
};

/** As it travels: `hubGapKind`, sealed, with the chain that its reader needs. Receipts name it by the `hash` of these bytes. */
export const signedHubGap = record({ sealed: bytes(256), region: bytes(512), instance: bytes(512) });
