import { type Guard, PactFailure } from '../module.ts';
import { Decimal } from '../value.ts';
import { type Closure, isList, isObject, isSame, shown, Time, type Value } from './value.ts';

/** A native with its milligas: what it costs at all, and for each element of its first list. */
export interface Native {
  readonly arity: number;
  readonly cost: number;
  readonly each: number;
  readonly run: (...args: never[]) => Value;
}

const UNIT = 10n ** BigInt(Decimal.PLACES);

function of(arity: number, cost: number, run: (...args: never[]) => Value, each = 0): Native {
  return { arity, cost, each, run };
}

function number(a: Value): number {
  if (typeof a === 'number') return a;
  throw new PactFailure(`Type error: expected integer, got ${shown(a)}`);
}

/** Integers as they are, decimals by their units; a pair of both is none. */
function numbers(a: Value, b: Value): readonly [bigint, bigint] {
  if (a instanceof Decimal && b instanceof Decimal) return [a.units, b.units];
  return [BigInt(number(a)), BigInt(number(b))];
}

function exact(value: bigint): number {
  const result = Number(value);
  if (Number.isSafeInteger(result)) return result;
  throw new RangeError(`${value} is beyond what is simulated`);
}

const like = (a: Value, value: bigint): Value => (a instanceof Decimal ? new Decimal(value) : exact(value));

function floorDiv(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new PactFailure('Arithmetic exception: div by zero');
  return a / b - (a % b !== 0n && a < 0n !== b < 0n ? 1n : 0n);
}

function plus(a: Value, b: Value): Value {
  if (typeof a === 'string' && typeof b === 'string') return a + b;
  if (isList(a) && isList(b)) return [...a, ...b];
  const [x, y] = numbers(a, b);
  return like(a, x + y);
}

function compare(holds: (a: bigint, b: bigint) => boolean): Native {
  return of(2, 90, (a: Value, b: Value) => holds(...numbers(a, b)));
}

function at(key: Value, from: Value): Value {
  const found = isList(from) ? from[number(key)] : isObject(from) ? from[String(key)] : undefined;
  if (found === undefined) throw new PactFailure(`at: no ${shown(key)} in ${shown(from).slice(0, 60)}`);
  return found;
}

/** From the front, or the back where it is negative; never past the other end. */
function drop(count: number, from: readonly Value[]): Value {
  return count >= 0 ? from.slice(count) : from.slice(0, Math.max(0, from.length + count));
}

function enumerate(from: number, to: number): Value {
  const step = to >= from ? 1 : -1;
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, i) => from + i * step);
}

function format(template: string, values: readonly Value[]): Value {
  const rest = [...values];
  return template.replaceAll('{}', () => {
    const value = rest.shift();
    return typeof value === 'string' ? value : shown(value);
  });
}

/** What the register is written with; each does what Pact 5 says it does, and costs what its table says. */
export const NATIVES: Readonly<Record<string, Native>> = {
  '+': of(2, 130, plus),
  '-': of(2, 130, (a: Value, b: Value) => like(a, numbers(a, b)[0] - numbers(a, b)[1])),
  '*': of(2, 130, (a: number, b: number) => number(a) * number(b)),
  '/': of(2, 130, (a: Value, b: Value) => {
    const [x, y] = numbers(a, b);
    return a instanceof Decimal ? new Decimal(floorDiv(x * UNIT, y)) : exact(floorDiv(x, y));
  }),
  mod: of(2, 130, (a: number, b: number) => a - number(b) * exact(floorDiv(...numbers(a, b)))),
  floor: of(1, 25, (a: Decimal) => exact(floorDiv(a.units, UNIT))),
  '<': compare((a, b) => a < b),
  '<=': compare((a, b) => a <= b),
  '>': compare((a, b) => a > b),
  '>=': compare((a, b) => a >= b),
  '=': of(2, 100, (a: Value, b: Value) => isSame(a, b)),
  not: of(1, 25, (a: boolean) => !a),
  at: of(2, 100, at),
  length: of(1, 25, (list: readonly Value[] | string) => list.length),
  drop: of(2, 25, drop),
  take: of(2, 100, (count: number, from: string | readonly Value[]) => from.slice(0, count)),
  // Of a keyset alone. The name of more than one key is a hash, which nobody compares.
  'create-principal': of(1, 1_000, ({ keys, pred }: Guard) => {
    const [key = ''] = keys;
    return keys.length === 1 && pred === 'keys-all' && /^[0-9a-f]{64}$/.test(key) ? `k:${key}` : `w:${pred}`;
  }),
  contains: of(2, 25, (a: Value, list: readonly Value[]) => list.some((each) => isSame(a, each)), 25),
  enumerate: of(2, 100, enumerate),
  'make-list': of(2, 100, (count: number, value: Value) => Array.from({ length: count }, () => value)),
  'int-to-str': of(2, 200, (base: number, value: number) => number(value).toString(base)),
  format: of(2, 500, format),
  time: of(1, 2_000, (text: string) => new Time(BigInt(Date.parse(text)) * 1_000n)),
  'diff-time': of(2, 8_000, (a: Time, b: Time) => new Decimal((a.micros - b.micros) * 10n ** 6n)),
  fold: of(
    3,
    100,
    (f: Closure, from: Value, list: readonly Value[]) => {
      return list.reduce((all: Value, each) => f.apply([all, each]), from);
    },
    100,
  ),
  map: of(2, 100, (f: Closure, list: readonly Value[]) => list.map((each) => f.apply([each])), 100),
  zip: of(
    3,
    100,
    (f: Closure, a: readonly Value[], b: readonly Value[]) => {
      return a.slice(0, b.length).map((each, i) => f.apply([each, b[i]!]));
    },
    100,
  ),
  filter: of(
    2,
    100,
    (f: Closure, list: readonly Value[]) => list.filter((each) => f.apply([each]) === true),
    100,
  ),
  where: of(3, 100, (name: string, f: Closure, object: Value) => f.apply([at(name, object)])),
};
