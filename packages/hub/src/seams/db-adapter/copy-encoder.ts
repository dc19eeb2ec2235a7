const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const TRAILER = Buffer.from([0xff, 0xff]);
/** PostgreSQL counts time from 2000. */
const EPOCH_MS = Date.UTC(2000, 0, 1);
const FIRST_CAPACITY = 64 * 1024;
const INT8_MAX = 2n ** 63n - 1n;
const TWO_32 = 2 ** 32;
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const NUMERIC_BASE = 10_000n;
const NUMERIC_NEGATIVE = 0x4000;

/**
 * Writes rows for `COPY … FROM STDIN (FORMAT binary)`, the fastest way into PostgreSQL: bytes stay bytes, where a
 * statement's parameters are text. Fields are written in the order of the COPY's columns. Integers saturate at their
 * width: an absurd value from one node must not fail the batch of all.
 */
export class CopyEncoder {
  readonly #columns: number;
  #buffer = Buffer.allocUnsafeSlow(FIRST_CAPACITY);
  /** Of the same bytes: writes numbers in a third of the time that Buffer takes. */
  #view = new DataView(this.#buffer.buffer);
  #length = 0;

  constructor(columns: number) {
    this.#columns = columns;
    this.#put(SIGNATURE);
  }

  row(): this {
    this.#reserve(2);
    this.#view.setInt16(this.#length, this.#columns);
    this.#length += 2;
    return this;
  }

  text(value: string | null): this {
    if (value === null) return this.#null();
    const bytes = Buffer.byteLength(value);
    this.#field(bytes);
    this.#length += this.#buffer.write(value, this.#length);
    return this;
  }

  bytea(value: Uint8Array): this {
    this.#field(value.length);
    this.#put(value);
    return this;
  }

  bool(value: boolean): this {
    this.#field(1);
    this.#view.setUint8(this.#length, value ? 1 : 0);
    this.#length += 1;
    return this;
  }

  int2(value: number | null): this {
    if (value === null) return this.#null();
    this.#field(2);
    this.#view.setInt16(this.#length, saturated(value, 2 ** 15));
    this.#length += 2;
    return this;
  }

  int4(value: number | null): this {
    if (value === null) return this.#null();
    this.#field(4);
    this.#view.setInt32(this.#length, saturated(value, 2 ** 31));
    this.#length += 4;
    return this;
  }

  int8(value: bigint | number | null): this {
    if (value === null) return this.#null();
    this.#field(8);
    if (typeof value === 'number' && Number.isSafeInteger(value)) return this.#safeInteger(value);
    const wide = typeof value === 'bigint' ? value : BigInt(Math.trunc(value));
    const clamped = wide > INT8_MAX ? INT8_MAX : wide < -INT8_MAX ? -INT8_MAX : wide;
    this.#view.setBigInt64(this.#length, clamped);
    this.#length += 8;
    return this;
  }

  /** A whole number of any size, for `numeric`. */
  numeric(value: bigint): this {
    const groups: number[] = [];
    let rest = value < 0n ? -value : value;
    // Digits of base 10,000; what fits a double is cut up ten times as fast.
    for (; rest > MAX_SAFE; rest /= NUMERIC_BASE) groups.push(Number(rest % NUMERIC_BASE));
    for (let small = Number(rest); small > 0; small = Math.floor(small / 10_000)) groups.push(small % 10_000);
    this.#field(8 + 2 * groups.length);
    this.#view.setInt16(this.#length, groups.length);
    this.#view.setInt16(this.#length + 2, Math.max(0, groups.length - 1));
    this.#view.setInt16(this.#length + 4, value < 0n ? NUMERIC_NEGATIVE : 0);
    this.#view.setInt16(this.#length + 6, 0);
    this.#length += 8;
    for (const group of groups.reverse()) {
      this.#view.setInt16(this.#length, group);
      this.#length += 2;
    }
    return this;
  }

  float4(value: number | null): this {
    if (value === null) return this.#null();
    this.#field(4);
    this.#view.setFloat32(this.#length, value);
    this.#length += 4;
    return this;
  }

  /** @param ms since 1970. */
  timestamptz(ms: number | null): this {
    if (ms === null) return this.#null();
    this.#field(8);
    return this.#safeInteger(Math.round((ms - EPOCH_MS) * 1000));
  }

  /** What was written since the last call. The encoder goes on; `end` follows the last row. */
  take(): Buffer {
    const taken = Buffer.from(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
    return taken;
  }

  end(): Buffer {
    this.#put(TRAILER);
    return this.take();
  }

  #null(): this {
    this.#reserve(4);
    this.#view.setInt32(this.#length, -1);
    this.#length += 4;
    return this;
  }

  #field(bytes: number): void {
    this.#reserve(4 + bytes);
    this.#view.setInt32(this.#length, bytes);
    this.#length += 4;
  }

  /** Half the price of a BigInt. */
  #safeInteger(value: number): this {
    this.#view.setInt32(this.#length, Math.floor(value / TWO_32));
    this.#view.setUint32(this.#length + 4, ((value % TWO_32) + TWO_32) % TWO_32);
    this.#length += 8;
    return this;
  }

  #put(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#length + bytes));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }
}

function saturated(value: number, bound: number): number {
  return Math.max(-bound, Math.min(bound - 1, Math.trunc(value)));
}
