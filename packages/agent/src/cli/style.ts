export type Tone = 'ok' | 'warn' | 'fail' | 'skip' | 'unknown';

const COLOR: Record<Tone, string> = { ok: '32', warn: '33', fail: '31', skip: '90', unknown: '90' };
// Shape and word besides the colour: not everybody sees it, and logs have none.
const SHAPE: Record<Tone, string> = { ok: '●', warn: '▲', fail: '✖', skip: '○', unknown: '○' };

export function mark(tone: Tone, color: boolean): string {
  return color ? `\u001b[${COLOR[tone]}m${SHAPE[tone]}\u001b[0m` : SHAPE[tone];
}

const UNITS: ReadonlyArray<readonly [string, number]> = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
];

/** Two units at most: `2 d 3 h`, `41 s`, `7 ms`. */
export function duration(ms: number): string {
  const at = UNITS.findIndex(([, size]) => ms >= size);
  if (at < 0) return `${Math.round(ms)} ms`;
  const [unit, size] = UNITS[at]!;
  const next = UNITS[at + 1];
  const rest = next && unit !== 's' ? Math.floor((ms % size) / next[1]) : 0;
  const whole = `${Math.floor(ms / size)} ${unit}`;
  return rest > 0 && next ? `${whole} ${rest} ${next[0]}` : whole;
}

export function bytes(count: number): string {
  if (count >= 1e12) return `${(count / 1e12).toFixed(1)} TB`;
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} GB`;
  return `${Math.round(count / 1e6)} MB`;
}
