import type { MintAct } from '@stoa/protocol/mint';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { clearsChain, type Move, observed, retried } from './batch-state.ts';
import type { Attempt, Batch, BatchStore, Signed } from './batch-store.ts';
import type { Cancellation } from './cancellation.ts';
import type { ChainNode } from './chain-node.ts';
import type { ChainView, SeenView } from './chain-view.ts';
import type { CheckedPlans } from './checked-plans.ts';
import { presentContract } from './contract-name.ts';
import type { Fence } from './cut.ts';
import { MintFault } from './error.ts';
import { inTime } from './in-time.ts';
import type { Redemption } from './redemption.ts';
import type { Signing } from './signing.ts';
import type { SlotStore } from './slots.ts';
import { Spaced } from './spaced.ts';

export interface LaneDeps {
  readonly sql: Sql;
  readonly batches: BatchStore;
  readonly slots: SlotStore;
  readonly plans: CheckedPlans;
  readonly redemption: Redemption;
  readonly cancellation: Cancellation;
  readonly signing: Signing;
  readonly view: ChainView;
  readonly nodes: readonly ChainNode[];
  readonly clock: Pick<Clock, 'now'> & Partial<Pick<Clock, 'after'>>;
}

/** Under which lease writes are made. */
export interface Leader {
  readonly epoch: number;
  readonly fence: Fence;
}

/**
 * A block. A lost answer says nothing, and a pool may be lost: the same bytes again, as often as pools ask each other. What can't be
 * signed is held against the chain anew then, and not at each tick: that takes 225 KB for each node.
 */
const AGAIN_MS = 30_000;
/** Those that are later may take it as well. */
const SENT_TO = 2;
/** Two blocks. */
const FINAL_LOOK_MS = 60_000;

/**
 * One chain's transactions, in their order: enrolments, openings, batches, closings. One of them is under way until it is in a
 * block, and what rests on another waits until that is final. Every write names the state that it leaves, and every act comes
 * after the write that announces it: two who drive a lane at once, or one that is killed and begins again, do nothing twice.
 */
export class Lane {
  readonly #deps: LaneDeps;
  readonly #chain: number;
  readonly #signed: Spaced<Signed>;
  readonly #sent: Spaced<void>;
  readonly #looked = new Map<string, number>();

  constructor(chain: number, deps: LaneDeps) {
    this.#chain = chain;
    this.#deps = deps;
    this.#signed = new Spaced(deps.clock, AGAIN_MS);
    this.#sent = new Spaced(deps.clock, AGAIN_MS);
  }

  async step(leader: Leader): Promise<void> {
    const { batches, cancellation } = this.#deps;
    await this.#enrol(leader);
    await this.#lookAtAll(leader);
    const cancelled = await cancellation.close(this.#chain, leader.fence);
    const open = (await batches.open(this.#chain)).filter(
      (batch) => !(cancelled.has(batch.epoch) && isGivenUp(batch)),
    );
    for (const [i, batch] of open.entries()) {
      const now = await this.#go(batch, leader);
      const next = open[i + 1];
      if (next !== undefined && !lets(now, next)) return;
    }
  }

  /** The next accounts get their enrolment once the last one is on its way no more. */
  async #enrol({ fence }: Leader): Promise<void> {
    const { sql, batches, slots, clock } = this.#deps;
    await sql.begin(async (tx) => {
      await fence(tx);
      const [waiting] = await tx`select 1 from mint_batches
        where contract = ${presentContract(tx)} and kind = 'enrol' and chain = ${this.#chain}
           and state not in ('final', 'settled') limit 1`;
      const next = waiting === undefined ? await slots.unenrolled(tx, this.#chain) : undefined;
      if (next !== undefined) await batches.enrol(tx, next, clock.now());
    });
  }

  /** One that can't be read leaves the others known. @throws what kept the first of those: nothing is sent then */
  async #lookAtAll(leader: Leader): Promise<void> {
    const faults: unknown[] = [];
    for (const batch of await this.#deps.batches.open(this.#chain))
      await this.#look(batch, leader).catch((fault: unknown) => faults.push(fault));
    if (faults.length > 0) throw faults[0];
  }

  async #look(batch: Batch, leader: Leader): Promise<void> {
    const { batches, view } = this.#deps;
    const attempts = await batches.attempts(batch);
    if (attempts.length === 0 || batch.state === 'stopped' || !this.#isDue(batch)) return;
    const seen = await view.of(batch, attempts);
    if (seen === undefined) return;
    const expiresAt = Math.max(...attempts.map((one) => one.expiresAt));
    const to = observed(batch, seen, { expiresAt });
    if (to.state !== batch.state || to.attempt !== batch.attempt)
      await this.#move(batch, { to, seen: seen.seen }, leader);
  }

  /** What is final only gets older: it is looked at now and then. */
  #isDue({ kind, epoch, part, state }: Batch): boolean {
    if (state !== 'final') return true;
    const [name, now] = [`${kind} ${epoch} ${part}`, this.#deps.clock.now()];
    if (now - (this.#looked.get(name) ?? 0) < FINAL_LOOK_MS) return false;
    this.#looked.set(name, now);
    return true;
  }

  async #move(
    batch: Batch,
    { to, seen }: { to: Move; seen?: SeenView['seen'] },
    { fence }: Leader,
  ): Promise<boolean> {
    const { sql, batches, redemption, clock } = this.#deps;
    if (to.state === 'settled' && batch.kind !== 'enrol')
      return await redemption.settle(batch, { seen: seen ?? batch.seen, fence });
    return await sql.begin(async (tx) => {
      await fence(tx);
      const moved = await batches.move(tx, batch, {
        to,
        now: clock.now(),
        seen: seen ?? (keepsBlock(to) ? batch.seen : undefined),
      });
      if (moved && batch.kind === 'enrol') await this.#seat(tx, batch, to);
      return moved;
    });
  }

  /** Accounts are minted to while their enrolment is final, and not while a reorganisation has it. */
  async #seat(tx: TransactionSql, { contract, chain, part, size }: Batch, { state }: Move): Promise<void> {
    const standing =
      state === 'final' || state === 'settled' ? 'final' : state === 'mined' ? 'enrolled' : 'allotted';
    await this.#deps.slots.mark(tx, { contract, chain, first: part, size }, standing);
  }

  /** As far as it goes without the chain. @returns where it stands then. */
  async #go(batch: Batch, leader: Leader): Promise<Batch> {
    let at = batch;
    if (at.state === 'absent') at = await this.#to(at, retried(at), leader);
    if (at.state === 'planned') at = await this.#sign(at, leader);
    if (at.state === 'signed') await this.#requireGas(at);
    if (at.state === 'signed') at = await this.#to(at, { state: 'sent', attempt: at.attempt }, leader);
    if (at.state === 'sent') await this.#send(at);
    return at;
  }

  async #to(batch: Batch, to: Move, leader: Leader): Promise<Batch> {
    const moved = await this.#move(batch, { to }, leader);
    return moved ? { ...batch, state: to.state, attempt: to.attempt } : batch;
  }

  async #sign(batch: Batch, leader: Leader): Promise<Batch> {
    const { sql, batches, signing, clock } = this.#deps;
    const { kind, epoch, part, attempt } = batch;
    const signed = await this.#signed.do(`${kind} ${epoch} ${part} ${attempt} ${leader.epoch}`, async () =>
      signing.sign(batch, { act: await this.#act(batch), leaseEpoch: leader.epoch }),
    );
    return await sql.begin(async (tx) => {
      await leader.fence(tx);
      await batches.keep(tx, batch, signed, clock.now());
      const to = { state: 'signed', attempt: batch.attempt } as const;
      const { preflightGas } = signed;
      return (await batches.move(tx, batch, { to, now: clock.now() }))
        ? { ...batch, ...to, preflightGas }
        : batch;
    });
  }

  async #act({ contract, kind, epoch, chain, part, size, digest }: Batch): Promise<MintAct> {
    const { plans, slots } = this.#deps;
    if (kind === 'enrol') {
      const accounts = await slots.names({ contract, chain, first: part, size });
      return { kind, first: part, accounts, digest };
    }
    const plan = await plans.get(epoch);
    const { cap, bounds, digest: opening, batches } = plan.chains[chain]!;
    if (kind === 'open') return { kind, epoch, cap, bounds, digest: opening };
    if (kind === 'close') return { kind, epoch, total: size };
    const planned = batches[part];
    if (planned === undefined || planned.digest !== digest)
      throw new MintFault(
        'plan_changed',
        `batch ${part} of chain ${chain} is not in the plan of its day any more`,
      );
    return { kind, epoch, batch: part, deltas: planned.deltas, sum: planned.sum, digest };
  }

  /**
   * A signer that signed the attempt before gives the bytes of then, also where nodes ask for more gas since: those would burn
   * their limit. They die unsent, and the next attempt is signed with more.
   */
  async #requireGas(batch: Batch): Promise<void> {
    const { gasLimit } = (await this.#deps.batches.attempts(batch)).at(-1)!;
    const { preflightGas = 0 } = batch;
    if (preflightGas <= gasLimit) return;
    throw new MintFault(
      'would_fail',
      `chain ${batch.chain}: ${batch.kind} ${batch.part} was signed with a limit of ${gasLimit} gas, nodes say that it takes ${preflightGas}: it is not sent, the next attempt has more`,
    );
  }

  /** To all nodes at once: pools tell each other only now and then. That some are not there is no matter, they are asked again. */
  async #send(batch: Batch): Promise<void> {
    const attempt = (await this.#deps.batches.attempts(batch)).at(-1)!;
    await this.#sent.do(attempt.command.hash, () => this.#tell(batch, attempt));
  }

  async #tell(batch: Batch, { attempt, command }: Attempt): Promise<void> {
    const { batches, nodes, clock } = this.#deps;
    await batches.told(batch, attempt, clock.now());
    const asked = await inTime(
      nodes.map((node) => node.send(batch.chain, command)),
      { needed: SENT_TO, after: clock.after?.bind(clock) },
    );
    if (asked.some((one) => one?.status === 'fulfilled')) return;
    const why = asked.map(
      (one, i) => `${nodes[i]!.name}: ${one?.status === 'rejected' ? String(one.reason).slice(0, 200) : ''}`,
    );
    throw new MintFault(
      'not_taken',
      `chain ${batch.chain}: no node takes ${batch.kind} ${batch.part}. ${why.join('; ')}`,
    );
  }
}

/** Of a day that is: nothing more of it is sent, what was sent comes to its end. */
function isGivenUp({ kind, state }: Batch): boolean {
  return (
    kind !== 'close' &&
    (state === 'planned' || state === 'signed' || state === 'absent' || state === 'stopped')
  );
}

function keepsBlock({ state }: Move): boolean {
  return state === 'final' || state === 'settled' || state === 'stopped';
}

/** Batches of a day commute. All else rests on what is before it, which must not go away again. */
function lets(before: Batch, next: Batch): boolean {
  if (before.kind === 'mint' && next.kind === 'mint' && before.epoch === next.epoch)
    return clearsChain(before);
  return before.state === 'final' || before.state === 'settled';
}
