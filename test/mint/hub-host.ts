import { createLog } from '@stoa/hub';
import { createLedgerTools } from '@stoa/hub/ledger';
import { type ChainNode, createMint, type Mint, type MintSigner, type MintTerms } from '@stoa/hub/mint';
import type { Sql } from '@stoa/hub/seams/db-adapter/index';
import type { MintLimits } from '@stoa/protocol/mint';
import { databaseOf, Killed, Life, nodeOf } from './life.ts';

export interface HubSite {
  readonly sql: Sql;
  readonly nodes: readonly ChainNode[];
  readonly signer: MintSigner;
  readonly limits: MintLimits;
  readonly clock: { now(): number };
  terms(): MintTerms;
}

const silent = createLog({ level: 'silent' });
const QUORUM = 2;

/** A hub's machine: each start of it builds all of the mint anew from its database. */
export class HubHost {
  readonly name: string;
  /** Milliseconds that its clock is ahead. */
  skewMs = 0;
  readonly #site: HubSite;
  #run = 0;
  #life = new Life();
  #sequencer: Mint['sequencer'] | undefined;
  #tick: Promise<void> | undefined;

  constructor(name: string, site: HubSite) {
    this.name = name;
    this.#site = site;
  }

  killAfter(steps: number): void {
    this.#life.endAfter(steps);
  }

  stopAfter(steps: number): void {
    this.#life.stopAfter(steps);
  }

  goOn(): void {
    this.#life.goOn();
  }

  restart(): void {
    this.#sequencer = undefined;
  }

  /** One tick of its sequencer, after a start where it does not run. Held up, the tick goes on in the ticks after. */
  async tick(): Promise<void> {
    this.#tick ??= this.#sequence().finally(() => {
      this.#tick = undefined;
    });
    await Promise.race([this.#tick, this.#life.heldUp]);
  }

  async #sequence(): Promise<void> {
    if (this.#life.over) this.restart();
    this.#sequencer ??= this.#start();
    try {
      await this.#sequencer.tick();
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
  }

  #start(): Mint['sequencer'] {
    this.#life = new Life();
    this.#run += 1;
    const life = this.#life;
    const site = this.#site;
    const clock = { now: () => site.clock.now() + this.skewMs };
    const sql = databaseOf(site.sql, life);
    const nodes = site.nodes.map((node) => nodeOf(node, life));
    const asking = async <T>(question: () => Promise<T>): Promise<T> => {
      await life.request();
      const answer = await question();
      life.step();
      return answer;
    };
    const signer: MintSigner = {
      plan: (request) => asking(() => site.signer.plan(request)),
      sign: (...asked) => asking(() => site.signer.sign(...asked)),
    };
    const { book } = createLedgerTools({ sql, clock });
    const { limits } = site;
    return createMint({
      ...{ sql, clock, book, nodes, signer, limits, log: silent },
      ...{ holder: `${this.name} ${this.#run}`, region: 'test', quorum: QUORUM, terms: site.terms() },
    }).sequencer;
  }
}
