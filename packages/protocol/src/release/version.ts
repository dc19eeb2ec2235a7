import { ReleaseError } from './error.ts';

/** `a.b.c` without leading zeros, each below 100,000. */
export type Version = string;

const VERSION = /^(?:0|[1-9]\d{0,4})\.(?:0|[1-9]\d{0,4})\.(?:0|[1-9]\d{0,4})$/;

export const LOWEST_VERSION: Version = '0.0.0';

export function isVersion(text: unknown): text is Version {
  return typeof text === 'string' && VERSION.test(text);
}

/** @param what names the field in the error. @throws ReleaseError `malformed`. */
export function requireVersion(text: unknown, what: string): Version {
  if (isVersion(text)) return text;
  throw new ReleaseError('malformed', `${what} is ${JSON.stringify(text)} (expected a version like 1.2.3)`);
}

/** Below 0 where `a` is older. Both must be versions. */
export function compareVersions(a: Version, b: Version): number {
  const [left, right] = [a.split('.'), b.split('.')];
  for (let i = 0; i < 3; i += 1) {
    const difference = Number(left[i]) - Number(right[i]);
    if (difference !== 0) return difference;
  }
  return 0;
}

export function newerVersion(a: Version, b: Version): Version {
  return compareVersions(a, b) < 0 ? b : a;
}
