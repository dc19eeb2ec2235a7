/**
 * The curve of Ed25519 in plain integers: slow, and independent of every library, to make the signatures that no honest
 * signer makes.
 */
import { createHash } from 'node:crypto';

export interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

const P = 2n ** 255n - 19n;
/** The order of the base point. */
export const L: bigint = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = mod(-121665n * inverse(121666n));

function mod(value: bigint, by = P): bigint {
  return ((value % by) + by) % by;
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, mod(base)];
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
}

function inverse(value: bigint): bigint {
  return power(value, P - 2n);
}

/** The point with this y and parity of x, undefined where there is none on the curve. */
export function pointAt(y: bigint, oddX: boolean): Point | undefined {
  const square = mod((y * y - 1n) * inverse(D * y * y + 1n));
  let x = power(square, (P + 3n) / 8n);
  if (mod(x * x) !== square) x = mod(x * power(2n, (P - 1n) / 4n));
  if (mod(x * x) !== square) return undefined;
  return { x: (x & 1n) === (oddX ? 1n : 0n) ? x : mod(-x), y: mod(y) };
}

export function add(a: Point, b: Point): Point {
  const cross = mod(D * a.x * b.x * a.y * b.y);
  return {
    x: mod((a.x * b.y + a.y * b.x) * inverse(1n + cross)),
    y: mod((a.y * b.y + a.x * b.x) * inverse(1n - cross)),
  };
}

export function multiply(scalar: bigint, point: Point): Point {
  let [result, double] = [IDENTITY, point];
  for (let left = scalar; left > 0n; left >>= 1n) {
    if (left & 1n) result = add(result, double);
    double = add(double, double);
  }
  return result;
}

export const IDENTITY: Point = { x: 0n, y: 1n };
export const BASE: Point = pointAt(mod(4n * inverse(5n)), false)!;
/** A point of order 8: what is left of a point after its part in the subgroup of order L is taken out. */
export const TORSION: Point = findTorsion();

function findTorsion(): Point {
  for (let y = 2n; ; y += 1n) {
    const point = pointAt(y, false);
    const torsion = point && multiply(L, point);
    if (torsion && multiply(4n, torsion).y !== 1n) return torsion;
  }
}

export function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

export function fromLittleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

/** With `excess`, y + p: an encoding that is not canonical. */
export function encodePoint(point: Point, excess = false): Uint8Array {
  return littleEndian(point.y + (excess ? P : 0n) + ((point.x & 1n) << 255n));
}

/** h = SHA-512(R, A, message) mod L. */
export function challenge(r: Uint8Array, a: Uint8Array, message: Uint8Array): bigint {
  return fromLittleEndian(sha512(r, a, message)) % L;
}

export function sha512(...parts: readonly Uint8Array[]): Uint8Array {
  return createHash('sha512').update(Buffer.concat(parts)).digest();
}
