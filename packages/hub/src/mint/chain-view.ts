import type { Clock } from '../clock.ts';
import {
  agreed,
  type BatchView,
  FINAL_DEPTH,
  type Mark,
  type Outcome,
  SETTLED_DEPTH,
  together,
} from './batch-state.ts';
import type { Attempt, Batch, Seen } from './batch-store.ts';
import {
  type ChainNode,
  type ChainRead,
  type ChainResult,
  type Preflight,
  ReadRefused,
} from './chain-node.ts';
import { MintFault } from './error.ts';
import { inTime } from './in-time.ts';
import { alike, reached } from './quorum.ts';
import { type Contract, markCode, markOf } from './register-reads.ts';

export interface SeenView extends BatchView {
  readonly seen: Seen | undefined;
}

export interface ChainViewDeps {
  readonly nodes: readonly ChainNode[];
  /** So many nodes must say the same before anything moves. */
  readonly quorum: number;
  readonly contract: Contract;
  /** Of a clock: nodes that are late are left out by it. */
  readonly after?: Clock['after'] | undefined;
}

/** What the nodes of a network say together. */
export class ChainView {
  readonly #deps: ChainViewDeps;

  constructor(deps: ChainViewDeps) {
    this.#deps = deps;
  }

  /**
   * @returns undefined where they do not say the same: the next look finds more.
   * @throws MintFault `no_agreement`, `wrong_contract` or `wrong_network` where too few answer at all
   */
  async of(batch: Batch, attempts: readonly Attempt[]): Promise<SeenView | undefined> {
    const views = await this.#ask(batch.chain, (node) => this.#look(node, batch, attempts));
    const view = agreed(views, this.#deps.quorum);
    if (view?.mark !== 'ours' || view.seen !== undefined) return view;
    // Nodes may forget results, and still know what they did.
    return { ...view, seen: { height: view.deepHeight, block: '', gas: 0 } };
  }

  /**
   * What nodes read alike, `FINAL_DEPTH` deep.
   * @param parse throws where it is no answer.
   * @param by.since seconds since 1970: a node whose block there is older has no answer.
   * @throws MintFault `no_agreement`, or as `of` does
   */
  async read<T>(
    chain: number,
    code: string,
    parse: (data: unknown) => T,
    { since = 0 }: { since?: number } = {},
  ): Promise<T> {
    const values = await this.#ask(chain, async (node) => {
      const { data, height, blockTime } = await node.read(chain, code, FINAL_DEPTH);
      if (blockTime < since)
        throw new Error(`its final block ${height} has the time ${blockTime}, ${since} or later is needed`);
      return parse(data);
    });
    const [value] = alike(values, this.#deps.quorum) ?? [];
    if (value !== undefined) return value;
    const texts = values.map((one) => JSON.stringify(one));
    throw new MintFault(
      'no_agreement',
      `chain ${chain}: nodes answer ${code} differently: ${texts.join(' and ').slice(0, 300)}`,
    );
  }

  /** A number that a quorum of nodes reaches, as their chains are now. @throws as `of` does */
  async reached(chain: number, code: string, numberOf: (read: ChainRead) => number): Promise<number> {
    const numbers = await this.#ask(chain, async (node) => numberOf(await node.read(chain, code, 0)));
    return reached(numbers, this.#deps.quorum);
  }

  /**
   * What would become of a transaction now: it would succeed where so many nodes say so, and take the most that so many say;
   * it would fail where so many say that. @throws MintFault `no_agreement` where neither is, or as `of` does
   */
  async preflight(chain: number, cmd: string): Promise<Preflight> {
    const { quorum } = this.#deps;
    const told = await this.#ask(chain, (node) => node.preflight(chain, cmd));
    const gas = told.filter(({ failure }) => failure === undefined).map((one) => one.gas);
    if (gas.length >= quorum) return { gas: reached(gas, quorum), failure: undefined };
    const failures = told.flatMap(({ failure }) => failure ?? []);
    const words = [...new Set(failures)].join(' | ').slice(0, 500);
    if (failures.length >= quorum)
      return {
        gas: reached(
          told.map((one) => one.gas),
          quorum,
        ),
        failure: words,
      };
    throw new MintFault(
      'no_agreement',
      `chain ${chain}: of ${told.length} nodes ${gas.length} say that the next transaction succeeds, the others: ${words}; nothing is signed`,
    );
  }

  /** @returns those that answered in time, `quorum` at least. */
  async #ask<T>(chain: number, question: (node: ChainNode) => Promise<T>): Promise<T[]> {
    const { nodes, quorum, contract, after } = this.#deps;
    const asked = await inTime(nodes.map(question), { needed: quorum, after });
    const answers = asked.flatMap((one) => (one?.status === 'fulfilled' ? [one.value] : []));
    if (answers.length >= quorum) return answers;
    const reasons = asked.map((one) => (one?.status === 'rejected' ? one.reason : undefined));
    const told = reasons.flatMap((why, i) =>
      why === undefined ? [] : `${nodes[i]!.name}: ${messageOf(why)}`,
    );
    const code = reasons.map(mismatchOf).find((one) => one !== undefined) ?? 'no_agreement';
    throw new MintFault(
      code,
      `chain ${chain}: ${answers.length} of ${nodes.length} nodes answer as ${contract.module} of hash ${contract.hash} would, ${quorum} are needed; nothing is sent. ${told.join('; ')}`,
    );
  }

  /** The mark and the time first: what is dead by them can't be mined by the time that the results are read. */
  async #look(node: ChainNode, batch: Batch, attempts: readonly Attempt[]): Promise<SeenView> {
    const keys = attempts.map(({ command }) => command.hash);
    const code = markCode(this.#deps.contract, batch);
    const { chain } = batch;
    const deepRead = await node.read(chain, code, FINAL_DEPTH);
    const mark = markOf(batch, deepRead.data);
    const settledMark = await this.#settledMark(node, batch, { code, height: deepRead.height, mark });
    const tip = withoutPastFailures(await node.results(chain, keys, 0), { batch, attempts });
    const deep = withoutPastFailures(await node.results(chain, keys, FINAL_DEPTH), { batch, attempts });
    const { blockTime: deepTime, height: deepHeight } = deepRead;
    const facts = { mark, settledMark, tip: outcomeOf(tip), deep: outcomeOf(deep), seen: seenOf(tip) };
    return { deepTime, deepHeight, ...facts };
  }

  /** Asked only of what can be so deep: nodes have no state before their genesis. */
  async #settledMark(
    node: ChainNode,
    batch: Batch,
    { code, height, mark }: { code: string; height: number; mark: Mark },
  ): Promise<Mark> {
    if (mark !== 'ours' || batch.state !== 'final' || batch.seen === undefined) return 'none';
    if (height + FINAL_DEPTH - batch.seen.height < SETTLED_DEPTH) return 'none';
    return markOf(batch, (await node.read(batch.chain, code, SETTLED_DEPTH)).data);
  }
}

/** A failure before the attempt that is under way was looked at by a person, who let the next one begin. */
function withoutPastFailures(
  results: ReadonlyMap<string, ChainResult>,
  { batch, attempts }: { batch: Batch; attempts: readonly Attempt[] },
): ReadonlyMap<string, ChainResult> {
  const past = new Set(
    attempts.filter(({ attempt }) => attempt < batch.attempt).map(({ command }) => command.hash),
  );
  return new Map([...results].filter(([key, { status }]) => status !== 'failed' || !past.has(key)));
}

function outcomeOf(results: ReadonlyMap<string, ChainResult>): Outcome {
  return together([...results.values()].map(({ status }) => status));
}

function rank({ status }: ChainResult): number {
  return ['badlisted', 'failed', 'applied'].indexOf(status);
}

/** Where what counts was first: nodes tell results in any order. */
function seenOf(results: ReadonlyMap<string, ChainResult>): Seen | undefined {
  const [first] = [...results.values()].toSorted(
    (a, b) => rank(b) - rank(a) || (a.block?.height ?? 0) - (b.block?.height ?? 0),
  );
  const block = first?.block;
  return block && { height: block.height, block: block.hash, gas: block.gas };
}

/** By what nodes answer where something is not as it is configured. */
function mismatchOf(reason: unknown): 'wrong_network' | 'wrong_contract' | undefined {
  if (reason instanceof ReadRefused && /hash|module/i.test(reason.message)) return 'wrong_contract';
  return /network id mismatch/i.test(messageOf(reason)) ? 'wrong_network' : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 300) : String(error);
}
