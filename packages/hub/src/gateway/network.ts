import { isIPv6 } from 'node:net';

/** The network an address counts as: itself in IPv4, its /64 in IPv6 (one host owns a whole /64). */
export function networkOf(address: string): string {
  const mapped = address.startsWith('::ffff:') ? address.slice(7) : address;
  if (!isIPv6(mapped)) return mapped;
  return `${expand(mapped).slice(0, 4).join(':')}::/64`;
}

/** A coarser network, for telling independent reporters apart: /24 in IPv4, /48 in IPv6. */
export function siteOf(address: string): string {
  const mapped = address.startsWith('::ffff:') ? address.slice(7) : address;
  if (!isIPv6(mapped)) return `${mapped.split('.').slice(0, 3).join('.')}.0/24`;
  return `${expand(mapped).slice(0, 3).join(':')}::/48`;
}

function expand(address: string): string[] {
  const [head = '', tail = ''] = address.split('%')[0]!.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const gap = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0');
  return [...left, ...gap, ...right].map((group) => Number.parseInt(group, 16).toString(16));
}
