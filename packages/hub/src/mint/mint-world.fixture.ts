import { createHash } from 'node:crypto';
import { nodeCrypto } from '@stoa/protocol/node';
import { POINT } from '@stoa/protocol/stoicism';
import { type AccountId, createLedgerTools, type LedgerBook, NO_BASIS } from '#ledger/index.ts';
import { accountIdOf } from '#payouts/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { BatchStore } from './batch-store.ts';
import { Cancellation } from './cancellation.ts';
import type { ChainNode } from './chain-node.ts';
import { ChainView } from './chain-view.ts';
import { Cut } from './cut.ts';
import { EpochStore } from './epoch-store.ts';
import { Intervention } from './intervention.ts';
import { Redemption } from './redemption.ts';
import type { EpochState } from './register-reads.ts';
import { SlotStore } from './slots.ts';

export const FIRST_DAY = 20_783;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface Buckets {
  readonly current: bigint;
  readonly minting: bigint;
  readonly redeemed: bigint;
}

/** The ledger and the mint over it, on a clock of the test; accounts earn as a test says. */
export class MintWorld {
  now = FIRST_DAY * DAY_MS;
  readonly sql: Sql;
  readonly book: LedgerBook;
  readonly epochs: EpochStore;
  readonly batches: BatchStore;
  readonly slots: SlotStore;
  readonly cut: Cut;
  readonly redemption: Redemption;
  readonly cancellation: Cancellation;
  readonly intervention: Intervention;
  readonly clock = { now: () => this.now };
  /** What each node of the network has of epochs, by chain and epoch; of others that they are not open. */
  readonly nodes: readonly Map<string, EpochState>[] = [new Map(), new Map()];
  /** Milliseconds by which their final blocks are behind. */
  lag = 0;
  #events = 0;

  private constructor(sql: Sql) {
    const { clock } = this;
    this.sql = sql;
    this.book = createLedgerTools({ sql, clock }).book;
    this.epochs = new EpochStore(sql);
    this.batches = new BatchStore(sql);
    this.slots = new SlotStore(sql);
    const by = { sql, clock, book: this.book, epochs: this.epochs, batches: this.batches };
    this.cut = new Cut({ ...by, region: 'test' });
    this.redemption = new Redemption(by);
    this.intervention = new Intervention(by);
    const contract = { module: 'n.register', hash: 'h' };
    const nodes = this.nodes.map((_states, i) => this.#node(i));
    const view = new ChainView({ nodes, quorum: 2, contract });
    this.cancellation = new Cancellation({ ...by, redemption: this.redemption, view, contract });
  }

  static async open(sql: Sql): Promise<MintWorld> {
    await sql`truncate stoicism_events, ledger_head, ledger_accounts, ledger_pending, ledger_hours, ledger_refusals,
      mint_attempts, mint_batches, mint_plans, mint_chains, mint_epochs, mint_slots, mint_contracts, payout_proofs, payout_challenges,
      payout_accounts, payout_choices cascade`;
    const world = new MintWorld(sql);
    await world.book.begin();
    return world;
  }

  /** An account of the chain, by number. */
  static nameOf(i: number): string {
    return `k:${createHash('sha256').update(`account ${i}`).digest('hex')}`;
  }

  static idOf(i: number): AccountId {
    return accountIdOf(MintWorld.nameOf(i), nodeCrypto);
  }

  async account(i: number, { proven }: { proven: boolean }): Promise<void> {
    const { sql } = this;
    const [id, nonce] = [MintWorld.idOf(i), `nonce ${i}`];
    await sql`insert into payout_accounts (account_id, account) values (${id}, ${MintWorld.nameOf(i)})
      on conflict do nothing`;
    if (!proven) return;
    await sql`insert into payout_challenges (nonce, email, account_id, expires_at)
      values (${nonce}, '', ${id}, now()) on conflict do nothing`;
    await sql`insert into payout_proofs
      (account_id, email, nonce, challenge, signatures, guard, guard_from, said_by, proven_at, from_hour)
      values (${id}, '', ${nonce}, '', '[]', '{}', 'name', '{}', now(), 0) on conflict do nothing`;
  }

  async earn(amounts: ReadonlyMap<number, bigint>): Promise<void> {
    const hour = Math.floor(this.now / HOUR_MS);
    await this.book.open(hour, async ({ append }) => {
      await append(
        [...amounts].map(([i, amount]) => ({
          ...{ kind: 'adjustment', hour, revision: 0, nodeId: '', accountId: MintWorld.idOf(i), amount },
          ...{ ref: `test ${this.#events++}`, basis: NO_BASIS, ownerId: undefined },
        })),
      );
    });
  }

  /** Hours are closed as they would be. */
  async day(epoch: number): Promise<void> {
    this.now = epoch * DAY_MS + 6.5 * HOUR_MS;
    const until = epoch * 24 + 6;
    await this.sql`insert into ledger_hours
        (hour, closed_at, passes, nodes, events, accrued, pending, matured, fees, revised, took_ms)
      select hour, now(), 1, 0, 0, 0, 0, 0, 0, 0, 0 from generate_series(${FIRST_DAY * 24}::int, ${until - 1}::int) hour
      on conflict do nothing`;
  }

  /** The network closed an epoch by so many points. */
  closed(chain: number, epoch: number, minted: number): void {
    const state = { minted, done: 0, digest: 'd', closed: true };
    for (const node of this.nodes) node.set(`${chain} ${epoch}`, state);
  }

  #node(i: number): ChainNode {
    return {
      name: `node ${i}`,
      send: async () => {},
      results: async () => new Map(),
      preflight: async () => ({ gas: 1_000, failure: undefined }),
      read: async (chain, code) => {
        const [, epoch] = /epoch-state (\d+)\)/.exec(code)!;
        const none = { minted: 0, done: 0, digest: '', closed: false };
        const blockTime = Math.floor((this.now - this.lag) / 1_000);
        return { data: this.nodes[i]!.get(`${chain} ${epoch}`) ?? none, height: 100, blockTime };
      },
    };
  }

  /** As if every enrolment were deep in its chain. */
  async seat(): Promise<void> {
    await this.slots.allot(this.now);
    await this.sql`update mint_slots set state = 'final'`;
  }

  async held(): Promise<Map<AccountId, Buckets>> {
    const rows = await this.sql<{ id: string; current: string; minting: string; redeemed: string }[]>`
      select account_id as id, current::text as current, minting::text as minting, redeemed::text as redeemed
      from ledger_accounts`;
    return new Map(
      rows.map(({ id, ...row }) => [
        id,
        { current: BigInt(row.current), minting: BigInt(row.minting), redeemed: BigInt(row.redeemed) },
      ]),
    );
  }
}

export const unfenced = async (): Promise<void> => {};

export function points(whole: number): bigint {
  return BigInt(whole) * POINT;
}
