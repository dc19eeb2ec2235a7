/** Milliseconds since 1970 for a message: a document may name a time that no calendar has, and is refused, not stumbled over. */
export function instantText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms after 1970` : date.toISOString();
}
