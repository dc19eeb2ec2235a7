import { createHash } from 'node:crypto';
import ssh2 from 'ssh2';
import type { HostKey } from './ssh-pool.ts';

export interface SshKeyPair {
  /** Text of an OpenSSH private key. */
  readonly privateKey: string;
  /** A line of authorized_keys, its comment at the end. */
  readonly publicLine: string;
}

export function makeKeyPair(comment: string): SshKeyPair {
  const pair = ssh2.utils.generateKeyPairSync('ed25519', { comment });
  return { privateKey: pair.private, publicLine: pair.public };
}

/** From the blob that a host signs the exchange with (RFC 4253 §6.6): its first string is the type. */
export function hostKeyOf(blob: Buffer): HostKey {
  const length = blob.readUInt32BE(0);
  return {
    type: blob.subarray(4, 4 + length).toString('latin1'),
    fingerprint: `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`,
  };
}
