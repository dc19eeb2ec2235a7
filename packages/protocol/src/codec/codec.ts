/**
 * The payload encoding: positional records of fixed layouts, big-endian, bounds stated in the schema, so that one
 * definition is the type, the encoder, the decoder and the validation. Why this one: docs/decisions/payload-encoding.md.
 *
 * Evolution: a newer version appends fields to a message, never to a record inside one; an older reader leaves what
 * follows its last field unread. The encoding is canonical: one value has one encoding, and the decoder refuses every
 * other.
 */
import { ProtocolError } from '../errors.ts';
import { encodeText, isShortAscii, Reader, Writer } from './cursor.ts';
import { lengthWidth, type Shape } from './shape.ts';

export interface Codec<T> {
  readonly shape: Shape;
  /** @throws RangeError where the value is outside of the schema's bounds. */
  write(writer: Writer, value: T): void;
  /** @throws ProtocolError `malformed`. */
  read(reader: Reader): T;
}

export type Decoded<C> = C extends Codec<infer T> ? T : never;

function integer(kind: 'u8' | 'u16' | 'u32' | 'u64', max: number): Codec<number> {
  const write = {
    u8: (w: Writer, n: number) => w.u8(n),
    u16: (w: Writer, n: number) => w.u16(n),
    u32: (w: Writer, n: number) => w.u32(n),
    u64: (w: Writer, n: number) => w.u64(n),
  }[kind];
  const read = {
    u8: (r: Reader) => r.u8(),
    u16: (r: Reader) => r.u16(),
    u32: (r: Reader) => r.u32(),
    u64: (r: Reader) => r.u64(),
  }[kind];
  return {
    shape: { kind },
    write(writer, value) {
      if (!(Number.isInteger(value) && value >= 0 && value <= max))
        throw new RangeError(`${value} is no ${kind} (an integer from 0 to ${max})`);
      write(writer, value);
    },
    read,
  };
}

export const u8: Codec<number> = integer('u8', 0xff);
export const u16: Codec<number> = integer('u16', 0xffff);
export const u32: Codec<number> = integer('u32', 0xffff_ffff);
/** A safe integer: milliseconds, counters, heights. */
export const u64: Codec<number> = integer('u64', Number.MAX_SAFE_INTEGER);

/** A finite number. */
export const f64: Codec<number> = {
  shape: { kind: 'f64' },
  write(writer, value) {
    if (!Number.isFinite(value)) throw new RangeError(`${value} is no finite number`);
    writer.f64(value);
  },
  read(reader) {
    const value = reader.f64();
    if (!Number.isFinite(value))
      throw new ProtocolError('malformed', `${value} where a finite number is expected`);
    return value;
  },
};

/** 64 bits, or fewer where `max` says so: minute words and bit sets. */
export function word(max: bigint): Codec<bigint> {
  return {
    shape: { kind: 'word64', max },
    write(writer, value) {
      if (value < 0n || value > max) throw new RangeError(`${value} is past the bits 0x${max.toString(16)}`);
      writer.big64(value);
    },
    read(reader) {
      const value = reader.big64();
      if (value > max)
        throw new ProtocolError('malformed', `word ${value} is past the bits 0x${max.toString(16)}`);
      return value;
    },
  };
}

export const word64: Codec<bigint> = word(2n ** 64n - 1n);

export const bool: Codec<boolean> = {
  shape: { kind: 'bool' },
  write: (writer, value) => writer.u8(value ? 1 : 0),
  read(reader) {
    const byte = reader.u8();
    if (byte > 1) throw new ProtocolError('malformed', `boolean byte is ${byte} (expected 0 or 1)`);
    return byte === 1;
  },
};

/** Exactly `length` bytes. Reads a view of the message's buffer: copy what outlives it. */
export function fixed(length: number): Codec<Uint8Array> {
  return {
    shape: { kind: 'fixed', length },
    write(writer, value) {
      if (value.length !== length) throw new RangeError(`${value.length} bytes given, ${length} expected`);
      writer.raw(value);
    },
    read: (reader) => reader.raw(length),
  };
}

function length(max: number): { write(writer: Writer, count: number): void; read(reader: Reader): number } {
  const counter = lengthWidth(max) === 'u8' ? u8 : u16;
  return {
    write(writer, count) {
      if (count > max) throw new RangeError(`length ${count} is past its bound of ${max}`);
      counter.write(writer, count);
    },
    read(reader) {
      const count = counter.read(reader);
      if (count > max) throw new ProtocolError('malformed', `length ${count} is past its bound of ${max}`);
      return count;
    },
  };
}

/** Up to `max` bytes. Reads a view of the message's buffer: copy what outlives it. */
export function bytes(max: number): Codec<Uint8Array> {
  const size = length(max);
  return {
    shape: { kind: 'bytes', max },
    write(writer, value) {
      size.write(writer, value.length);
      writer.raw(value);
    },
    read: (reader) => reader.raw(size.read(reader)),
  };
}

/** Well-formed UTF-8 of at most `max` bytes; half a surrogate pair is written as U+FFFD. */
export function text(max: number): Codec<string> {
  const size = length(max);
  return {
    shape: { kind: 'text', max },
    write(writer, value) {
      if (isShortAscii(value)) {
        size.write(writer, value.length);
        writer.ascii(value);
        return;
      }
      const encoded = encodeText(value);
      size.write(writer, encoded.length);
      writer.raw(encoded);
    },
    read: (reader) => reader.text(size.read(reader)),
  };
}

export function list<T>(item: Codec<T>, max: number): Codec<T[]> {
  const size = length(max);
  return {
    shape: { kind: 'list', item: item.shape, max },
    write(writer, value) {
      size.write(writer, value.length);
      for (const entry of value) item.write(writer, entry);
    },
    read(reader) {
      const count = size.read(reader);
      const items: T[] = [];
      for (let i = 0; i < count; i += 1) items.push(item.read(reader));
      return items;
    },
  };
}

export function optional<T>(inner: Codec<T>): Codec<T | undefined> {
  return {
    shape: { kind: 'optional', inner: inner.shape },
    write(writer, value) {
      bool.write(writer, value !== undefined);
      if (value !== undefined) inner.write(writer, value);
    },
    read: (reader) => (bool.read(reader) ? inner.read(reader) : undefined),
  };
}

/**
 * The last field of a message, of which a newer version writes something and an older one nothing. Whoever appends another behind
 * it writes this one always.
 */
export function appended<T>(inner: Codec<T>): Codec<T | undefined> {
  return {
    shape: { kind: 'appended', inner: inner.shape },
    write(writer, value) {
      if (value !== undefined) inner.write(writer, value);
    },
    read: (reader) => (reader.remaining > 0 ? inner.read(reader) : undefined),
  };
}

/** One of the names, as its position. New names go to the end. */
export function oneOf<const Names extends readonly string[]>(...names: Names): Codec<Names[number]> {
  return {
    shape: { kind: 'choice', names },
    write(writer, value) {
      const position = names.indexOf(value);
      if (position < 0) throw new RangeError(`'${value}' is none of ${names.join(', ')}`);
      writer.u8(position);
    },
    read(reader) {
      const position = reader.u8();
      const name = names[position];
      if (name === undefined)
        throw new ProtocolError('malformed', `choice ${position} is none of ${names.join(', ')}`);
      return name;
    },
  };
}

type RecordOf<F> = { -readonly [K in keyof F]: Decoded<F[K]> };

export function record<F extends { [K in keyof F]: Codec<unknown> }>(fields: F): Codec<RecordOf<F>> {
  const names = Object.keys(fields);
  const codecs = Object.values<Codec<unknown>>(fields);
  return {
    shape: {
      kind: 'record',
      fields: Object.fromEntries(names.map((name, i) => [name, codecs[i]!.shape])),
    },
    write(writer, value) {
      const values = value as Record<string, unknown>;
      let i = 0;
      try {
        for (; i < names.length; i += 1) codecs[i]!.write(writer, values[names[i]!]);
      } catch (cause) {
        throw new RangeError(`field '${names[i]}' cannot be encoded`, { cause });
      }
    },
    read(reader) {
      const value: Record<string, unknown> = {};
      for (let i = 0; i < names.length; i += 1) value[names[i]!] = codecs[i]!.read(reader);
      return value as RecordOf<F>;
    },
  };
}

/** One for all: encoding is synchronous, and no codec encodes another message while it writes. */
const shared = new Writer(4096);

/** @throws RangeError where the value is outside of the schema's bounds. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  shared.reset();
  codec.write(shared, value);
  return shared.finish();
}

/**
 * Decodes a message; bytes after its last known field are a newer peer's and stay unread.
 * @throws ProtocolError `malformed`.
 */
export function decode<T>(codec: Codec<T>, payload: Uint8Array): T {
  return codec.read(new Reader(payload));
}

/**
 * Decodes what is signed or stored: bytes left over are an error, since one value has one encoding.
 * @throws ProtocolError `malformed`.
 */
export function decodeExact<T>(codec: Codec<T>, payload: Uint8Array): T {
  const reader = new Reader(payload);
  const value = codec.read(reader);
  if (reader.remaining > 0)
    throw new ProtocolError('malformed', `${reader.remaining} bytes follow the last field`);
  return value;
}
