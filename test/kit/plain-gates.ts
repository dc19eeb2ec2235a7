/** The seven gates of one node said plainly: what the hub's pass over columns must agree with, bit by bit. */
import { UNKNOWN_U32 } from '@stoa/protocol';

export interface PlainNode {
  account: boolean;
  micro: number;
  /** Blocks behind, by chain; null where not verified or not reported. */
  lags: (number | null)[];
  beatAt: number;
  warmMinutes: number;
  freeMb: number;
  committedGb: number;
  driveCommittedGb: number;
  argvFaults: readonly string[];
  chainweb: 'unknown' | 'up' | 'down' | 'stopped';
  servedUntil: number;
}

/** Names of the gates that fail at `end`. */
export function plainReasons(node: PlainNode, end: number, heartbeatMs: number): string[] {
  const failed: string[] = [];
  if (!node.account) failed.push('account');
  if (!(node.micro > 0)) failed.push('benchmark');
  const isNear = node.lags.length === 10 && node.lags.every((lag) => lag !== null && lag <= 3);
  if (!isNear || end - node.beatAt > 2 * heartbeatMs + 20_000) failed.push('tip');
  if (node.warmMinutes < 1_440) failed.push('warm-up');
  const promised = Math.max(node.committedGb, node.driveCommittedGb) * 1e9 * 1.05;
  const isFree = node.freeMb !== UNKNOWN_U32 && node.freeMb * 2 ** 20 >= Math.round(promised);
  if (node.committedGb > 0 && !isFree) failed.push('commitment');
  if (node.argvFaults.length > 0) failed.push('argv');
  if (node.chainweb !== 'up' || node.servedUntil < end) failed.push('serving');
  return failed;
}
