/*
 * Which addresses are not the public internet. Hub and agents connect to what somebody else named: both must refuse the same.
 * A family each, as `[network, bits]`.
 */

/** Loopback, private, link-local (also of cloud metadata), CGNAT, multicast, reserved (RFC 6890 and its successors). */
export const RESERVED_V4: ReadonlyArray<readonly [string, number]> = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];

/** Alone public in IPv6, but for the next. */
export const GLOBAL_V6: readonly [string, number] = ['2000::', 3];

/** Within that: Teredo and ORCHID, 6to4 (both carry IPv4 addresses), documentation. */
export const RESERVED_V6: ReadonlyArray<readonly [string, number]> = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];
