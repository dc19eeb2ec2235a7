import type { Proc } from '#collectors/proc.ts';

/** An address in hex as the kernel writes it: each 32-bit word in the host's (little-endian) order. */
const LOOPBACK = /^(?:[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F)$/;

/** Sockets that listen on a TCP port: `sl local_address rem_address st …`, 0A is LISTEN. None where that can't be read. */
export function listenersOf(proc: Proc, port: number): { loopback: boolean }[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return ['net/tcp', 'net/tcp6'].flatMap((file) =>
    (proc.read(file) ?? '').split('\n').flatMap((line) => {
      const [, address = '', on] =
        /^\s*\d+: ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]+:[0-9A-F]{4} 0A /.exec(line) ?? [];
      return on === hex ? [{ loopback: LOOPBACK.test(address) }] : [];
    }),
  );
}
