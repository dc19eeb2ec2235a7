import type { Collector, Reading } from '#collectors/collector.ts';
import { Probe, type ProbeDeps } from '#collectors/probe.ts';

type Collectors<T> = { readonly [K in keyof T]: Collector<T[K]> };
type Probes<T> = { readonly [K in keyof T]: Probe<T[K]> };
export type Readings<T> = { readonly [K in keyof T]: Reading<T[K]> };

/** Runs collectors beside each other; none can hold up another, or whoever reads them. */
export class CollectorSet<T> {
  readonly #probes: Probes<T>;
  #stop: AbortController | undefined;

  constructor(collectors: Collectors<T>, deps: ProbeDeps) {
    const entries = Object.entries<Collector<unknown>>(collectors as Record<string, Collector<unknown>>);
    this.#probes = Object.fromEntries(
      entries.map(([name, collector]) => [name, new Probe(collector, deps)]),
    ) as unknown as Probes<T>;
  }

  /** Idempotent. */
  start(): void {
    if (this.#stop) return;
    this.#stop = new AbortController();
    for (const probe of this.#all()) probe.start(this.#stop.signal);
  }

  /** F33: returns at once; no timer stays, and no listener is called any more. Idempotent. */
  stop(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }

  reading<K extends keyof T>(name: K): Reading<T[K]> {
    return this.#probes[name].reading();
  }

  readings(): Readings<T> {
    const entries = Object.entries<Probe<unknown>>(this.#probes as Record<string, Probe<unknown>>);
    return Object.fromEntries(
      entries.map(([name, probe]) => [name, probe.reading()]),
    ) as unknown as Readings<T>;
  }

  /** Collects now, or joins the run under way. Resolves at the collector's time-out at the latest. */
  async refresh<K extends keyof T>(name: K): Promise<Reading<T[K]>> {
    await this.#probes[name].run();
    return this.reading(name);
  }

  /** Called with each new value; returns the way to stop that. */
  onValue<K extends keyof T>(name: K, listener: (value: T[K]) => void): () => void {
    return this.#probes[name].onValue(listener);
  }

  #all(): Array<Probe<unknown>> {
    return Object.values<Probe<unknown>>(this.#probes as Record<string, Probe<unknown>>);
  }
}
