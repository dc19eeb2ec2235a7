import {
  type Decoded,
  equalBytes,
  type HUB_FRAMES,
  open,
  ProtocolError,
  peek,
  type Receipt,
  receiptKind,
  verifyHubChain,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { HOUR_MS } from '#evidence/hub-time.ts';
import type { IdentityStore } from '#identity/identity-store.ts';

export type SealedReceipt = Decoded<(typeof HUB_FRAMES)['receipt']>;

/**
 * A receipt, checked from the pinned root down: the instance that signed it must have been certified in the hour it is
 * about, also where it is long gone.
 * @throws ProtocolError
 */
export function readReceipt(from: SealedReceipt, { identity, nodeId }: IdentityStore): Receipt {
  const { hubHour } = peek(receiptKind, from.sealed);
  const { root } = identity.credential;
  const { instance } = verifyHubChain(
    { root, region: from.region, instance: from.instance },
    {
      rootFingerprint: nodeCrypto.hash(root),
      region: identity.region,
      timeFloor: hubHour * HOUR_MS,
      minInstanceSerial: 0,
    },
    nodeCrypto,
  );
  const receipt = open(receiptKind, from.sealed, nodeCrypto, instance.publicKey);
  if (!equalBytes(receipt.nodeId, nodeId))
    throw new ProtocolError('bad_signature', 'the receipt is for another node');
  return receipt;
}
