import { CLOSE, type Random, toBase64Url } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import { RequestError } from './agent-http.ts';
import { LongPollLink } from './long-poll-link.ts';

const MAX_LINKS = 20_000;

/** The long-poll links of this instance, by an unguessable name. */
export class LongPolls {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #links = new Map<string, LongPollLink>();

  constructor(by: { clock: Clock; random: Random }) {
    this.#clock = by.clock;
    this.#random = by.random;
  }

  open(address: string): { id: string; link: LongPollLink } {
    if (this.#links.size >= MAX_LINKS) this.#forgetClosed();
    if (this.#links.size >= MAX_LINKS)
      throw new RequestError(503, 'throttled', 'this instance has no room for another long-poll session');
    const id = toBase64Url(this.#random(24));
    const link = new LongPollLink({ clock: this.#clock, address });
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
    if (link.closed !== undefined && link.buffered === 0) this.#links.delete(id);
    return link;
  }

  close(id: string): void {
    this.#links.get(id)?.close(1000, 'the agent left');
    this.#links.delete(id);
  }

  closeAll(): void {
    for (const link of this.#links.values()) link.close(CLOSE.goingAway, 'the hub stops');
    this.#links.clear();
  }

  #forgetClosed(): void {
    for (const [id, link] of this.#links) if (link.closed !== undefined) this.#links.delete(id);
  }
}
