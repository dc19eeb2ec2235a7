/** RFC 8737: the one protocol that the CA speaks to prove a name at the TLS port. */
export const ACME_PROTOCOL = 'acme-tls/1';

const HANDSHAKE = 22;
const RECORD_HEADER = 5;
/** RFC 8446 §5.1. */
const LONGEST_RECORD = 16_384 + RECORD_HEADER;
/** As ALPN lists it: its length, then the name. */
const LISTED = Buffer.concat([Buffer.of(ACME_PROTOCOL.length), Buffer.from(ACME_PROTOCOL)]);

/** What the first bytes of a connection tell: the CA's proof, anybody else, or not enough yet. */
export function firstBytes(bytes: Buffer): 'proof' | 'other' | 'more' {
  if (bytes.length > 0 && bytes[0] !== HANDSHAKE) return 'other';
  if (bytes.length < RECORD_HEADER) return 'more';
  const length = RECORD_HEADER + bytes.readUInt16BE(3);
  if (length > LONGEST_RECORD) return 'other';
  if (bytes.length < length) return 'more';
  return bytes.subarray(0, length).includes(LISTED) ? 'proof' : 'other';
}
