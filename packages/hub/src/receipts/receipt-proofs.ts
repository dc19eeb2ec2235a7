import { decode, type ProvenReceipt, type Signatures, settledReceipt } from '@stoa/protocol';
import { TreeCache } from '../tree-cache.ts';
import type { PassKey, ReceiptStore } from './receipt-store.ts';
import { LowerTree, type ReceiptKey, UpperTree } from './receipt-tree.ts';
import type { RootedReceipt, RootStore } from './root-store.ts';

/** Subtrees above which the paths are held: of a hundred passes of a large region. */
const MAX_SUBTREES = 100_000;
/** Receipts of which paths are held: the newest hour of a large region, and as many of older ones. */
const MAX_RECEIPTS = 500_000;

/** Records of gaps that hubs signed. */
export interface GapSource {
  /** Those of an hour that have one of these hashes. */
  named(hubHour: number, hashes: readonly Uint8Array[]): Promise<Uint8Array[]>;
}

/**
 * Paths from receipts to the roots that stand for them. What lies above the subtrees was kept when the pass was sealed, so a
 * path costs the bodies of one subtree at most, however large the pass was and whoever asks.
 */
export class ReceiptProofs {
  readonly #store: Pick<ReceiptStore, 'subtree'>;
  readonly #roots: Pick<RootStore, 'top'>;
  readonly #gaps: GapSource;
  readonly #hash: Signatures['hash'];
  readonly #upper = new TreeCache<{ readonly tree: UpperTree }>(MAX_SUBTREES);
  readonly #lower = new TreeCache<{ readonly tree: LowerTree }>(MAX_RECEIPTS);

  constructor(by: {
    store: Pick<ReceiptStore, 'subtree'>;
    roots: Pick<RootStore, 'top'>;
    gaps: GapSource;
    crypto: Pick<Signatures, 'hash'>;
  }) {
    this.#store = by.store;
    this.#roots = by.roots;
    this.#gaps = by.gaps;
    this.#hash = by.crypto.hash;
  }

  /** Undefined where its bodies are being forgotten. */
  async prove(nodeId: string, receipt: RootedReceipt): Promise<ProvenReceipt | undefined> {
    const { body, sealed: root, region, instance, revision } = receipt;
    const path = await this.#path(receipt, { nodeId, revision });
    return path && { body, path, root, region, instance, documents: await this.#documents(body) };
  }

  /** Few hours have any. */
  async #documents(body: Uint8Array): Promise<Uint8Array[] | undefined> {
    const { hubHour, evidence } = decode(settledReceipt, body);
    const named = evidence.filter(({ kind }) => kind === 'gap').map(({ hash }) => hash);
    return named.length === 0 ? undefined : this.#gaps.named(hubHour, named);
  }

  async #path({ hubHour, pass }: PassKey, receipt: ReceiptKey) {
    const name = `${hubHour} ${pass}`;
    const upper = await this.#upper.of(name, async () => {
      const top = await this.#roots.top({ hubHour, pass });
      return top && { tree: await UpperTree.of(top, this.#hash) };
    });
    const place = upper?.tree.placeOf(receipt) ?? -1;
    if (upper === undefined || place < 0) return undefined;
    const lower = await this.#lower.of(`${name} ${place}`, async () => {
      const rows = await this.#store.subtree({ hubHour, pass }, upper.tree.first(place));
      return rows.length === 0 ? undefined : { tree: await LowerTree.of(rows, this.#hash) };
    });
    const below = lower?.tree.proof(receipt);
    return below && [...below, ...upper.tree.proof(place)];
  }
}
