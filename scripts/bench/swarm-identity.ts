import { utf8 } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';

/** Key seed of the swarm's i-th node: parent and hub derive the same. */
export function nodeSeed(index: number): Uint8Array {
  return nodeCrypto.hash(utf8(`stoa bench node ${index}`));
}
