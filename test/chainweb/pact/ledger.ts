import type { Header } from '@stoa/protocol/chainweb';
import type { AccountBook } from '../accounts.ts';
import type { Block, BlockStore } from '../block.ts';
import type { PayloadBook, PayloadPlace } from '../payloads.ts';
import { contentFault } from './admission.ts';
import { type BlockTransactions, buildBlock } from './block-building.ts';
import { coin } from './coin.ts';
import type { Command } from './command.ts';
import type { Modules } from './evaluation.ts';
import type { PactModule } from './module.ts';
import { type Continuation, jsonOf } from './outcome.ts';
import { decodeProof, type SpvLookup } from './spv.ts';
import { type ChainState, Draft } from './state.ts';

/** Whom a block's transactions come from. */
export interface Miner {
  readonly candidates: Iterable<Command>;
  readonly gasLimit: number;
  /** Hears which commands can't be mined. */
  readonly onBad?: (key: string, why: string) => void;
}

/** Peers can't fetch a longer payload: the block stays its miner's alone. */
const PAYLOAD_BYTES = 2 ** 21;

/** What the chains hold: a state for every block of every fork, which is that of its parent and its own transactions. */
export class PactLedger {
  readonly modules: Modules;
  readonly #states = new Map<string, ChainState>();
  readonly #commands = new Map<string, readonly Command[]>();
  readonly #oversized = new Set<string>();
  /** By request key and signatures: every node checks them, once is enough. */
  readonly #faults = new Map<string, string | undefined>();
  readonly #genesis: ChainState;
  readonly #graph: readonly (readonly number[])[];
  readonly #blocks: BlockStore;
  readonly #payloads: PayloadBook;

  constructor(by: {
    modules: readonly PactModule[];
    accounts: AccountBook;
    blocks: BlockStore;
    payloads: PayloadBook;
    graph: readonly (readonly number[])[];
  }) {
    this.modules = new Map([coin, ...by.modules].map((module) => [module.name, module]));
    this.#genesis = { tables: new Map([['coin_coin-table', by.accounts.rows]]), outcomes: new Map() };
    this.#blocks = by.blocks;
    this.#payloads = by.payloads;
    this.#graph = by.graph;
  }

  stateOf({ payloadHash }: Pick<Header, 'payloadHash'>): ChainState {
    return this.#states.get(payloadHash) ?? this.#genesis;
  }

  commandsOf({ payloadHash }: Pick<Header, 'payloadHash'>): readonly Command[] {
    return this.#commands.get(payloadHash) ?? [];
  }

  contentFaultOf(command: Command): string | undefined {
    const { cmd, hash, sigs } = command.signed;
    const id = [hash, ...sigs.map(({ sig }) => sig), cmd].join();
    if (!this.#faults.has(id)) this.#faults.set(id, contentFault(command));
    return this.#faults.get(id);
  }

  /** Whether peers take the block. */
  adopted({ payloadHash }: Pick<Header, 'payloadHash'>): boolean {
    return !this.#oversized.has(payloadHash);
  }

  /** Makes the payload of a block that is being mined. @returns its hash */
  mine(place: PayloadPlace, miner: Miner | undefined): string {
    const { parent } = place;
    const before = parent === undefined ? this.#genesis : this.stateOf(parent);
    if (parent === undefined || miner === undefined) return this.#enter(place, before, []);
    const draft = new Draft(before);
    const { provenStep, modules } = this;
    const { transactions, bad } = buildBlock(miner.candidates, {
      ...{ draft, modules, provenStep, gasLimit: miner.gasLimit },
      ...{ place: { parent }, miner: this.#payloads.minerOf(place) },
    });
    for (const [key, why] of bad) miner.onBad?.(key, why);
    return this.#enter(place, draft.finish(), transactions);
  }

  #enter(place: PayloadPlace, state: ChainState, transactions: BlockTransactions['transactions']): string {
    const parts = transactions.map(({ command, outcome }) => ({
      transaction: Buffer.from(JSON.stringify(command.signed)),
      output: Buffer.from(jsonOf(outcome, null)),
    }));
    const hash = this.#payloads.add(place, parts);
    if (state !== this.#genesis) this.#states.set(hash, state);
    if (parts.length === 0) return hash;
    this.#commands.set(
      hash,
      transactions.map(({ command }) => command),
    );
    const bytes = parts.reduce((sum, { transaction }) => sum + Math.ceil(transaction.length / 3) * 4, 0);
    if (bytes > PAYLOAD_BYTES) this.#oversized.add(hash);
    return hash;
  }

  /** The block of that chain which the header's past reaches, two hops away at most. */
  past(header: Header, chain: number): Block | undefined {
    if (header.chain === chain) return this.#blocks.get(header.hash);
    const adjacent = (from: Header, to: number): Block | undefined =>
      this.#blocks.get(from.adjacents.find((each) => each.chain === to)?.hash ?? '');
    const direct = adjacent(header, chain);
    if (direct !== undefined) return direct;
    const between = this.#graph[header.chain]?.find((each) => this.#graph[each]?.includes(chain) === true);
    const hop = between === undefined ? undefined : adjacent(header, between);
    return hop && adjacent(hop.header, chain);
  }

  readonly provenStep: SpvLookup = ({ parent }, { pactId, proof }): Continuation | undefined => {
    const named = decodeProof(proof ?? '');
    if (named === undefined || named.requestKey !== pactId) return undefined;
    const source = this.past(parent, named.chain);
    const mined = source && this.stateOf(source.header).outcomes.get(pactId);
    return mined?.outcome.continuation ?? undefined;
  };
}
