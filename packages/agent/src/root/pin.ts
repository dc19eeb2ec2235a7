import { join } from 'node:path';
import { fromHex, toHex } from '@stoa/protocol';
import type { Disk } from '#disk.ts';
import { certOf, identityKind } from '#identity/identity.ts';
import { readOwnerKeyPin } from '#identity/owner-key-pin.ts';
import { readRecord } from '#record-line.ts';
import { RefusalError } from '#root/refusal.ts';
import { formatTrust, type PinnedNode } from '#root/trust.ts';

export interface PinRequest {
  /** Hex, as the join token had it. */
  readonly rootFingerprint: string;
  readonly region: string;
  /** Of the agent. */
  readonly dataDir: string;
  readonly chainwebUrl: string;
  readonly chainwebP2pUrl: string;
}

/**
 * Writes down whom the privileged unit obeys, from what the installation has just proven. Run by root, once, and again
 * by a person after a node or its owner's key was changed.
 */
export async function pinTrust(disk: Disk, config: string, request: PinRequest): Promise<string> {
  const identities = join(request.dataDir, 'identities');
  const nodes: PinnedNode[] = [];
  for (const instance of await disk.list(identities)) {
    const directory = join(identities, instance);
    const identity = await readRecord(disk, join(directory, 'identity'), identityKind);
    if (identity === undefined) continue;
    const pin = await readOwnerKeyPin(disk, directory);
    nodes.push({
      nodeId: toHex(certOf(identity).nodeId),
      ownerKey: pin?.key,
      servicePort: portOf(request.chainwebUrl),
      p2pPort: portOf(request.chainwebP2pUrl),
      instance,
      ...(pin && /^\S+$/.test(identity.owner) && { owner: { serial: pin.serial, name: identity.owner } }),
    });
  }
  if (nodes.length === 0)
    throw new RefusalError(
      'root_not_pinned',
      `no node has joined below ${identities}: run stoa-agent enroll first`,
    );
  const text = formatTrust({
    rootFingerprint: fromHex(request.rootFingerprint),
    region: request.region,
    nodes,
  });
  await disk.writeAtomic(join(config, 'trust'), text, 0o644);
  return text;
}

function portOf(url: string): string {
  const { port, protocol } = new URL(url);
  return port || (protocol === 'https:' ? '443' : '80');
}
