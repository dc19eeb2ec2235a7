import { type CryptoSuite, type HubParty, peekInstanceCert, receiptRootKind, seal } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import type { Pass, ReceiptStore } from './receipt-store.ts';
import { buildTree } from './receipt-tree.ts';
import type { RootStore } from './root-store.ts';

export interface SealerDeps {
  readonly roots: RootStore;
  readonly store: Pick<ReceiptStore, 'leaves'>;
  readonly region: string;
  readonly party: () => HubParty;
  readonly clock: Pick<Clock, 'now'>;
  readonly crypto: Pick<CryptoSuite, 'hash'>;
  readonly log: Pick<Log, 'info' | 'error'>;
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

  /** One that can't be sealed keeps none of the others from it. */
  async tick(stop?: AbortSignal): Promise<void> {
    const { roots, log } = this.#deps;
    for (const pass of await roots.unsealed()) {
      if (stop?.aborted || !this.#isCertified()) return;
      await this.#seal(pass).catch((err: unknown) =>
        log.error({ ...pass, err }, 'receipts of an hour could not be sealed: tried again in a minute'),
      );
    }
  }

  /** The signer may be away for longer than a certificate lasts (F17): nobody could open what is signed then. */
  #isCertified(): boolean {
    const { party, clock } = this.#deps;
    return peekInstanceCert(party().chain.instance).notAfter > clock.now();
  }

  async #seal(pass: Pass): Promise<void> {
    const { roots, store, region, party, clock, crypto, log } = this.#deps;
    const { count, root, top } = await buildTree(store.leaves(pass), crypto.hash);
    const put = await roots.put(
      pass,
      ({ number, last }) => {
        const { key: signing, chain } = party();
        const previous = last === undefined ? FIRST : crypto.hash(last);
        const body = { ...pass, region, number, previous, count, root };
        const sealed = seal(receiptRootKind, body, signing);
        return { ...pass, number, count, sealed, region: chain.region, instance: chain.instance, top };
      },
      new Date(clock.now()),
    );
    if (put !== undefined)
      log.info({ ...pass, number: put.number, receipts: count }, 'receipts of an hour are sealed');
  }
}
