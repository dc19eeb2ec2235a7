import { Decimal, type PactValue, type Row } from './value.ts';

/**
 * What the bytes of a command cost before anything runs: ceil(n/100 + (n/51200)^7), exactly, as Pact 5's
 * `initialGasOf` does.
 */
export function sizeGas(bytes: number): number {
  const n = BigInt(bytes);
  const free = 51_200n ** 7n;
  return Number((n * free + n ** 7n * 100n + 100n * free - 1n) / (100n * free));
}

/** Thousandths of a gas, from Pact 5's table model. */
export const milligas = {
  read: (row: Row | undefined): number => 2_500 + (row === undefined ? 0 : 100 * rowBytes(row)),
  write: (row: Row): number => 25_000 + 200 * rowBytes(row),
  guard: 2_000,
  event: 1_000,
  call: 500,
} as const;

/** As Pact's SizeOf counts a row. */
function rowBytes(row: Row): number {
  return Object.entries(row).reduce((sum, [name, value]) => sum + 5 + name.length + valueBytes(value), 5);
}

function valueBytes(value: PactValue): number {
  if (typeof value === 'string') return 8 + Buffer.byteLength(value);
  if (typeof value === 'number') return 12;
  if (typeof value === 'boolean') return 5;
  if (value instanceof Decimal) return 14;
  if (Array.isArray(value)) return value.reduce((sum: number, each: PactValue) => sum + valueBytes(each), 7);
  return rowBytes(value as Row);
}
