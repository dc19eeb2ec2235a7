import { createHash } from 'node:crypto';
import { createLedgerTools, NO_BASIS } from '@stoa/hub/ledger';
import {
  type ChainNode,
  createContractAdoption,
  createMint,
  KadenaNode,
  type Mint,
  type MintSigner,
  type MintTerms,
  type SignedCommand,
} from '@stoa/hub/mint';
import { accountIdOf } from '@stoa/hub/payouts';
import type { Sql } from '@stoa/hub/seams/db-adapter/index';
import { type CommandSetting, commandText, type MintAct } from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import { POINT } from '@stoa/protocol/stoicism';
import { ManualClock } from '../chainweb/index.ts';
import { registerModule } from '../chainweb/pact/index.ts';
import { key, worldOf } from '../chainweb/pact/kit.ts';
import type { PactWorld } from '../chainweb/pact/world.ts';

export const DAY = 20_783;
const HOUR_MS = 3_600_000;
export const MODULE = { namespace: `n_${'0'.repeat(40)}`, module: 'register', moduleHash: 'h'.repeat(43) };
/** Of the same chains, and nobody's yet. */
export const LIVE = { ...MODULE, namespace: `n_${'f'.repeat(40)}`, moduleHash: 'l'.repeat(43) };
const minter = key(7);

/** Signs what it is asked for, the same bytes for an attempt, as the real one does; its policy is another test's. */
class WillingSigner implements MintSigner {
  readonly signed = new Map<string, SignedCommand>();
  readonly plans: number[] = [];

  async plan({ plan }: Parameters<MintSigner['plan']>[0]): Promise<void> {
    this.plans.push(plan.epoch);
  }

  async sign(act: MintAct, setting: CommandSetting): Promise<SignedCommand> {
    const cmd = commandText(act, setting);
    const { nonce } = JSON.parse(cmd) as { nonce: string };
    const known = this.signed.get(nonce);
    if (known !== undefined) return known;
    const { hash, sigs } = minter.sign(cmd);
    const made = { cmd, hash, sigs: [...sigs] };
    this.signed.set(nonce, made);
    return made;
  }
}

/** A hub's mint over a simulated network, from five in the morning on. */
export class Town {
  readonly sql: Sql;
  readonly chain: PactWorld;
  signer = new WillingSigner();
  readonly nodes: ChainNode[];
  terms: MintTerms;
  #hubs = 0;
  readonly #ledger: ReturnType<typeof createLedgerTools>;

  private constructor(sql: Sql, chain: PactWorld) {
    this.sql = sql;
    this.chain = chain;
    this.terms = {
      ...MODULE,
      networkId: chain.network.network.name,
      sender: `k:${minter.publicKey}`,
      publicKey: minter.publicKey,
      gasPrice: 1.1e-8,
      ttl: 3_600,
    };
    this.nodes = chain.nodes.map(
      (node) => new KadenaNode({ url: new URL(node.serviceUrl), network: this.terms.networkId }),
    );
    this.#ledger = createLedgerTools({ sql, clock: chain.clock });
  }

  static async open(sql: Sql, { seed = 1 }: { seed?: number } = {}): Promise<Town> {
    await sql`truncate stoicism_events, ledger_head, ledger_accounts, ledger_pending, ledger_hours, ledger_refusals, leases,
      mint_attempts, mint_batches, mint_plans, mint_chains, mint_approvals, mint_contracts, mint_faults, mint_gas_accounts, mint_epochs, mint_slots,
      payout_proofs, payout_challenges, payout_accounts, payout_choices cascade`;
    const clock = new ManualClock(DAY * 24 * HOUR_MS + 5 * HOUR_MS);
    const guard = { pred: 'keys-all', keys: [minter.publicKey] };
    const modules = [MODULE, LIVE].map(({ namespace, module, moduleHash: hash }) =>
      registerModule({ name: `${namespace}.${module}`, hash, minter: guard }),
    );
    const chain = worldOf([minter], { seed, clock, modules, orphanRate: 0 });
    const town = new Town(sql, chain);
    await town.#ledger.book.begin();
    return town;
  }

  /** A process that runs the mint. @param dies after so many calls of nodes and signer, in the midst of whatever it does. */
  hub({ dies = Number.POSITIVE_INFINITY }: { dies?: number } = {}): Mint {
    const { sql, terms } = this;
    this.#hubs += 1;
    let calls = 0;
    const alive = async <T>(call: () => Promise<T>): Promise<T> => {
      calls += 1;
      if (calls > dies) throw new Error('the process ended');
      return await call();
    };
    const nodes = this.nodes.map((node) => ({
      name: node.name,
      send: (...by: Parameters<ChainNode['send']>) => alive(() => node.send(...by)),
      results: (...by: Parameters<ChainNode['results']>) => alive(() => node.results(...by)),
      preflight: (...by: Parameters<ChainNode['preflight']>) => alive(() => node.preflight(...by)),
      read: (...by: Parameters<ChainNode['read']>) => alive(() => node.read(...by)),
    }));
    const signer: MintSigner = {
      plan: (by) => alive(() => this.signer.plan(by)),
      sign: (act, setting) => alive(() => this.signer.sign(act, setting)),
    };
    const log = { info: () => undefined, warn: () => undefined };
    // Nodes of a town answer at once: who does not in a while of ours never does.
    const after = (_ms: number, end: () => void) => {
      const timer = setTimeout(end, 20);
      return () => clearTimeout(timer);
    };
    const clock = { now: () => this.now, after };
    return createMint({
      ...{ sql, signer, nodes, terms, log, clock, quorum: 2, region: 'test' },
      ...{ book: this.#ledger.book, holder: `hub ${this.#hubs}` },
    });
  }

  static nameOf(i: number): string {
    return `k:${createHash('sha256').update(`account ${i}`).digest('hex')}`;
  }

  static idOf(i: number): string {
    return accountIdOf(Town.nameOf(i), nodeCrypto);
  }

  /** Accounts from 0 on that earned so many points each, and are proven. */
  async people(points: readonly number[]): Promise<void> {
    const { sql } = this;
    for (const [i] of points.entries()) {
      const [id, nonce] = [Town.idOf(i), `nonce ${i}`];
      await sql`insert into payout_accounts (account_id, account) values (${id}, ${Town.nameOf(i)}) on conflict do nothing`;
      await sql`insert into payout_challenges (nonce, email, account_id, expires_at)
        values (${nonce}, '', ${id}, now()) on conflict do nothing`;
      await sql`insert into payout_proofs
        (account_id, email, nonce, challenge, signatures, guard, guard_from, said_by, proven_at, from_hour)
        values (${id}, '', ${nonce}, '', '[]', '{}', 'name', '{}', now(), 0) on conflict do nothing`;
    }
    const hour = Math.floor(this.chain.clock.now() / HOUR_MS);
    await this.#ledger.book.open(hour, async ({ append, head }) => {
      await append(
        points.map((whole, i) => ({
          ...{ kind: 'adjustment', hour, revision: 0, nodeId: '', accountId: Town.idOf(i), basis: NO_BASIS },
          ...{ amount: BigInt(whole) * POINT + 1n, ref: `${head.sequence} ${i}`, ownerId: undefined },
        })),
      );
    });
  }

  /** Hours before that of the day are closed. */
  async close(day: number): Promise<void> {
    await this.sql`insert into ledger_hours
        (hour, closed_at, passes, nodes, events, accrued, pending, matured, fees, revised, took_ms)
      select hour, now(), 1, 0, 0, 0, 0, 0, 0, 0, 0
      from generate_series(${DAY * 24}::int, ${day * 24 + 5}::int) hour on conflict do nothing`;
  }

  get now(): number {
    return this.chain.clock.now();
  }

  /** Time goes on to an hour of a day; the hub ticks every so many seconds. */
  async until(at: number, hub: Mint, seconds = 30): Promise<void> {
    while (this.now < at) {
      this.chain.advance(seconds * 1_000);
      await hub.sequencer.tick();
    }
  }

  /** Accounts are enrolled, and the hour of the day's cut has come. */
  async morning(hub: Mint): Promise<void> {
    await this.until(this.now + 10 * 60_000, hub);
    this.chain.advance(at(DAY, 6) + 60_000 - this.now);
  }

  /** From a cut on: the sweep, then blocks on blocks until it is settled. */
  async settle(hub: Mint, hours: number): Promise<void> {
    const end = this.now + hours * HOUR_MS;
    await this.until(this.now + 25 * 60_000, hub);
    await this.until(end, hub, 120);
  }

  /** The hub is set to another contract, and has a signer of its own for it. */
  set({ namespace, module, moduleHash }: typeof MODULE): void {
    this.terms = { ...this.terms, namespace, module, moduleHash };
    this.signer = new WillingSigner();
  }

  /** As people have it done for the contract that the hub is set to. */
  adopt() {
    const { sql, nodes, terms } = this;
    const { clock } = this.chain;
    const deps = { sql, nodes, terms, clock, quorum: 2, region: 'test', book: this.#ledger.book };
    return createContractAdoption(deps).run(async () => {});
  }

  async reset(mode: 'shadow' | 'live'): Promise<void> {
    const ada = { accountId: 'ada', email: 'ada@stoa.example', tier: 'ancient' } as const;
    await this.#ledger.desk.reset({ ...ada, confirmedAt: this.now, keyScopes: undefined }, mode);
  }

  /** Points in the register of an account, as the first node has it. */
  async register(i: number, { namespace, module }: typeof MODULE = MODULE): Promise<number> {
    const [slot] = await this.sql<{ chain: number; slot: number }[]>`
      select chain, slot from mint_slots s join mint_contracts c on c.id = s.contract
      where account_id = ${Town.idOf(i)} and c.name = ${`${this.terms.networkId} ${namespace}.${module}`}`;
    const read = await this.nodes[0]!.read(slot!.chain, `(${namespace}.${module}.total ${slot!.slot})`, 0);
    return read.data as number;
  }

  check() {
    return this.#ledger.check.run({ chain: true });
  }
}

export function at(day: number, hour: number): number {
  return (day * 24 + hour) * HOUR_MS;
}
