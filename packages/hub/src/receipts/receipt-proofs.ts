import { fromHex, type ProvenReceipt, type Signatures } from '@stoa/protocol';
import { TreeCache } from '../tree-cache.ts';
import type { PassKey, ReceiptStore } from './receipt-store.ts';
import { ReceiptTree } from './receipt-tree.ts';
import type { RootedReceipt } from './root-store.ts';

/** Paths from receipts to the roots that stand for them, from the trees that are asked of now. */
export class ReceiptProofs {
  readonly #store: Pick<ReceiptStore, 'leaves'>;
  readonly #hash: Signatures['hash'];
  readonly #trees = new TreeCache<{ readonly tree: ReceiptTree }>();
  /** One tree is built at a time, however many old ones are asked for. */
  #building: Promise<unknown> = Promise.resolve();

  constructor(by: { store: Pick<ReceiptStore, 'leaves'>; crypto: Pick<Signatures, 'hash'> }) {
    this.#store = by.store;
    this.#hash = by.crypto.hash;
  }

  /** Of a pass that is over and whose bodies are still kept. */
  async tree(pass: PassKey): Promise<ReceiptTree> {
    const held = await this.#trees.of(`${pass.hubHour} ${pass.pass}`, async () => ({
      tree: await this.#build(pass),
    }));
    return held!.tree;
  }

  /** Undefined where the tree does not have it any more: it is being forgotten. */
  async prove(nodeId: string, receipt: RootedReceipt): Promise<ProvenReceipt | undefined> {
    const tree = await this.tree(receipt);
    const path = tree.proof(fromHex(nodeId), receipt.revision);
    const { body, sealed: root, region, instance } = receipt;
    return path && { body, path, root, region, instance };
  }

  #build(pass: PassKey): Promise<ReceiptTree> {
    const built = this.#building.then(() => ReceiptTree.of(this.#store.leaves(pass), this.#hash));
    // Told where it is waited for.
    this.#building = built.catch(() => undefined);
    return built;
  }
}
