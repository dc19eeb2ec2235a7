import { fromHex, toHex } from '@stoa/protocol';
import { RefusalError } from '#root/refusal.ts';

/** A node of this host, as it was when somebody with root's rights joined it. */
export interface PinnedNode {
  /** Hex. */
  readonly nodeId: string;
  readonly ownerKey: Uint8Array | undefined;
  /** Of its chainweb-node's service API: tells one node of a host from another. */
  readonly servicePort: string;
  readonly p2pPort: string;
  /** Name of the agent's instance: which local policy counts for it. */
  readonly instance: string;
}

/**
 * Whose jobs the privileged unit takes, in a file of root's that the agent's user can't change:
 *
 *     root 3f…64 hex digits              (fingerprint of the root key, from the join token)
 *     region eu
 *     node 91…64 hex digits 5c…|- 1848 1789 default   (id, the owner's key or -, ports of its chainweb-node, instance)
 */
export interface Trust {
  readonly rootFingerprint: Uint8Array;
  readonly region: string;
  readonly nodes: readonly PinnedNode[];
}

const LINE = {
  root: /^root ([0-9a-f]{64})$/,
  region: /^region ([a-z0-9][a-z0-9-]{0,31})$/,
  node: /^node ([0-9a-f]{64}) ([0-9a-f]{64}|-) (\d{1,5}) (\d{1,5}) ([a-z0-9][a-z0-9-]{0,31})$/,
};

/** @throws RefusalError `root_not_pinned` for anything but what `formatTrust` writes. */
export function parseTrust(text: string): Trust {
  let root: string | undefined;
  let region: string | undefined;
  const nodes: PinnedNode[] = [];
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const node = LINE.node.exec(line);
    if (node) {
      const [, nodeId = '', key = '', servicePort = '', p2pPort = '', instance = ''] = node;
      nodes.push({
        nodeId,
        ownerKey: key === '-' ? undefined : fromHex(key),
        servicePort,
        p2pPort,
        instance,
      });
      continue;
    }
    const [rootLine, regionLine] = [LINE.root.exec(line)?.[1], LINE.region.exec(line)?.[1]];
    if (rootLine === undefined && regionLine === undefined)
      throw notPinned(`its line '${line}' is none of its form`);
    root ??= rootLine;
    region ??= regionLine;
  }
  if (root === undefined || region === undefined) throw notPinned('it names no root or no region');
  return { rootFingerprint: fromHex(root), region, nodes };
}

export function formatTrust({ rootFingerprint, region, nodes }: Trust): string {
  const lines = nodes.map(
    ({ nodeId, ownerKey, servicePort, p2pPort, instance }) =>
      `node ${nodeId} ${ownerKey === undefined ? '-' : toHex(ownerKey)} ${servicePort} ${p2pPort} ${instance}\n`,
  );
  return `root ${toHex(rootFingerprint)}\nregion ${region}\n${lines.join('')}`;
}

function notPinned(why: string): RefusalError {
  return new RefusalError(
    'root_not_pinned',
    `whom the privileged unit obeys can't be read: ${why}; run install.sh again, or stoa-agent-root pin`,
  );
}
