/** What a codec accepts, as data: tests draw values from it, and the vectors print it for other implementations. */
export type Shape =
  | { readonly kind: 'u8' | 'u16' | 'u32' | 'u64' | 'f64' | 'bool' }
  | { readonly kind: 'word64'; readonly max: bigint }
  | { readonly kind: 'fixed'; readonly length: number }
  | { readonly kind: 'bytes' | 'text'; readonly max: number }
  | { readonly kind: 'list'; readonly item: Shape; readonly max: number }
  | { readonly kind: 'optional' | 'appended'; readonly inner: Shape }
  | { readonly kind: 'choice'; readonly names: readonly string[] }
  | { readonly kind: 'record'; readonly fields: Readonly<Record<string, Shape>> };

/** One line of text: `record{chain u8, height u32, hash fixed(32)}`. */
export function describeShape(shape: Shape): string {
  switch (shape.kind) {
    case 'word64':
      return `word64(<= 0x${shape.max.toString(16)})`;
    case 'fixed':
      return `fixed(${shape.length})`;
    case 'bytes':
    case 'text':
      return `${shape.kind}(${lengthWidth(shape.max)} <= ${shape.max})`;
    case 'list':
      return `list(${lengthWidth(shape.max)} <= ${shape.max}, ${describeShape(shape.item)})`;
    case 'optional':
    case 'appended':
      return `${shape.kind}(${describeShape(shape.inner)})`;
    case 'choice':
      return `choice(${shape.names.join(' | ')})`;
    case 'record':
      return `record{${Object.entries(shape.fields)
        .map(([name, field]) => `${name} ${describeShape(field)}`)
        .join(', ')}}`;
    default:
      return shape.kind;
  }
}

/** The width of the length before bytes, texts and lists. */
export function lengthWidth(max: number): 'u8' | 'u16' {
  if (max > 0xffff) throw new RangeError(`a length of up to ${max} does not fit its 16 bits`);
  return max <= 0xff ? 'u8' : 'u16';
}
