import type { DbAdapter } from '@stoa/hub';
import { createMintTools, KadenaNode } from '@stoa/hub/mint';
import { FIRST_DAY, MintWorld } from '@stoa/hub/mint/mint-world';
import { MINT_LIMITS, type MintLimits, owningChain } from '@stoa/protocol/mint';
import { POINT } from '@stoa/protocol/stoicism';
import { DEFAULT_MINT_POLICY, type MintConfig } from '@stoa/signer';
import { ManualClock } from '../chainweb/index.ts';
import {
  accountOf,
  openPactWorld,
  type PactKey,
  type PactWorld,
  pactKey,
  registerModule,
} from '../chainweb/pact/index.ts';
import { approve, approvers, type Evidence } from './approvers.ts';
import { HubHost } from './hub-host.ts';
import { Liar } from './liar.ts';
import { SignerHost } from './signer-host.ts';
import { Wire } from './wire.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NODES = 3;
/** On two chains two buckets, of a batch each; one account or few on each of the others. */
const FULL_CHAINS = [0, 3];
const LIMITS: MintLimits = { ...MINT_LIMITS, bytes: 1_500 };
const GAS_ACCOUNT = 'gas-station';
const BALANCE = 100;

export const FIRST_EPOCH = FIRST_DAY;

export interface SiteOptions {
  readonly database: DbAdapter;
  readonly seed: number;
}

/** A region, its people, its signer, its hubs, and the chains that they mint on; all of it on one clock. */
export class Site implements Disposable {
  readonly world: MintWorld;
  readonly chain: PactWorld;
  readonly clock: ManualClock;
  readonly signer: SignerHost;
  readonly hubs: readonly HubHost[];
  readonly liars: readonly Liar[];
  readonly wire: Wire;
  /** Has coins on every chain, and pays to have blocks filled. */
  readonly stranger: PactKey;
  /** What people bought gas at last. */
  gasPrice = 1.1e-8;
  /** Whole points that approvers let through, by epoch and account. */
  readonly approved = new Map<number, ReadonlyMap<string, number>>();
  /** Units that nobody earned. */
  readonly inflated = new Map<string, bigint>();
  readonly #earned = new Map<string, bigint>();
  readonly #config: MintConfig;
  /** What approvers refused, in their words. */
  readonly refusals: string[] = [];

  private constructor(by: {
    world: MintWorld;
    chain: PactWorld;
    clock: ManualClock;
    signer: SignerHost;
    config: MintConfig;
    stranger: PactKey;
  }) {
    this.world = by.world;
    this.chain = by.chain;
    this.clock = by.clock;
    this.signer = by.signer;
    this.stranger = by.stranger;
    this.#config = by.config;
    this.wire = new Wire(by.chain.fetch);
    const network = by.chain.network.network.name;
    this.liars = by.chain.nodes.map(
      ({ serviceUrl }) => new Liar(new KadenaNode({ url: new URL(serviceUrl), network })),
    );
    const site = {
      ...{ sql: by.world.sql, nodes: this.liars, signer: by.signer, limits: LIMITS, clock: by.clock },
      terms: () => this.#terms(),
    };
    this.hubs = ['one', 'two'].map((name) => new HubHost(name, site));
  }

  static async open({ database, seed }: SiteOptions): Promise<Site> {
    const clock = new ManualClock(FIRST_DAY * DAY_MS + 5 * HOUR_MS);
    const world = await MintWorld.open(database.sql);
    await database.sql`truncate leases, mint_faults, mint_gas_accounts, mint_contracts`;
    const config = configOf();
    const signer = await SignerHost.make(config, clock);
    const minter = { pred: 'keys-all', keys: [signer.publicKey] };
    const stranger = pactKey(new Uint8Array(32).fill(9));
    const { namespace, module, moduleHash: hash } = config;
    const guards = { pred: 'keys-any', keys: [signer.publicKey, stranger.publicKey] };
    const chain = openPactWorld({
      ...{ seed, clock, orphanRate: 0.02 },
      modules: [registerModule({ name: `${namespace}.${module}`, hash, minter })],
      accounts: [
        { account: GAS_ACCOUNT, guard: guards, balance: BALANCE },
        {
          account: accountOf(stranger),
          guard: { pred: 'keys-all', keys: [stranger.publicKey] },
          balance: BALANCE,
        },
      ],
      nodes: Array.from({ length: NODES }, () => ({})),
    });
    return new Site({ world, chain, clock, signer, config, stranger });
  }

  get module(): string {
    return `${this.#config.namespace}.${this.#config.module}`;
  }

  get gasAccount(): string {
    return GAS_ACCOUNT;
  }

  advance(ms: number): void {
    this.chain.advance(ms);
    this.world.now = this.clock.now();
  }

  /** Accounts of the region, each proven to be somebody's. */
  async settle(numbers: readonly number[]): Promise<void> {
    const { sql } = this.world;
    const [ids, names] = [numbers.map((i) => MintWorld.idOf(i)), numbers.map((i) => MintWorld.nameOf(i))];
    await sql`insert into payout_accounts (account_id, account)
      select * from unnest(${ids}::text[], ${names}::text[])`;
    await sql`insert into payout_challenges (nonce, email, account_id, expires_at)
      select 'nonce ' || id, '', id, now() from unnest(${ids}::text[]) id`;
    await sql`insert into payout_proofs
        (account_id, email, nonce, challenge, signatures, guard, guard_from, said_by, proven_at, from_hour)
      select id, '', 'nonce ' || id, '', '[]', '{}', 'name', '{}', now(), 0 from unnest(${ids}::text[]) id`;
  }

  async earn(amounts: ReadonlyMap<number, bigint>): Promise<void> {
    await this.world.earn(amounts);
    for (const [i, amount] of amounts) {
      const name = MintWorld.nameOf(i);
      this.#earned.set(name, (this.#earned.get(name) ?? 0n) + amount);
    }
  }

  /** Whoever has the hub writes points that nobody earned. */
  async inflate(i: number, points: number): Promise<void> {
    const amount = BigInt(points) * POINT;
    await this.world.earn(new Map([[i, amount]]));
    this.inflated.set(MintWorld.nameOf(i), amount);
  }

  [Symbol.dispose](): void {
    this.wire[Symbol.dispose]();
  }

  /** All hours before today's cut are closed. */
  async closeHours(epoch: number): Promise<void> {
    const { now } = this.world;
    await this.world.day(epoch);
    this.world.now = now;
  }

  /** Approvers look at each plan that is new, and bring the hub what they signed. */
  async approve(): Promise<void> {
    for (const { epoch } of await this.world.epochs.open())
      if (!this.approved.has(epoch)) await this.#look(epoch);
  }

  async #look(epoch: number): Promise<void> {
    const asked = await this.world.epochs.plan(epoch);
    const evidence = this.#evidence();
    const by = { config: this.#config, limits: LIMITS, now: this.clock.now() };
    const answer = approve(asked as Parameters<typeof approve>[0], evidence, by);
    if ('refusal' in answer) {
      if (!this.refusals.includes(answer.refusal)) this.refusals.push(answer.refusal);
      return;
    }
    const points = new Map<string, number>();
    for (const [chain, { slots }] of answer.plan.chains.entries())
      for (const each of (evidence[chain] ?? []).slice(0, slots))
        if (each.points > 0) points.set(each.account, each.points);
    this.approved.set(epoch, points);
    const { approvals } = createMintTools({ ...this.world, region: 'test' });
    await approvals.add(epoch, answer.approvals, this.clock.now());
  }

  /** By the slots of the chains themselves: what each account earned, less what plans before gave it. */
  #evidence(): Evidence {
    const { network } = this.chain;
    return network.network.graph.map((_each, chain) => {
      const { tables } = network.ledger.stateOf(network.main.tip(chain).header);
      const slots = tables.get(`${this.module}_slots`) ?? new Map();
      return Array.from({ length: slots.size }, (_, slot) => {
        const account = String(slots.get(String(slot))?.['account']);
        return { account, points: this.earnedBy(account) - this.plannedFor(account) };
      });
    });
  }

  /** Whole points. */
  earnedBy(account: string): number {
    return Number((this.#earned.get(account) ?? 0n) / POINT);
  }

  plannedFor(account: string): number {
    return [...this.approved.values()].reduce((sum, points) => sum + (points.get(account) ?? 0), 0);
  }

  get accounts(): readonly string[] {
    return [...this.#earned.keys()];
  }

  /** Units. */
  earnedUnits(account: string): bigint {
    return this.#earned.get(account) ?? 0n;
  }

  #terms() {
    const { networkId, namespace, module, moduleHash } = this.#config;
    return {
      ...{ networkId, namespace, module, moduleHash },
      ...{ sender: GAS_ACCOUNT, publicKey: this.signer.publicKey, gasPrice: this.gasPrice, ttl: 1_800 },
    };
  }
}

/** Numbers of accounts: the first of each chain, and many of those that are full. */
export function fleet(): number[] {
  const [chosen, counts] = [[] as number[], new Map<number, number>()];
  for (let i = 0; chosen.length < 2 * 58 + 8; i += 1) {
    const chain = owningChain(MintWorld.nameOf(i));
    const count = counts.get(chain) ?? 0;
    if (count >= (FULL_CHAINS.includes(chain) ? 58 : 1)) continue;
    counts.set(chain, count + 1);
    chosen.push(i);
  }
  return chosen;
}

function configOf(): MintConfig {
  return {
    ...{ networkId: 'simulated', namespace: `n_${'ab'.repeat(20)}`, module: 'register' },
    ...{ moduleHash: 'm'.repeat(43), sender: GAS_ACCOUNT, approvers, threshold: 1, people: 2 },
    policy: DEFAULT_MINT_POLICY,
  };
}
