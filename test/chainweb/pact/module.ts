import type { Capability, Command } from './command.ts';
import type { Continuation } from './outcome.ts';
import type { Decimal, PactValue, Row } from './value.ts';

/** A failure of a contract: the transaction is mined, keeps no writes, and pays its whole gas limit. */
export class PactFailure extends Error {
  readonly type: string;

  constructor(message: string, type = 'EvalError') {
    super(message);
    this.type = type;
  }
}

export type Guard = { readonly pred: string; readonly keys: readonly string[] };

/** What a contract's function may do: a transaction in the midst of its execution, or a read. */
export interface Call {
  readonly command: Command;
  readonly chain: number;
  readonly height: number;
  /** Of the block's parent, as `(chain-data)` tells it; microseconds since 1970. */
  readonly blockTime: bigint;
  /** Tables are the module's own. Reads and writes pay as the gas table says. */
  read(table: string, key: string): Row | undefined;
  write(table: string, key: string, row: Row): void;
  /** Of a row that was read: pays for these fields alone. */
  update(table: string, key: string, changes: Row): void;
  /** @throws PactFailure where there is such a row */
  insert(table: string, key: string, row: Row): void;
  /** In thousandths of a gas. */
  charge(milligas: number): void;
  emit(name: string, params: readonly PactValue[]): void;
  /** @throws PactFailure unless enough of its keys signed for a capability that is in scope, or for everything */
  enforceGuard(guard: Guard): void;
  /** Runs the body with the capability in scope. */
  withCapability<T>(capability: Capability, body: () => T): T;
  /** The signer's own words for a managed capability whose limit holds. @throws PactFailure if there is none */
  managed(name: string, allows: (args: readonly PactValue[]) => boolean): Capability;
  /** What a pact hands to its step on another chain. */
  yield(to: Omit<Continuation, 'pactId' | 'executed'>): void;
  guardIn(name: string): Guard;
}

export interface PactModule {
  /** With its namespace. */
  readonly name: string;
  readonly hash: string;
  readonly functions: Readonly<Record<string, PactFunction>>;
  /** That its namespace defines, by full name. */
  readonly keysets?: Readonly<Record<string, Guard>>;
  /** Second steps of pacts, by the first one's function. */
  readonly steps?: Readonly<
    Record<string, (call: Call, yielded: Readonly<Record<string, PactValue>>) => PactValue>
  >;
}

export type PactFunction = (call: Call, args: readonly PactValue[]) => PactValue;

/** Types of arguments hold on a chain; a handler asks for them by these. */
export function text(value: PactValue | undefined): string {
  if (typeof value === 'string') return value;
  throw mismatch('string', value);
}

export function integer(value: PactValue | undefined): number {
  if (typeof value === 'number') return value;
  throw mismatch('integer', value);
}

export function list(value: PactValue | undefined): readonly PactValue[] {
  if (Array.isArray(value)) return value as readonly PactValue[];
  throw mismatch('list', value);
}

export function guard(value: PactValue | undefined): Guard {
  if (typeof value === 'object' && value !== null && 'keys' in value && 'pred' in value)
    return value as Guard;
  throw mismatch('guard', value);
}

export function decimal(value: PactValue | undefined): Decimal {
  if (typeof value === 'object' && 'units' in value) return value as Decimal;
  throw mismatch('decimal', value);
}

function mismatch(expected: string, value: PactValue | undefined): PactFailure {
  return new PactFailure(`Type error: expected ${expected}, got ${JSON.stringify(value)}`);
}
