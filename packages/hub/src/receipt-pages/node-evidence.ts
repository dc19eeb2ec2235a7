import { type CryptoSuite, equalBytes, fromHex, type HubChain, toHex } from '@stoa/protocol';
import type { EvidenceFile, EvidenceHour, FormerKey } from '@stoa/protocol/stoicism';
import type { NodeKey } from '#nodes/index.ts';
import type { Clock } from '../clock.ts';
import { hubHourOf } from '../hub-hour.ts';
import type { EvidenceStore, HourSpan } from './evidence-store.ts';
import type { ReceiptSource } from './sources.ts';

export interface NodeEvidenceDeps {
  readonly receipts: Pick<ReceiptSource, 'of' | 'proofOf'>;
  readonly store: Pick<EvidenceStore, 'ownedSince' | 'signed' | 'documents' | 'key' | 'keys'>;
  readonly region: string;
  readonly chain: () => HubChain;
  readonly clock: Pick<Clock, 'now'>;
  readonly crypto: Pick<CryptoSuite, 'hash'>;
}

const HOUR_MS = 3_600_000;

/** What receipts speak of: the score's versions, and documents by their hashes. */
interface Named {
  readonly versions: Set<number>;
  readonly hashes: Set<string>;
}

/** What a hub can show of a node's hours: all but the node's own log, which the node alone has. */
export class NodeEvidence {
  readonly #deps: NodeEvidenceDeps;

  constructor(deps: NodeEvidenceDeps) {
    this.#deps = deps;
  }

  /** From which hour on a node's receipts are for who may see the node now. */
  ownedSince(nodeId: string): Promise<number> {
    return this.#deps.store.ownedSince(nodeId, hubHourOf(this.#deps.clock.now()));
  }

  /**
   * Hours of which nothing is there are left out, and those before the node was its owner's.
   * @param left ends it: whoever asked is gone. @returns undefined then.
   */
  async read(nodeId: string, span: HourSpan, left: AbortSignal): Promise<EvidenceFile | undefined> {
    const { store, region, chain } = this.#deps;
    const from = Math.max(span.from, await this.ownedSince(nodeId));
    const { until } = span;
    const signed = await store.signed(nodeId, { from, until });
    const hours: EvidenceHour[] = [];
    const named: Named = { versions: new Set(), hashes: new Set() };
    // One after the other: each may read a subtree of its pass.
    for (let hubHour = from; hubHour < until; hubHour += 1) {
      if (left.aborted) return undefined;
      const settled = await this.#settled(nodeId, hubHour, named);
      const own = signed.get(hubHour);
      if (settled.length === 0 && own === undefined) continue;
      hours.push({
        ...{ hubHour, receipts: own?.receipts ?? [], settled },
        ...(own?.checkpoint && { checkpoint: own.checkpoint }),
      });
    }
    const [documents, nodeKey, keys] = await Promise.all([
      store.documents(nodeId, [...named.versions]),
      store.key(nodeId),
      store.keys(nodeId),
    ]);
    const credential = keys.find(({ publicKey }) => nodeKey && equalBytes(publicKey, nodeKey))?.credential;
    const formerKeys = keys.flatMap((key) => formerKey(key, { from, until }));
    const isNamed = (document: Uint8Array) => named.hashes.has(toHex(this.#deps.crypto.hash(document)));
    return {
      ...{ region, nodeId: fromHex(nodeId), rootKey: chain().root },
      ...(nodeKey?.length === 32 && { nodeKey }),
      ...(credential && { credential }),
      ...(formerKeys.length > 0 && { formerKeys }),
      ...{ hours, documents: documents.filter(isNamed) },
    };
  }

  /** Proofs of an hour's revisions. */
  async #settled(nodeId: string, hubHour: number, named: Named): Promise<Uint8Array[]> {
    const { receipts } = this.#deps;
    const settled: Uint8Array[] = [];
    for (const { receipt } of await receipts.of(nodeId, hubHour)) {
      const proof = await receipts.proofOf(nodeId, hubHour, receipt.revision);
      if (proof !== undefined) settled.push(proof);
      named.versions.add(receipt.scoreVersion);
      for (const { hash } of receipt.evidence) named.hashes.add(toHex(hash));
    }
    return settled;
  }
}

/** One that was changed for another, where it was good in one of the hours. */
function formerKey({ publicKey, credential, since, until }: NodeKey, hours: HourSpan): FormerKey[] {
  if (until === undefined || until <= hours.from * HOUR_MS || since >= hours.until * HOUR_MS) return [];
  return [{ publicKey, ...(credential && { credential }), since, until }];
}
