import { type Random, toBase64Url } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import { RequestError } from './agent-http.ts';
import { LongPollLink } from './long-poll-link.ts';

const MAX_LINKS = 20_000;
/** How long an agent may still fetch what was said to it before its link was closed. */
const LINGER_MS = 60_000;

/** The long-poll links of this instance, by an unguessable name. */
export class LongPolls {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #links = new Map<string, LongPollLink>();

  constructor(by: { clock: Clock; random: Random }) {
    this.#clock = by.clock;
    this.#random = by.random;
  }

  /** @throws RequestError 503 where there is no room. */
  open(address: string): { id: string; link: LongPollLink } {
    if (this.#links.size >= MAX_LINKS)
      throw new RequestError(503, 'throttled', 'this instance has no room for another long-poll session', {
        'retry-after': '10',
      });
    const id = toBase64Url(this.#random(24));
    const onGone = () => this.#clock.after(LINGER_MS, () => this.#links.delete(id));
    const link = new LongPollLink({ clock: this.#clock, address, onGone });
    this.#links.set(id, link);
    return { id, link };
  }

  /** @throws RequestError 410 where there is no such session. */
  find(id: string): LongPollLink {
    const link = this.#links.get(id);
    if (link === undefined)
      throw new RequestError(410, 'session_gone', 'this instance knows no such session', {
        'stoa-close': '1006',
      });
    return link;
  }

  close(id: string): void {
    this.#links.get(id)?.close(1000, 'the agent left');
    this.#links.delete(id);
  }
}
