import {
  decode,
  type InstanceCert,
  ProtocolError,
  peek,
  peekInstanceCert,
  provenReceipt,
  type RegionCert,
  regionCertKind,
  toHex,
} from '@stoa/protocol';
import { portableCrypto } from '@stoa/protocol/portable';
import type { EvidenceFile, EvidenceParties, FormerKey } from '@stoa/protocol/stoicism';
import { element } from './element.ts';

export interface RootWords {
  /** Fingerprint that this hub names, hex. */
  readonly named: string;
  /** The reader typed it. */
  readonly typed: boolean;
}

interface Row {
  readonly name: string;
  /** Hex. */
  readonly key: string;
  readonly text: string;
}

/** Which keys all of it goes back to, from the root down, and from where this page has them. */
export function keysView(file: EvidenceFile, parties: EvidenceParties, words: RootWords): HTMLElement {
  const { nodeKey, formerKeys } = parties;
  const former = nodeKey === undefined ? [] : formerKeys.map(formerRow);
  const rows = [rootRow(file, words), ...signerRows(file), nodeRow(file, nodeKey), ...former];
  return element(
    'section',
    { class: 'panel', 'aria-labelledby': 'keys-verified' },
    element('header', {}, element('h2', { id: 'keys-verified' }, 'Whose keys these are')),
    element(
      'dl',
      { class: 'facts' },
      ...rows.flatMap(({ name, key, text }) => [
        element('dt', {}, name),
        element('dd', {}, element('code', {}, key), element('p', { class: 'sub' }, text)),
      ]),
    ),
  );
}

function rootRow({ rootKey }: EvidenceFile, { named, typed }: RootWords): Row {
  const key = toHex(portableCrypto.hash(rootKey));
  const compared = key === named ? 'This hub names the same.' : `This hub names another: ${named}.`;
  const text = typed
    ? `Its fingerprint, which you typed. ${compared}`
    : 'Its fingerprint: the file and this hub name the same. Compare it with what the node printed when it joined.';
  return { name: 'Root', key, text };
}

function nodeRow({ nodeId, credential }: EvidenceFile, nodeKey: Uint8Array | undefined): Row {
  if (nodeKey === undefined)
    return {
      ...{ name: 'Node', key: toHex(nodeId) },
      text: 'Its id. The file does not prove its key: what the node signed is read and not verified.',
    };
  const by = credential === undefined ? 'its id is the hash of it' : 'the region certified it';
  return { name: 'Node', key: toHex(nodeKey), text: `Node ${toHex(nodeId)} signs its checkpoints: ${by}.` };
}

function formerRow({ publicKey, credential, since, until }: FormerKey): Row {
  const by = credential === undefined ? 'the node’s id is the hash of it' : 'the region certified it';
  const text = `The node signed with it from ${day(since)}, and it was good until ${day(until)}: ${by}.`;
  return { name: 'Node, before', key: toHex(publicKey), text };
}

/** As the receipts name them; each certificate is verified with what it stands beside. */
function signerRows({ hours }: EvidenceFile): Row[] {
  const regions = new Map<string, RegionCert>();
  const instances = new Map<string, InstanceCert>();
  for (const payload of hours.flatMap(({ settled }) => settled)) {
    const certs = certificates(payload);
    if (certs === undefined) continue;
    regions.set(toHex(certs.region.publicKey), certs.region);
    instances.set(toHex(certs.instance.publicKey), certs.instance);
  }
  return [
    ...[...regions].map(([key, { region, serial }]) => ({
      ...{ name: `Region ${region}`, key },
      text: `It certifies the hub’s instances: certificate ${serial}, signed by the root.`,
    })),
    ...[...instances].map(([key, { instance, serial, notAfter }]) => ({
      ...{ name: `Instance ${instance}`, key },
      text: `It signs roots and answers checkpoints: certificate ${serial} of the region, until ${day(notAfter)}.`,
    })),
  ];
}

/** Undefined for what is no receipt: the findings name it. */
function certificates(payload: Uint8Array): { region: RegionCert; instance: InstanceCert } | undefined {
  try {
    const { region, instance } = decode(provenReceipt, payload);
    return { region: peek(regionCertKind, region), instance: peekInstanceCert(instance) };
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
