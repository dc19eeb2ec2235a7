import { fromHex, toHex } from '@stoa/protocol';
import { RefusalError } from '#root/refusal.ts';

/** A node of this host, as it was when somebody with root's rights joined it. */
export interface PinnedNode {
  /** Hex. */
  readonly nodeId: string;
  readonly ownerKey: Uint8Array | undefined;
  /** Whose key that is, and which of theirs: without it the unit follows no change of it. */
  readonly owner?: { readonly serial: number; readonly name: string };
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
 *     owner 91…64 hex digits 1 owner@example.org      (node, the number of its owner's key among theirs, the owner)
 *
 * Nodes that an older agent pinned have no line of their owner.
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
  owner: /^owner ([0-9a-f]{64}) (\d{1,9}) (\S{1,254})$/,
};

/** @throws RefusalError `root_not_pinned` for anything but what `formatTrust` writes. */
export function parseTrust(text: string): Trust {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const stray = lines.find((line) => !Object.values(LINE).some((form) => form.test(line)));
  if (stray !== undefined) throw notPinned(`its line '${stray}' is none of its form`);
  const found = (form: RegExp): string[][] =>
    lines.flatMap((line) => {
      const words = form.exec(line)?.slice(1);
      return words === undefined ? [] : [words];
    });
  const root = found(LINE.root)[0]?.[0];
  const region = found(LINE.region)[0]?.[0];
  if (root === undefined || region === undefined) throw notPinned('it names no root or no region');
  const owners = new Map(
    found(LINE.owner).map(([nodeId, serial, name = '']) => [nodeId, { serial: Number(serial), name }]),
  );
  const nodes = found(LINE.node).map((words): PinnedNode => {
    const [nodeId = '', key = '', servicePort = '', p2pPort = '', instance = ''] = words;
    const owner = owners.get(nodeId);
    const ownerKey = key === '-' ? undefined : fromHex(key);
    return { nodeId, ownerKey, servicePort, p2pPort, instance, ...(owner && { owner }) };
  });
  return { rootFingerprint: fromHex(root), region, nodes };
}

export function formatTrust({ rootFingerprint, region, nodes }: Trust): string {
  return `root ${toHex(rootFingerprint)}\nregion ${region}\n${nodes.map(linesOf).join('')}`;
}

function linesOf({ nodeId, ownerKey, servicePort, p2pPort, instance, owner }: PinnedNode): string {
  const key = ownerKey === undefined ? '-' : toHex(ownerKey);
  const node = `node ${nodeId} ${key} ${servicePort} ${p2pPort} ${instance}\n`;
  return owner === undefined ? node : `${node}owner ${nodeId} ${owner.serial} ${owner.name}\n`;
}

function notPinned(why: string): RefusalError {
  return new RefusalError(
    'root_not_pinned',
    `whom the privileged unit obeys can't be read: ${why}; run install.sh again, or stoa-agent-root pin`,
  );
}
