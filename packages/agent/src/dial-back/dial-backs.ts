import {
  type DialBack,
  type DialBackOutcome,
  type DialBackReport,
  dialBackKind,
  type EncodedMessage,
  encodeAgentMessage,
  type SigningKey,
  seal,
} from '@stoa/protocol';
import type { Clock } from '#clock.ts';
import type { Look, LookTarget, Sight } from '#dial-back/look.ts';
import { mayLook } from '#dial-back/look.ts';
import { describeError } from '#error.ts';
import { HttpError } from '#http-error.ts';
import type { Log } from '#log.ts';

/** What the operator lets a hub have this agent look at. */
export interface DialBackConsent {
  readonly look: Look;
  /** Addresses besides the public internet. */
  readonly besides: (address: string) => boolean;
}

export interface DialBacksOptions extends DialBackConsent {
  readonly clock: Clock;
  readonly log: Log;
  readonly nodeId: Uint8Array;
  readonly key: () => SigningKey;
  readonly send: (message: EncodedMessage) => void;
}

/** Looks at once, a minute, and at one address: whatever a hub says, this host is no scanner. */
const AT_ONCE = 2;
const A_MINUTE = 10;
const APART_MS = 60_000;
const MINUTE_MS = 60_000;

/**
 * Looks at other nodes' P2P ports for the hub (gate 7) and tells what it saw, signed by this node's key. One `GET …/cut` to a
 * public address each, few at a time.
 */
export class DialBacks {
  readonly #options: DialBacksOptions;
  #session = new AbortController();
  #underWay = 0;
  /** Times of looks within the last minute, by address and port. */
  readonly #recent = new Map<string, number>();

  constructor(options: DialBacksOptions) {
    this.#options = options;
  }

  request(asked: DialBack): void {
    const target = { host: asked.host, port: asked.port, network: asked.network };
    // Of a frame that is not ours to keep.
    const named = { nonce: asked.nonce.slice(), target: asked.target.slice() };
    const startedMs = this.#options.clock.monotonic();
    const tell = (outcome: DialBackOutcome, sight: Sight = { fingerprint: '', height: 0 }): void => {
      const tookMs = Math.round(this.#options.clock.monotonic() - startedMs);
      this.#tell({ ...named, host: asked.host, port: asked.port, outcome, ...sight, tookMs });
    };
    if (!this.#allows(target)) {
      tell('refused');
      return;
    }
    void this.#look(target, tell);
  }

  /** The session is over: nobody waits for what is under way. */
  lost(): void {
    this.#session.abort();
    this.#session = new AbortController();
  }

  async #look(target: LookTarget, tell: (outcome: DialBackOutcome, sight?: Sight) => void): Promise<void> {
    const { look, log } = this.#options;
    const { signal } = this.#session;
    this.#underWay += 1;
    try {
      tell('answered', await look(target, signal));
    } catch (error) {
      if (signal.aborted) return;
      log.debug('dial-back-failed', { host: target.host, port: target.port, ...describeError(error) });
      tell(error instanceof HttpError ? 'unreachable' : 'not-chainweb');
    } finally {
      this.#underWay -= 1;
    }
  }

  #allows(target: LookTarget): boolean {
    const { clock, besides } = this.#options;
    const now = clock.monotonic();
    for (const [place, at] of this.#recent) if (now - at >= MINUTE_MS) this.#recent.delete(place);
    const place = `${target.host} ${target.port}`;
    const last = this.#recent.get(place) ?? Number.NEGATIVE_INFINITY;
    if (this.#underWay >= AT_ONCE || this.#recent.size >= A_MINUTE || now - last < APART_MS) return false;
    if (!mayLook(target, besides)) return false;
    this.#recent.set(place, now);
    return true;
  }

  #tell(report: Omit<DialBackReport, 'dialler'>): void {
    const { nodeId, key, send } = this.#options;
    const sealed = seal(dialBackKind, { ...report, dialler: nodeId }, key());
    send(encodeAgentMessage('dialBackResult', { sealed }));
  }
}
