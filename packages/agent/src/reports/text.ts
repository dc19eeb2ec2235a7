const encoder = new TextEncoder();

/** The longest beginning of `text` that takes at most `maxBytes` as UTF-8; never half a character. */
export function fit(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text;
  const room = new Uint8Array(maxBytes);
  const { read } = encoder.encodeInto(text, room);
  return text.slice(0, read);
}
