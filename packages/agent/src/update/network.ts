import type { Proc } from '#collectors/proc.ts';

const UP = 0x1;
const REJECT = 0x200;

/**
 * Whether the kernel knows a way out of this host: a default route that is up, of either family. One that can't be read
 * counts as one: to be taken for cut off proves a new version without a session.
 */
export function hasDefaultRoute(proc: Pick<Proc, 'read'>): boolean {
  const [four, six] = [proc.read('net/route'), proc.read('net/ipv6_route')];
  if (four === undefined) return true;
  const lines = (text: string): string[][] => text.split('\n').map((line) => line.trim().split(/\s+/));
  const viaFour = lines(four).some(
    ([, destination, , flags = '', , , , mask]) =>
      destination === '00000000' && mask === '00000000' && isUp(flags),
  );
  const viaSix = lines(six ?? '').some(
    ([destination = '', prefix, , , , , , , flags = '', device]) =>
      /^0{32}$/.test(destination) && prefix === '00' && device !== 'lo' && isUp(flags),
  );
  return viaFour || viaSix;
}

function isUp(flags: string): boolean {
  const bits = Number.parseInt(flags, 16);
  return (bits & UP) !== 0 && (bits & REJECT) === 0;
}
