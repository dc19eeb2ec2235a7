import { type CryptoSuite, fromHex, type HubChain, toHex } from '@stoa/protocol';
import type { EvidenceFile, EvidenceHour } from '@stoa/protocol/stoicism';
import type { EvidenceStore, HourSpan } from './evidence-store.ts';
import type { ReceiptSource } from './sources.ts';

export interface NodeEvidenceDeps {
  readonly receipts: Pick<ReceiptSource, 'of' | 'proofOf'>;
  readonly store: EvidenceStore;
  readonly region: string;
  readonly chain: () => HubChain;
  readonly crypto: Pick<CryptoSuite, 'hash'>;
}

/** What a hub can show of a node's hours: all but the node's own log, which the node alone has. */
export class NodeEvidence {
  readonly #deps: NodeEvidenceDeps;

  constructor(deps: NodeEvidenceDeps) {
    this.#deps = deps;
  }

  /** Hours of which nothing is there are left out. */
  async read(nodeId: string, { from, until }: HourSpan): Promise<EvidenceFile> {
    const { store, receipts, region, chain } = this.#deps;
    const signed = await store.signed(nodeId, { from, until });
    const hours: EvidenceHour[] = [];
    const named = { versions: new Set<number>(), hashes: new Set<string>() };
    // One after the other: each may need a tree of 200,000 leaves.
    for (let hubHour = from; hubHour < until; hubHour += 1) {
      const settled: Uint8Array[] = [];
      for (const { receipt } of await receipts.of(nodeId, hubHour)) {
        const proof = await receipts.proofOf(nodeId, hubHour, receipt.revision);
        if (proof !== undefined) settled.push(proof);
        named.versions.add(receipt.scoreVersion);
        for (const { hash } of receipt.evidence) named.hashes.add(toHex(hash));
      }
      const own = signed.get(hubHour);
      if (settled.length === 0 && own === undefined) continue;
      hours.push({
        ...{ hubHour, receipts: own?.receipts ?? [], settled },
        ...(own?.checkpoint && { checkpoint: own.checkpoint }),
      });
    }
    const [documents, nodeKey] = await Promise.all([
      store.documents(nodeId, [...named.versions]),
      store.key(nodeId),
    ]);
    const isNamed = (document: Uint8Array) => named.hashes.has(toHex(this.#deps.crypto.hash(document)));
    return {
      ...{ region, nodeId: fromHex(nodeId), rootKey: chain().root },
      ...(nodeKey?.length === 32 && { nodeKey }),
      ...{ hours, documents: documents.filter(isNamed) },
    };
  }
}
