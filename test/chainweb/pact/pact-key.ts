import { toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { requestKeyOf, type SignedCommand } from './command.ts';

/** An Ed25519 key that signs commands. */
export interface PactKey {
  /** 64 hex digits. */
  readonly publicKey: string;
  sign(cmd: string): SignedCommand;
}

export function pactKey(seed: Uint8Array): PactKey {
  const key = nodeCrypto.signingKey(seed);
  return {
    publicKey: toHex(key.publicKey),
    sign: (cmd) => {
      const hash = requestKeyOf(cmd);
      return { cmd, hash, sigs: [{ sig: toHex(key.sign(Buffer.from(hash, 'base64url'))) }] };
    },
  };
}
