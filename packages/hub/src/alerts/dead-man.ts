import type { Task } from '../ticker.ts';
import { type Egress, mustTake } from './egress.ts';

const PATIENCE_MS = 10_000;

/**
 * A dead hub can alert nobody: while this one is healthy it says so each minute to a service elsewhere, which raises the
 * alarm when it hears no more. Nothing is sent where the hub can not reach its database.
 */
export class DeadMan implements Task {
  readonly name = 'dead-man';
  readonly periodMs = 60_000;
  readonly #url: URL;
  readonly #egress: Egress;
  readonly #healthy: () => Promise<void>;

  /** @param by.healthy rejects where the hub is not. */
  constructor(by: { url: URL; egress: Egress; healthy: () => Promise<void> }) {
    this.#url = by.url;
    this.#egress = by.egress;
    this.#healthy = by.healthy;
  }

  async tick(): Promise<void> {
    await this.#healthy();
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const headers = { 'user-agent': 'stoa-hub' };
    mustTake(this.#url.hostname, await this.#egress.request(this.#url, { method: 'GET', headers, signal }));
  }
}
