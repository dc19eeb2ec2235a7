import type { Audience } from '../viewer.ts';

/** A live key of what those see alike who see the same nodes. */
export function audienceKey(audience: Audience, rest: string): string {
  return `${audience} ${rest}`;
}

export function partsOfKey(key: string): { audience: Audience; rest: string } {
  const at = key.indexOf(' ');
  return { audience: key.slice(0, at), rest: key.slice(at + 1) };
}
