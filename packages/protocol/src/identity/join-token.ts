import { fromBase64Url, toBase64Url } from '../bytes.ts';
import { type Decoded, decodeExact, encode, fixed, record, text, u64 } from '../codec/codec.ts';
import { ProtocolError } from '../errors.ts';
import { ownerName, regionName } from './names.ts';

const PREFIX = 'stoa1_';

const joinTokenBody = record({
  /** Origin of the hub, `https://hub.example`. */
  hub: text(255),
  region: regionName,
  owner: ownerName,
  /** `hash(root public key)`: a hub that descends from another root is refused before the secret is sent. */
  rootFingerprint: fixed(32),
  tokenId: fixed(16),
  secret: fixed(32),
  /** For people: the hub decides by its own clock. */
  expiresAt: u64,
});
export type JoinToken = Decoded<typeof joinTokenBody>;

export function formatJoinToken(token: JoinToken): string {
  return PREFIX + toBase64Url(encode(joinTokenBody, token));
}

/** @throws ProtocolError `bad_join_token`; the message never repeats the token, which is a secret. */
export function parseJoinToken(text: string): JoinToken {
  const trimmed = text.trim();
  if (!trimmed.startsWith(PREFIX))
    throw new ProtocolError(
      'bad_join_token',
      `a join token starts with '${PREFIX}': copy it whole from the console`,
    );
  const damaged = 'the join token is damaged: copy it whole from the console';
  const body = decodeText(trimmed.slice(PREFIX.length));
  if (body === undefined) throw new ProtocolError('bad_join_token', damaged);
  try {
    return decodeExact(joinTokenBody, body);
  } catch (cause) {
    throw new ProtocolError('bad_join_token', damaged, { cause });
  }
}

function decodeText(text: string): Uint8Array | undefined {
  try {
    return fromBase64Url(text);
  } catch {
    // The cause is left out: it quotes the text, which is a secret.
    return undefined;
  }
}
