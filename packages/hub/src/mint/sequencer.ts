import { MINT_CHAINS, WINDOW } from '@stoa/protocol/mint';
import type { Lease } from '../leases/index.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import type { ContractGuard } from './contract-guard.ts';
import type { Cut } from './cut.ts';
import { dayText, dueEpoch } from './day.ts';
import type { EpochStore } from './epoch-store.ts';
import type { FaultStore } from './fault-store.ts';
import type { GasWatch } from './gas-accounts.ts';
import { Lane, type LaneDeps, type Leader } from './lane.ts';
import type { Reconciliation } from './reconciliation.ts';

export interface SequencerDeps extends LaneDeps {
  readonly lease: Pick<Lease, 'hold' | 'fence' | 'release'>;
  readonly contractGuard: Pick<ContractGuard, 'require'>;
  readonly cut: Cut;
  readonly reconciliation: Pick<Reconciliation, 'requireSettled'>;
  readonly epochs: EpochStore;
  readonly faults: FaultStore;
  readonly gas: Pick<GasWatch, 'look'>;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

/** Who leads may die between two of them; three make its lease. */
export const SEQUENCE_MS = 5_000;
/** Reads every balance: new accounts can wait so long. */
const ALLOT_MS = 10 * 60_000;
/** Between two looks at what pays for gas. */
const GAS_LOOK_MS = 10 * 60_000;

/**
 * The mint, day after day: slots for new accounts, the cut, then ten lanes. Input-less and idempotent, led by one process at a
 * time; whoever leads next goes on from the database. What keeps a part from going on is told where people look, and holds up
 * that part alone.
 */
export class Sequencer implements Task {
  readonly name = 'mint';
  readonly periodMs = SEQUENCE_MS;
  readonly #deps: SequencerDeps;
  readonly #lanes: readonly Lane[];
  #allottedAt = Number.NEGATIVE_INFINITY;
  #gasReadAt = Number.NEGATIVE_INFINITY;
  /** Of the lease under which it led last. */
  #epoch: number | undefined;

  constructor(deps: SequencerDeps) {
    this.#deps = deps;
    this.#lanes = Array.from({ length: MINT_CHAINS }, (_, chain) => new Lane(chain, deps));
  }

  async tick(): Promise<void> {
    const { lease } = this.#deps;
    const epoch = await lease.hold();
    if (epoch === undefined) return;
    if (epoch !== this.#epoch) this.#deps.faults.forget();
    this.#epoch = epoch;
    const leader = { epoch, fence: this.#fence(epoch) };
    let isOurs = false;
    await this.#told('contract', async () => {
      await this.#deps.contractGuard.require(leader.fence, this.#deps.clock.now());
      isOurs = true;
    });
    // A hub with the former setting does nothing, and keeps nobody from it.
    if (!isOurs) return await lease.release();
    await this.#told('slots', () => this.#allot());
    await this.#told('cut', () => this.#cutDue(leader));
    await this.#told('gas', () => this.#watchGas());
    await Promise.all(
      this.#lanes.map((lane, chain) => this.#told(`chain ${chain}`, () => lane.step(leader))),
    );
    await this.#told('cancel', () => this.#cancel(leader));
  }

  release(): Promise<void> {
    return this.#deps.lease.release();
  }

  #fence(epoch: number): Leader['fence'] {
    return async (tx) => {
      if (!(await this.#deps.lease.fence(tx, epoch))) throw new LeadLost();
    };
  }

  async #told(place: string, work: () => Promise<void>): Promise<void> {
    const { faults, clock, log } = this.#deps;
    try {
      await work();
      await faults.clear(place);
    } catch (error) {
      if (error instanceof LeadLost) return;
      if (await faults.tell(place, error, clock.now()))
        log.warn({ place, err: error }, 'the mint does not go on here');
    }
  }

  async #allot(): Promise<void> {
    const { slots, clock, log } = this.#deps;
    const now = clock.now();
    if (now - this.#allottedAt < ALLOT_MS) return;
    const given = await slots.allot(now);
    if (given > 0) log.info({ accounts: given }, 'accounts got their slots');
    this.#allottedAt = now;
  }

  async #watchGas(): Promise<void> {
    const now = this.#deps.clock.now();
    if (now - this.#gasReadAt < GAS_LOOK_MS) return;
    await this.#deps.gas.look();
    this.#gasReadAt = now;
  }

  /** Days that nobody cut are made up for while they can still be opened: one that is not is one that a stolen key could open. */
  async #cutDue({ fence }: Leader): Promise<void> {
    const { epochs, cut, reconciliation, clock, log } = this.#deps;
    const due = dueEpoch(clock.now());
    const [newest] = await epochs.list(1);
    const first = newest === undefined ? due : Math.max(newest.epoch + 1, due - WINDOW);
    if (first <= due && newest?.state === 'settled') await reconciliation.requireSettled(newest.epoch);
    for (let epoch = first; epoch <= due; epoch += 1) {
      const { points, accounts, planHash } = await cut.make(epoch, fence);
      log.info({ epoch, points, accounts, planHash }, 'a day of the mint is cut');
    }
  }

  /** One that waits for the contract's window holds up no other. */
  async #cancel({ fence }: Leader): Promise<void> {
    for (const { epoch, state } of await this.#deps.epochs.open())
      if (state === 'cancelling')
        await this.#told(`cancel ${dayText(epoch)}`, () => this.#deps.cancellation.finish(epoch, fence));
  }
}

/** Another process leads: it goes on. */
class LeadLost extends Error {}
