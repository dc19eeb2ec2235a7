import type { ErrorDescription } from '#error.ts';

/** One thing that the agent finds out again and again. */
export interface Collector<T> {
  readonly name: string;
  /** From the end of one run to the start of the next; asked anew after each run. */
  periodMs(): number;
  readonly timeoutMs: number;
  /** Must give up when the signal aborts. While a run has not let go, no other is started. */
  collect(signal: AbortSignal): Promise<T>;
  /** Runs beside the collections while the set runs; must end when the signal aborts. */
  follow?(feed: Feed<T>, signal: AbortSignal): Promise<void>;
}

export interface Feed<T> {
  /** The last value, if there is one. */
  current(): T | undefined;
  publish(value: T): void;
  /** Asks for a collection now, and schedules the next by the period of now. */
  refresh(): void;
}

/** Ages count from the moment of asking, in ms of the monotonic clock. */
export interface Reading<T> {
  /** The last good value; it stays while later runs fail, so look at its age. */
  readonly value: T | undefined;
  readonly ageMs: number | undefined;
  /** Of the last run, if that failed. */
  readonly error: (ErrorDescription & { readonly ageMs: number }) | undefined;
  /** A run is past its time-out and has not let go. */
  readonly hung: boolean;
}
