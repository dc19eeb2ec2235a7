import { cpus } from 'node:os';

/** What a bench measured. `better` says which way is good; a peer that is not installed is null and never helps to pass. */
export interface BenchResult {
  readonly bench: string;
  readonly value: number;
  readonly unit: string;
  readonly target: number;
  readonly better: 'higher' | 'lower';
  readonly peer: { readonly name: string; readonly value: number } | null;
  /** Ours over the peer's, where there is one. */
  readonly ratio: number | null;
  readonly pass: boolean;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly machine: string;
}

export interface BenchOptions {
  /** Bigger sizes and soaks. */
  readonly long: boolean;
  /** Progress, for people. */
  readonly say: (text: string) => void;
}

export type Bench = (options: BenchOptions) => Promise<BenchResult>;

export function machine(): string {
  const all = cpus();
  return `${all.length} x ${all[0]?.model ?? 'unknown'}, Node ${process.versions.node}`;
}

type Measured = Omit<BenchResult, 'machine' | 'pass' | 'ratio'> & { pass?: boolean };

/** Fills in what follows from the figures: `pass` is the target met, unless the bench says more. */
export function result(measured: Measured): BenchResult {
  const { value, target, better, peer } = measured;
  const met = better === 'higher' ? value >= target : value <= target;
  return {
    ...measured,
    ratio: peer === null || peer.value === 0 ? null : round(value / peer.value),
    pass: measured.pass ?? met,
    machine: machine(),
  };
}

export function round(value: number, digits = 3): number {
  return Number(value.toPrecision(digits));
}

export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** CPU milliseconds of this process while the task runs. */
export async function cpuOf(task: () => Promise<void> | void): Promise<number> {
  const before = process.cpuUsage();
  await task();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
