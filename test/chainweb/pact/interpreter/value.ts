import { PactFailure } from '../module.ts';
import { Decimal, type PactValue, sameValue } from '../value.ts';

/** A moment, as `block-time` is one. */
export class Time {
  /** Microseconds since 1970. */
  readonly micros: bigint;

  constructor(micros: bigint) {
    this.micros = micros;
  }
}

/** A lambda, a function of a module or a native, with what it was given so far. */
export class Closure {
  readonly arity: number;
  readonly apply: (args: readonly Value[]) => Value;

  constructor(arity: number, apply: (args: readonly Value[]) => Value) {
    this.arity = arity;
    this.apply = apply;
  }
}

export type Value =
  | string
  | number
  | boolean
  | Decimal
  | Time
  | Closure
  | readonly Value[]
  | { readonly [name: string]: Value };

/** @throws PactFailure unless the value is of the type; a type that is not written holds for everything. */
export function requireType(value: Value, type: string | undefined, of: string): Value {
  if (type === undefined || isOf(value, type)) return value;
  throw new PactFailure(`Type error: expected ${type}, got ${shown(value)} for ${of}`);
}

function isOf(value: Value, type: string): boolean {
  if (type.startsWith('[')) return isList(value) && value.every((each) => isOf(each, type.slice(1, -1)));
  if (type === 'integer') return typeof value === 'number';
  if (type === 'decimal') return value instanceof Decimal;
  if (type === 'string') return typeof value === 'string';
  if (type === 'bool') return typeof value === 'boolean';
  return typeof value === 'object';
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

export function isObject(value: Value | undefined): value is { readonly [name: string]: Value } {
  return typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
}

/** What may be stored, returned and compared. */
export function plain(value: Value): PactValue {
  if (value instanceof Time || value instanceof Closure)
    throw new PactFailure(`Type error: expected a value, got ${shown(value)}`);
  if (isList(value)) return value.map(plain);
  return isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]))
    : (value as PactValue);
}

export function isSame(a: Value, b: Value): boolean {
  return sameValue(sorted(plain(a)), sorted(plain(b)));
}

/** Objects are equal whatever the order of their fields. */
function sorted(value: PactValue): PactValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value as Value)) return value;
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, each]) => [name, sorted(each as PactValue)]));
}

export function shown(value: Value | undefined): string {
  if (value instanceof Closure) return 'a function';
  if (value instanceof Time) return `the time ${value.micros}`;
  return value instanceof Decimal ? value.toString() : JSON.stringify(value);
}
