import { type Clock, DeadlineError, type Timer, withDeadline } from '#clock.ts';
import type { Collector, Reading } from '#collectors/collector.ts';
import { AgentError, describeError, type ErrorDescription } from '#error.ts';
import type { Log } from '#log.ts';
import { type Random, uniform } from '#random.ts';

/** Code `probe_hung`: the run before has ignored its end, and a second one could hang beside it. */
export class ProbeHungError extends AgentError<'probe_hung'> {
  override readonly name = 'ProbeHungError';

  constructor(name: string, forMs: number) {
    super('probe_hung', `the collector '${name}' has not let go for ${Math.round(forMs)} ms`, {
      retry: true,
    });
  }
}

export interface ProbeDeps {
  clock: Clock;
  random: Random;
  log: Log;
}

/**
 * Runs one collector. F29: a run is cut at its time-out, and what it holds (a thread of the pool, a socket) it can hold
 * only once: until its promise settles, later turns are skipped and say so. Periods are spread by a tenth.
 */
export class Probe<T> {
  readonly #collector: Collector<T>;
  readonly #deps: ProbeDeps;
  readonly #listeners = new Set<(value: T) => void>();
  #good: { value: T; at: number } | undefined;
  #failure: { error: ErrorDescription; at: number } | undefined;
  /** Start of a run that has not settled, be it cut or not. */
  #heldSince: number | undefined;
  #turn: Promise<void> | undefined;
  #timer: Timer | undefined;
  #signal: AbortSignal = AbortSignal.abort();

  constructor(collector: Collector<T>, deps: ProbeDeps) {
    this.#collector = collector;
    this.#deps = deps;
  }

  /** The first run begins at once; the abort of the signal ends everything at once. */
  start(signal: AbortSignal): void {
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#timer?.cancel(), { once: true });
    this.#runAndSchedule();
    this.#follow(signal);
  }

  /** Runs now, or joins the run under way; never rejects. */
  run(): Promise<void> {
    this.#turn ??= this.#take().finally(() => {
      this.#turn = undefined;
    });
    return this.#turn;
  }

  onValue(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  reading(): Reading<T> {
    const now = this.#deps.clock.monotonic();
    const { timeoutMs } = this.#collector;
    return {
      value: this.#good?.value,
      ageMs: this.#good && now - this.#good.at,
      error: this.#failure && { ...this.#failure.error, ageMs: now - this.#failure.at },
      hung: this.#heldSince !== undefined && now - this.#heldSince > timeoutMs,
    };
  }

  #runAndSchedule(): void {
    this.#timer?.cancel();
    void this.run().then(() => {
      if (this.#signal.aborted) return;
      const mean = this.#collector.periodMs();
      const period = uniform(this.#deps.random, 0.9 * mean, 1.1 * mean);
      this.#timer?.cancel();
      this.#timer = this.#deps.clock.after(period, () => this.#runAndSchedule());
    });
  }

  async #take(): Promise<void> {
    const { clock } = this.#deps;
    const { name, timeoutMs } = this.#collector;
    if (this.#heldSince !== undefined)
      return this.#fail(new ProbeHungError(name, clock.monotonic() - this.#heldSince));
    const signal = this.#signal.aborted ? undefined : this.#signal;
    try {
      this.#publish(
        await withDeadline(clock, { ms: timeoutMs, what: `the collector '${name}'`, signal }, (inner) =>
          this.#hold(inner),
        ),
      );
    } catch (error) {
      if (!signal?.aborted) this.#fail(error);
    }
  }

  async #hold(signal: AbortSignal): Promise<T> {
    this.#heldSince = this.#deps.clock.monotonic();
    try {
      return await this.#collector.collect(signal);
    } finally {
      this.#heldSince = undefined;
    }
  }

  #publish(value: T): void {
    if (this.#failure) this.#deps.log.info('collector-recovered', { collector: this.#collector.name });
    this.#good = { value, at: this.#deps.clock.monotonic() };
    this.#failure = undefined;
    for (const listener of this.#listeners) listener(value);
  }

  #fail(thrown: unknown): void {
    const error = describeError(thrown);
    const known = this.#failure?.error.code === error.code;
    this.#failure = { error, at: this.#deps.clock.monotonic() };
    const fields = { collector: this.#collector.name, ...error };
    if (known) this.#deps.log.debug('collector-failed', fields);
    else if (thrown instanceof DeadlineError || thrown instanceof ProbeHungError)
      this.#deps.log.warn('collector-cut', fields);
    else this.#deps.log.info('collector-failed', fields);
  }

  #follow(signal: AbortSignal): void {
    const feed = {
      current: () => this.#good?.value,
      publish: (value: T) => {
        if (!signal.aborted) this.#publish(value);
      },
      refresh: () => {
        if (!signal.aborted) this.#runAndSchedule();
      },
    };
    this.#collector.follow?.(feed, signal).catch((error: unknown) => {
      if (!signal.aborted)
        this.#deps.log.error('collector-follow-ended', {
          collector: this.#collector.name,
          ...describeError(error),
        });
    });
  }
}
