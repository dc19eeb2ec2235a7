import { type CryptoSuite, type HubParty, receiptRootKind, seal } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import type { ReceiptProofs } from './receipt-proofs.ts';
import type { PassKey } from './receipt-store.ts';
import type { RootStore } from './root-store.ts';

export interface SealerDeps {
  readonly roots: RootStore;
  readonly proofs: ReceiptProofs;
  readonly region: string;
  readonly party: () => HubParty;
  readonly clock: Pick<Clock, 'now'>;
  readonly crypto: Pick<CryptoSuite, 'hash'>;
  readonly log: Pick<Log, 'info'>;
}

const FIRST = new Uint8Array(32);

/**
 * Signs a root over the receipts of each pass that is over. A pass has one root, whoever seals it and however often somebody
 * begins; and each root names the one before it.
 */
export class ReceiptSealer implements Task {
  readonly name = 'receipt-sealer';
  readonly periodMs = 60_000;
  readonly #deps: SealerDeps;

  constructor(deps: SealerDeps) {
    this.#deps = deps;
  }

  async tick(stop?: AbortSignal): Promise<void> {
    for (const pass of await this.#deps.roots.unsealed()) {
      if (stop?.aborted) return;
      await this.#seal(pass);
    }
  }

  async #seal(key: PassKey): Promise<void> {
    const { roots, proofs, region, party, clock, crypto, log } = this.#deps;
    const tree = await proofs.tree(key);
    const root = await roots.put(
      key,
      (last) => {
        const { key: signing, chain } = party();
        const number = (last?.number ?? 0) + 1;
        const previous = last === undefined ? FIRST : crypto.hash(last.sealed);
        const body = { ...key, region, number, previous, count: tree.size, root: tree.root };
        const sealed = seal(receiptRootKind, body, signing);
        return { ...key, number, count: tree.size, sealed, region: chain.region, instance: chain.instance };
      },
      new Date(clock.now()),
    );
    if (root !== undefined)
      log.info({ ...key, number: root.number, receipts: root.count }, 'receipts of an hour are sealed');
  }
}
