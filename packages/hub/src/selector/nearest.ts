/** Typos that are still taken for a word. */
const MAX_EDITS = 2;

/** The word that was likely meant; undefined where none is near. */
export function nearest(typed: string, words: readonly string[]): string | undefined {
  const lower = typed.toLowerCase();
  const begun = lower.length >= 2 ? words.find((word) => word.startsWith(lower)) : undefined;
  if (begun !== undefined) return begun;
  const [best] = words
    .map((word) => ({ word, edits: editsBetween(lower.slice(0, 24), word) }))
    .filter(({ word, edits }) => edits <= Math.min(MAX_EDITS, word.length - 1))
    .sort((a, b) => a.edits - b.edits);
  return best?.word;
}

/** Levenshtein's distance. */
function editsBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}

/** `; did you mean 'state'?`, or nothing. */
export function didYouMean(typed: string, words: readonly string[]): string {
  const word = nearest(typed, words);
  return word === undefined ? '' : `; did you mean '${word}'?`;
}
