import { createHash } from 'node:crypto';
import { fromHex } from '../bytes.ts';

/**
 * Where a node stands in a rollout: [0, 1), even over nodes, known only once the release is signed. By the node's id alone
 * somebody could make keys until one lies in the first ring.
 * @param targetsSha256 `ReleaseTargets.sha256`
 */
export function ringHash(targetsSha256: string, nodeId: Uint8Array): number {
  const digest = createHash('sha256')
    .update('stoa/v1/ring\0')
    .update(fromHex(targetsSha256))
    .update(nodeId)
    .digest();
  return digest.readUIntBE(0, 6) / 2 ** 48;
}
