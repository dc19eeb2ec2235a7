const count = new Intl.NumberFormat('en-US');

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** 1234567 -> 1,234,567. */
export function number(value: number): string {
  // Intl is slow, and most numbers are small.
  return value >= 0 && value < 1_000 && Number.isInteger(value) ? String(value) : count.format(value);
}

/** Of a decimal, the digits before its point in threes: 403530.50 -> 403,530.50. */
export function grouped(decimal: string): string {
  return decimal.replace(/^-?\d+/, (whole) => whole.replaceAll(/\B(?=(\d{3})+$)/g, ','));
}

/** A share of 1 as whole percent. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** One digit after the point. */
export function tenths(value: number): string {
  return value.toFixed(1);
}

/** Binary multiples, as operating systems count memory and disks. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let scaled = value;
  let unit = 0;
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return `${unit === 0 || scaled >= 100 ? Math.round(scaled) : tenths(scaled)} ${units[unit]}`;
}

/** The largest unit of which there are two: 90 s is `90 s`, two hours and a half `2 h`. `static/console.js` says the same in the browser. */
export function duration(ms: number): string {
  const positive = Math.max(0, ms);
  if (positive < 2 * MINUTE) return `${Math.floor(positive / SECOND)} s`;
  if (positive < 2 * HOUR) return `${Math.floor(positive / MINUTE)} min`;
  if (positive < 48 * HOUR) return `${Math.floor(positive / HOUR)} h`;
  return `${Math.floor(positive / DAY)} d`;
}

/** How long ago, or in how long, an instant is. */
export function relative(at: number, now: number): string {
  const age = now - at;
  if (Math.abs(age) < 2 * SECOND) return 'now';
  return age > 0 ? `${duration(age)} ago` : `in ${duration(-age)}`;
}

/** 2026-11-25 18:40:12 UTC. */
export function absolute(at: number): string {
  return `${iso(at).slice(0, -1).replace('T', ' ')} UTC`;
}

/** 2026-11-25T18:40:12Z. */
export function iso(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** Enough of a hash or node id to tell it from its neighbours. */
export function short(hash: string): string {
  return hash.slice(0, 8);
}
