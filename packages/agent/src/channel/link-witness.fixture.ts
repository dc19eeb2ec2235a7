import type { LinkEnd, LinkListener } from '#channel/transport.ts';

/** A listener that keeps what it is told. */
export class LinkWitness implements LinkListener {
  readonly messages: Uint8Array[] = [];
  readonly ends: LinkEnd[] = [];
  drains = 0;
  readonly #waiting: { until: () => boolean; resolve: () => void }[] = [];

  message(bytes: Uint8Array): void {
    this.messages.push(bytes);
    this.#look();
  }

  drained(): void {
    this.drains += 1;
    this.#look();
  }

  closed(end: LinkEnd): void {
    this.ends.push(end);
    this.#look();
  }

  /** Resolves by what the listener is told, never by time. */
  until(condition: (witness: this) => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ until: () => condition(this), resolve });
      this.#look();
    });
  }

  #look(): void {
    for (const { until, resolve } of this.#waiting) if (until()) resolve();
  }
}
