/** Of the fraction: far more than the ppm that are kept of it. */
const BITS = 40n;
const ONE = 1n << BITS;
const TWO = ONE << 1n;

/** log2 of a number of `BITS` binary places, 1 or more, to as many places: by squaring, so that all machines agree on each bit. */
function log2(value: bigint): bigint {
  let [rest, result] = [value, 0n];
  while (rest >= TWO) {
    rest >>= 1n;
    result += ONE;
  }
  for (let bit = ONE >> 1n; bit > 0n; bit >>= 1n) {
    rest = (rest * rest) >> BITS;
    if (rest < TWO) continue;
    rest >>= 1n;
    result += bit;
  }
  return result;
}

const plusOne = (thousandths: bigint): bigint => ((thousandths + 1_000n) << BITS) / 1_000n;

/** log(1 + value) / log(1 + baseline) in ppm, rounded down. @param value thousandths, 0 or more. @param baseline above 0. */
export function logRatioPpm(value: bigint, baseline: bigint): bigint {
  if (value === baseline) return 1_000_000n;
  return (1_000_000n * log2(plusOne(value))) / log2(plusOne(baseline));
}
