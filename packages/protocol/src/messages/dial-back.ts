import { bytes, type Decoded, fixed, oneOf, record, text, u16, u32 } from '../codec/codec.ts';
import { CONTEXT } from '../contexts.ts';
import type { SignedKind } from '../signed.ts';

/**
 * Gate 7: the hub has an agent of another owner and network look whether a node's P2P port answers from outside. The agent
 * asks `GET /chainweb/0.0/NETWORK/cut` and nothing else, at public addresses alone, and only where its operator allows it.
 */
export const dialBack = record({
  /** Names this request: drawn by the hub, used once. */
  nonce: fixed(16),
  /** Node id. */
  target: fixed(32),
  /** The address that the target's session comes from, or a name that it proved. */
  host: text(253),
  port: u16,
  network: text(64),
});
export type DialBack = Decoded<typeof dialBack>;

/**
 * - answered: with a cut of the network, over TLS
 * - not-chainweb: something else answered
 * - unreachable: nobody did
 * - refused: it is not dialled: the operator's wish, an address that is not public, too many
 */
const outcome = oneOf('answered', 'not-chainweb', 'unreachable', 'refused');
export type DialBackOutcome = Decoded<typeof outcome>;

const dialBackReport = record({
  nonce: fixed(16),
  target: fixed(32),
  dialler: fixed(32),
  host: text(253),
  port: u16,
  outcome,
  /** SHA-256 of the certificate that was shown, base64url; empty where none was. */
  fingerprint: text(43),
  /** Lowest height of the cut; 0 where there was none. */
  height: u32,
  tookMs: u32,
});
export type DialBackReport = Decoded<typeof dialBackReport>;

/** Signed by the dialler's node key: gate 7 rests on its word, and names it. */
export const dialBackKind: SignedKind<DialBackReport> = {
  context: CONTEXT.dialBack,
  body: dialBackReport,
  title: 'dial-back report',
};

/** `dialBackKind`, sealed. */
export const sealedDialBackResult = record({ sealed: bytes(640) });
