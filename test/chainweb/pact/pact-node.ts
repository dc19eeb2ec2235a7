import type { Block } from '../block.ts';
import type { NodeView } from '../node-view.ts';
import type { PayloadPlace } from '../payloads.ts';
import { refusalOf, timeFault } from './admission.ts';
import { buyGas } from './coin.ts';
import type { Command } from './command.ts';
import type { Miner } from './ledger.ts';
import { Mempool } from './mempool.ts';
import type { Outcome } from './outcome.ts';
import { Draft } from './state.ts';
import { Transaction } from './transaction.ts';
import { Decimal } from './value.ts';

/** A transaction, and the block of the node's fork that it stands in. */
export interface Found {
  readonly outcome: Outcome;
  readonly block: Block;
}

/** What answers over the two ports look at: a node's view, and its transactions. */
export interface PactServingNode extends NodeView {
  readonly pact: PactNode;
}

/** A node's transactions: what it was given, and what it takes for mined. */
export class PactNode {
  /** Its checks take longer than the second that `/send` gives them. */
  overloaded = false;
  readonly #view: NodeView;
  /** By chain; of those alone that were ever asked about, for fleets are of thousands of nodes. */
  readonly #mempools = new Map<number, Mempool>();

  constructor(view: NodeView) {
    this.#view = view;
  }

  /** Holds no transaction of any chain. */
  get idle(): boolean {
    for (const { size } of this.#mempools.values()) if (size > 0) return false;
    return true;
  }

  mempool(chain: number): Mempool {
    const known = this.#mempools.get(chain);
    if (known !== undefined) return known;
    const mempool = new Mempool();
    this.#mempools.set(chain, mempool);
    return mempool;
  }

  pending(chain: number): readonly Command[] {
    return this.mempool(chain).pending(this.isMined(chain), this.#view.now / 1_000);
  }

  isMined(chain: number): (key: string) => boolean {
    const { outcomes } = this.#view.chainweb.ledger.stateOf(this.#view.head(chain).header);
    return (key) => outcomes.has(key);
  }

  /** Takes the whole batch, or none of it. @returns why, of those that were refused, by index */
  send(chain: number, commands: readonly Command[]): readonly (readonly [index: number, why: string])[] {
    const refused = commands.flatMap((command, i): [number, string][] => {
      const why = this.#refusal(chain, command) ?? this.#refusalByChain(chain, command);
      return why === undefined ? [] : [[i, why]];
    });
    if (refused.length === 0) for (const command of commands) this.mempool(chain).add(command);
    return refused;
  }

  /** Takes it from a peer, unless there is something against it. */
  offer(chain: number, command: Command): void {
    if (this.#refusal(chain, command) === undefined) this.mempool(chain).add(command);
  }

  /** Takes back what stands in a head that was left, and in its past, down to where the node's fork has it too. */
  reintroduce(left: Block): void {
    const { chain } = left.header;
    let own = this.#view.head(chain);
    let at: Block | undefined = left;
    while (at !== undefined && at !== own) {
      if (own.header.height > at.header.height) {
        own = this.#parentOf(own) ?? own;
        continue;
      }
      for (const command of this.#view.chainweb.ledger.commandsOf(at.header)) this.offer(chain, command);
      at = this.#parentOf(at);
    }
  }

  /** How a block of its own would be filled. */
  minerAt({ chain, parent }: PayloadPlace, foundAt: number): Miner | undefined {
    const mempool = this.#mempools.get(chain);
    if (mempool === undefined || mempool.size === 0 || parent === undefined) return undefined;
    const { outcomes } = this.#view.chainweb.ledger.stateOf(parent);
    const now = (foundAt + this.#view.settings.clockSkewMs) / 1_000;
    return {
      candidates: mempool.pending((key) => outcomes.has(key), now),
      gasLimit: this.#view.settings.gasLimitOfBlock,
      onBad: (key, why) => mempool.condemn(key, why),
    };
  }

  /** @param depth looked up as many blocks below the head */
  find(chain: number, key: string, depth = 0): Found | undefined {
    let block = this.#view.ancestor(chain, depth);
    const mined = this.#view.chainweb.ledger.stateOf(block.header).outcomes.get(key);
    if (mined === undefined) return undefined;
    while (block.header.height > mined.height) {
      const parent = this.#parentOf(block);
      if (parent === undefined) return undefined;
      block = parent;
    }
    return { outcome: mined.outcome, block };
  }

  /** The process starts again: its database is kept, its mempool is not. */
  restart(): void {
    for (const mempool of this.#mempools.values()) mempool.clear();
  }

  #parentOf({ header }: Block): Block | undefined {
    return this.#view.chainweb.blocks.get(header.parent);
  }

  #refusal(chain: number, command: Command): string | undefined {
    const { settings, now } = this.#view;
    const mempool = this.mempool(chain);
    return refusalOf(command, {
      ...{ networkId: settings.networkId, chain, gasLimitOfBlock: settings.gasLimitOfBlock },
      minGasPrice: Decimal.of(settings.minGasPrice),
      now: now / 1_000,
      isMined: this.isMined(chain),
      isBad: (key) => mempool.verdictOn(key) !== undefined,
    });
  }

  #refusalByChain(chain: number, command: Command): string | undefined {
    if (this.overloaded) return 'Transaction validation timed out';
    const { ledger } = this.#view.chainweb;
    const { header: parent } = this.#view.head(chain);
    const fault =
      ledger.contentFaultOf(command) ?? timeFault(command, Number(parent.creationTime / 1_000_000n));
    if (fault !== undefined) return fault;
    const draft = new Draft(ledger.stateOf(parent));
    const unpaid = buyGas(new Transaction(command, draft, { parent }));
    return unpaid && `Attempt to buy gas failed with: ${unpaid}`;
  }
}
