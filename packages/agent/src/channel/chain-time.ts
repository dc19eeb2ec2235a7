import {
  type ChainwebNetwork,
  decodeHeader,
  type Header,
  hashBytes,
  hashText,
  networkByName,
  validateHeader,
} from '@stoa/protocol/chainweb';
import { type Clock, sleep } from '#clock.ts';
import { describeError } from '#error.ts';
import type { Log } from '#log.ts';
import type { FetchHeader, HeaderRef } from '#reports/header-replies.ts';

export interface ChainTimeOptions {
  clock: Clock;
  log: Log;
  network: string;
  tips: () => readonly HeaderRef[] | undefined;
  fetchHeader: FetchHeader;
}

const FIRST_MS = 2 * 60_000;
const PERIOD_MS = 60 * 60_000;

/**
 * Time as the node's own chain proves it: the median creation time of its tips, each checked by chainweb's rule against
 * its parent and its adjacent parents. No hub has a say in it, so none can turn it back.
 */
export class ChainTime {
  readonly #options: ChainTimeOptions;
  readonly #network: ChainwebNetwork | undefined;
  #proven: number | undefined;
  #abort: AbortController | undefined;

  constructor(options: ChainTimeOptions) {
    this.#options = options;
    this.#network = networkByName(options.network);
  }

  /** ms since 1970; undefined until most tips were checked. Only rises. */
  get proven(): number | undefined {
    return this.#proven;
  }

  start(): void {
    if (this.#network === undefined || this.#abort !== undefined) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#run(this.#network, abort.signal).catch((error: unknown) => {
      if (!abort.signal.aborted) throw error;
    });
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = undefined;
  }

  async #run(network: ChainwebNetwork, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    for (let delayMs = FIRST_MS; ; delayMs = PERIOD_MS) {
      await sleep(clock, delayMs, signal);
      try {
        await this.#measure(network, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        log.debug('chain-time-unproven', { ...describeError(error) });
      }
    }
  }

  async #measure(network: ChainwebNetwork, signal: AbortSignal): Promise<void> {
    const tips = this.#options.tips() ?? [];
    const headers = new Map<string, Header>();
    const fetch = async (tip: HeaderRef): Promise<Header> => {
      const name = hashText(tip.hash);
      const known = headers.get(name);
      if (known) return known;
      const header = decodeHeader(await this.#options.fetchHeader(tip, signal));
      headers.set(name, header);
      return header;
    };
    const times: number[] = [];
    for (const tip of tips) {
      const header = await fetch(tip);
      if (header.hash === hashText(tip.hash) && (await holds(header, network, fetch)))
        times.push(Number(header.creationTime / 1_000n));
    }
    if (times.length * 2 <= network.graph.length) return;
    const median = times.sort((a, b) => a - b)[times.length >> 1]!;
    this.#proven = Math.max(this.#proven ?? 0, median);
  }
}

async function holds(
  header: Header,
  network: ChainwebNetwork,
  fetch: (tip: HeaderRef) => Promise<Header>,
): Promise<boolean> {
  const parent = await fetch({ chain: header.chain, hash: hashBytes(header.parent) });
  const adjacentParents = new Map<number, Header>();
  for (const { chain, hash } of header.adjacents)
    adjacentParents.set(chain, await fetch({ chain, hash: hashBytes(hash) }));
  // Its own time as the present: what the future is, is the question here.
  const now = header.creationTime;
  return validateHeader(header, { network, parent, adjacentParents, now }).valid;
}
