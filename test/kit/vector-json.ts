/** How values stand in the committed vectors: bytes in hex, words as `0x…`, absent values as null. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

export function toJson(value: unknown): Json {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, toJson(field)]));
  return (value ?? null) as Json;
}

export function fromHexText(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
