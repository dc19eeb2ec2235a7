/** Pixels from one value to the next. */
const STEP = 3;
const MARGIN = 1;
/** What `.spark` of `static/list.css` leaves between its margins. */
const RANGE = 16;
const LEVEL = `h${STEP}`;
const LEVELS = new RegExp(`(?:${LEVEL}){2,}`, 'g');

/**
 * The path of a line as small as a word: shares of 1 at equal steps, with a gap where one is not known. Whole pixels and
 * relative steps, since a page has fifty of them: about four bytes a value, none for a level one.
 */
export function sparkline(shares: readonly (number | undefined)[]): string {
  const heights = shares.map((share) => (share === undefined ? undefined : heightOf(share)));
  const drawn = heights.map((y, i) => {
    if (y === undefined) return '';
    const before = heights[i - 1];
    if (before !== undefined) return y === before ? LEVEL : `l${STEP}${y < before ? '' : ' '}${y - before}`;
    // A line of no length, which round ends make a dot: the only value between two gaps.
    const dot = heights[i + 1] === undefined ? 'h0' : '';
    return `M${MARGIN + STEP * i} ${y}${dot}`;
  });
  return drawn.join('').replaceAll(LEVELS, (level) => `h${(level.length / LEVEL.length) * STEP}`);
}

/** From the top, as SVG counts. */
function heightOf(share: number): number {
  return MARGIN + RANGE - Math.round(Math.min(1, Math.max(0, share)) * RANGE);
}
