import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';

export type Resolve = (
  host: string,
  done: (error: Error | null, addresses: readonly LookupAddress[]) => void,
) => void;

const LOOPBACK: readonly LookupAddress[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/**
 * Asks DNS by c-ares, which waits on sockets: the system's own look-up blocks one of four threads that files, keys and
 * databases need as well, for as long as the name's owner likes. So `/etc/hosts` and search domains of this machine are
 * not asked; the loopback names are answered here (RFC 6761, 6.3).
 * @param timeoutMs of a try
 */
export function createResolve({
  timeoutMs = 2_000,
  tries = 2,
  servers,
}: {
  timeoutMs?: number;
  tries?: number;
  /** Instead of the machine's. */
  servers?: readonly string[];
} = {}): Resolve {
  return (host, done) => {
    if (/(^|\.)localhost\.?$/i.test(host)) return done(null, LOOPBACK);
    // One a name: c-ares learns how slow its servers are, and the next name is not to wait for it.
    const resolver = new Resolver({ timeout: timeoutMs, tries, maxTimeout: timeoutMs });
    if (servers !== undefined) resolver.setServers(servers);
    Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]).then(
      (answers) => {
        const [v4, v6] = answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : []));
        const found = [
          ...v4!.map((address) => ({ address, family: 4 })),
          ...v6!.map((address) => ({ address, family: 6 })),
        ];
        const failed = answers.find(({ status }) => status === 'rejected') as
          | PromiseRejectedResult
          | undefined;
        done(found.length === 0 && failed !== undefined ? (failed.reason as Error) : null, found);
      },
      done as (error: Error) => void,
    );
  };
}
