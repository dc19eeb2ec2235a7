import { concat, equalBytes, fromHex, utf8 } from '../bytes.ts';
import type { CryptoSuite, Random } from '../crypto/suite.ts';

const LENGTH = 16;
/** So much of it is chance; the rest says who opened it. */
const CHANCE = 12;

type Hash = CryptoSuite['hash'];

/**
 * A session's id names the instance that opened it: nodes sign ids in their checkpoints, and all instances of a region see them
 * in its database. So of two that wrote under one id it is told which copied it.
 */
export function sessionIdOf(instanceId: string, random: Random, hash: Hash): Uint8Array {
  const chance = random(LENGTH).subarray(0, CHANCE);
  return concat(chance, openerOf(chance, instanceId, hash));
}

/** @param sessionId hex. One by chance in four billion is somebody else's; ids of hubs of before name nobody. */
export function isOpenedBy(sessionId: string, instanceId: string, hash: Hash): boolean {
  // Whoever writes to the database may have written anything.
  if (!/^[0-9a-f]{32}$/.test(sessionId)) return false;
  const id = fromHex(sessionId);
  return equalBytes(id.subarray(CHANCE), openerOf(id.subarray(0, CHANCE), instanceId, hash));
}

function openerOf(chance: Uint8Array, instanceId: string, hash: Hash): Uint8Array {
  return hash(concat(chance, utf8(instanceId))).subarray(0, LENGTH - CHANCE);
}
