import { hashBytes, isHash } from '@stoa/protocol/chainweb';
import { sleep, type Timer } from '#clock.ts';
import { type ChainwebDeps, networkPath } from '#collectors/chainweb-api.ts';
import type { Feed } from '#collectors/collector.ts';
import type { ChainTip, Cut } from '#collectors/cut.ts';
import { readEvents } from '#collectors/sse.ts';
import { HttpError } from '#http-error.ts';
import { type Random, uniform } from '#random.ts';

export interface FollowerDeps extends ChainwebDeps {
  random: Random;
}

const HEADERS_TIMEOUT_MS = 5000;
/** Ten chains find a block every 3 s together; a stream as silent as this is dead, or the network stands still. */
const SILENCE_MS = 120_000;
/** A node without `--header-stream` answers 404 until its owner restarts it otherwise. */
const NOT_OFFERED_MS = 3_600_000;
const RETRY_MS = [10_000, 30_000] as const;

/**
 * Follows `/header/updates`: off → (200) streaming → (cut, or silent) off. The node may close the stream at any time. A
 * reorganisation shows only as new headers at heights already seen, so the newest header of a chain is its tip, be it
 * higher or lower than the one before.
 */
export class HeaderFollower {
  readonly #deps: FollowerDeps;
  #streaming = false;

  constructor(deps: FollowerDeps) {
    this.#deps = deps;
  }

  get streaming(): boolean {
    return this.#streaming;
  }

  /** Ends only by the signal. */
  async run(feed: Feed<Cut>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const offered = await this.#streamOnce(feed, signal);
      const [low, high] = RETRY_MS;
      const pauseMs = offered ? uniform(this.#deps.random, low, high) : NOT_OFFERED_MS;
      await sleep(this.#deps.clock, pauseMs, signal).catch(() => undefined);
    }
  }

  /** Whether the node offers the stream, as far as it could be asked. */
  async #streamOnce(feed: Feed<Cut>, signal: AbortSignal): Promise<boolean> {
    const { http, serviceUrl, network } = this.#deps;
    const url = `${serviceUrl}${networkPath(network)}/header/updates`;
    const headers = { accept: 'text/event-stream' };
    try {
      const stream = await http.stream({ url, headers, timeoutMs: HEADERS_TIMEOUT_MS, signal });
      try {
        if (stream.status !== 200) return stream.status !== 404;
        this.#streaming = true;
        // The cut of now, since headers found before the stream opened never come; it also slows the polling.
        feed.refresh();
        await this.#publishEvents(feed, stream, url);
      } finally {
        stream.close();
      }
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
    } finally {
      if (this.#streaming) {
        this.#streaming = false;
        feed.refresh();
      }
    }
    return true;
  }

  async #publishEvents(
    feed: Feed<Cut>,
    stream: { chunks: AsyncIterable<Uint8Array>; close(): void },
    url: string,
  ): Promise<void> {
    let silence: Timer | undefined;
    const listen = (): void => {
      silence?.cancel();
      silence = this.#deps.clock.after(SILENCE_MS, () => stream.close());
    };
    try {
      listen();
      for await (const { name, data } of readEvents(stream.chunks, url)) {
        listen();
        const tip = name === 'BlockHeader' ? tipOf(data, url) : undefined;
        const cut = feed.current();
        if (tip && cut) feed.publish(withTip(cut, tip));
      }
    } finally {
      silence?.cancel();
    }
  }
}

function withTip(cut: Cut, tip: ChainTip): Cut {
  const tips = cut.tips.map((known) => (known.chain === tip.chain ? tip : known));
  return { ...cut, tips, height: tips.reduce((sum, { height }) => sum + height, 0), source: 'stream' };
}

/** Only three fields are looked at, none of which is among those that JSON.parse would round. */
function tipOf(data: string, url: string): ChainTip {
  const malformed = (cause?: unknown): HttpError =>
    new HttpError('http_malformed', url, { detail: 'an event without a header', cause });
  let event: unknown;
  try {
    event = JSON.parse(data);
  } catch (cause) {
    throw malformed(cause);
  }
  const header = field(event, 'header');
  const [chain, height, hash] = ['chainId', 'height', 'hash'].map((name) => field(header, name));
  if (!isCount(chain) || !isCount(height) || !isHash(hash)) throw malformed();
  return { chain, height, hash: hashBytes(hash) };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
