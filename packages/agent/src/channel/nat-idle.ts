import { join } from 'node:path';
import { record, toBase64Url, u32, u64 } from '@stoa/protocol';
import { AGENT_PATH } from '#channel/transport.ts';
import { type Clock, sleep } from '#clock.ts';
import type { Disk } from '#disk.ts';
import { describeError } from '#error.ts';
import type { Http } from '#http.ts';
import { HttpError } from '#http-error.ts';
import type { Log } from '#log.ts';
import { type Random, uniform } from '#random.ts';
import { type RecordKind, readRecord, writeRecord } from '#record-line.ts';

export interface IdleRequest {
  origin: string;
  /** Re-entry cookie: the hub measures for known nodes only. */
  cookie: Uint8Array;
  seconds: number;
}

/** Whether a connection that was silent for so long still carries an answer; undefined where that can't be told. */
export type IdleProbe = (request: IdleRequest, signal: AbortSignal) => Promise<boolean | undefined>;

/** Slow answers are no drops. */
const GRACE_MS = 15_000;

/** On a connection of its own: `http` must keep none. */
export function createIdleProbe({ http }: { http: Http }): IdleProbe {
  return async ({ origin, cookie, seconds }, signal) => {
    try {
      const { status } = await http.request({
        url: `${origin}${AGENT_PATH}/idle?seconds=${seconds}`,
        headers: { 'stoa-cookie': toBase64Url(cookie) },
        timeoutMs: seconds * 1_000 + GRACE_MS,
        signal,
      });
      return status === 204 ? true : undefined;
    } catch (error) {
      const dropped = error instanceof HttpError && ['http_timeout', 'http_reset'].includes(error.code);
      return dropped ? false : undefined;
    }
  };
}

export interface Measured {
  /** Longest silence that was survived, ms. */
  idleMs: number;
  /** By the hub's clock, ms since 1970. */
  measuredAt: number;
}

const measuredKind: RecordKind<Measured> = {
  name: 'stoa-nat-idle-1',
  codec: record({ idleMs: u32, measuredAt: u64 }),
};

/** What a node's directory holds of it. @throws RecordDamagedError, DiskError */
export function readNatIdle(disk: Disk, nodeDirectory: string): Promise<Measured | undefined> {
  return readRecord(disk, pathIn(nodeDirectory), measuredKind);
}

function pathIn(nodeDirectory: string): string {
  return join(nodeDirectory, 'nat-idle');
}

const RISING_S = [30, 60, 120, 240, 480, 900];
/** So near to the limit is near enough. */
const PRECISION = 0.1;
/** Into a session, so that a fleet that reconnected does not measure as one. */
const START_MS = { least: 60_000, most: 30 * 60_000 };
const VALID_MS = { least: 5 * 86_400_000, most: 9 * 86_400_000 };

export interface NatIdleOptions {
  clock: Clock;
  random: Random;
  disk: Disk;
  nodeDirectory: string;
  log: Log;
  probe: IdleProbe | undefined;
  hubNow: () => number | undefined;
  /** A new figure is there. */
  measured: () => void;
}

/**
 * How long the NATs and proxies on the way to the hub remember a silent connection: measured in the background of a
 * session by longer and longer silences, then by bisection; kept for a week. Pings follow from it.
 */
export class NatIdle {
  readonly #options: NatIdleOptions;
  #known: Measured | undefined;
  #abort: AbortController | undefined;

  private constructor(options: NatIdleOptions, known: Measured | undefined) {
    this.#options = options;
    this.#known = known;
  }

  /** @throws RecordDamagedError, DiskError */
  static async open(options: NatIdleOptions): Promise<NatIdle> {
    return new NatIdle(options, await readNatIdle(options.disk, options.nodeDirectory));
  }

  get idleMs(): number | undefined {
    return this.#known?.idleMs;
  }

  get measuredAt(): number | undefined {
    return this.#known?.measuredAt;
  }

  /** A session stands; measures in its background if the last figure is old. */
  start(target: Omit<IdleRequest, 'seconds'>): void {
    this.stop();
    const { probe, log } = this.#options;
    if (probe === undefined || !this.#due()) return;
    const abort = new AbortController();
    this.#abort = abort;
    this.#measure(target, probe, abort.signal).catch((error: unknown) => {
      if (!abort.signal.aborted) log.warn('nat-idle-unmeasured', { ...describeError(error) });
    });
  }

  /** The session is over, and with it what was being measured: the way may have changed. */
  stop(): void {
    this.#abort?.abort();
    this.#abort = undefined;
  }

  #due(): boolean {
    const now = this.#options.hubNow();
    if (this.#known === undefined || now === undefined) return true;
    return now - this.#known.measuredAt > uniform(this.#options.random, VALID_MS.least, VALID_MS.most);
  }

  async #measure(target: Omit<IdleRequest, 'seconds'>, probe: IdleProbe, signal: AbortSignal): Promise<void> {
    const { clock, random, disk, nodeDirectory, log, hubNow, measured } = this.#options;
    await sleep(clock, uniform(random, START_MS.least, START_MS.most), signal);
    const survives = async (seconds: number): Promise<boolean | undefined> => {
      const first = await probe({ ...target, seconds }, signal);
      // One loss may be the network's; two are the NAT's.
      return first === false ? probe({ ...target, seconds }, signal) : first;
    };
    const seconds = await longestSilence(survives);
    signal.throwIfAborted();
    if (seconds === undefined) return;
    const known = { idleMs: seconds * 1_000, measuredAt: Math.round(hubNow() ?? 0) };
    await writeRecord(disk, pathIn(nodeDirectory), measuredKind, known);
    this.#known = known;
    log.info('nat-idle-measured', { seconds });
    measured();
  }
}

/** Undefined as soon as a probe can't tell. */
export async function longestSilence(
  survives: (seconds: number) => Promise<boolean | undefined>,
): Promise<number | undefined> {
  let low = 0;
  let high: number | undefined;
  for (const seconds of RISING_S) {
    const survived = await survives(seconds);
    if (survived === undefined) return undefined;
    if (!survived) {
      high = seconds;
      break;
    }
    low = seconds;
  }
  while (high !== undefined && high - low > Math.max(2, PRECISION * high)) {
    const middle = Math.round((low + high) / 2);
    const survived = await survives(middle);
    if (survived === undefined) return undefined;
    if (survived) low = middle;
    else high = middle;
  }
  return low;
}
