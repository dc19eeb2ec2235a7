import type { KindName } from './kinds.ts';

export interface Proof {
  /** here: tests of this repository run it for real. transcript: its command lines only, against what the tools once said. */
  readonly by: 'here' | 'transcript';
  /** What ran where, or what did not: for people who are about to order it. */
  readonly how: string;
}

const host = 'on a host that systemd runs, with a stand-in for chainweb-node';
const engines = 'Docker and Compose by their own engine, in a test that is run by hand';

/** How far each kind was tried. What stands under `transcript` has not met the real service yet. */
export const PROVEN: Readonly<Record<KindName, Proof>> = {
  'system-probe': { by: 'here', how: 'reads this host' },
  'node-test': { by: 'here', how: 'against the simulated chain' },
  'stoachain-control': { by: 'here', how: `${host}; ${engines}` },
  'stoachain-cert-rotate': { by: 'here', how: host },
  'stoachain-certbot-obtain': { by: 'here', how: 'certbot itself, on such a host, against a test authority' },
  'seed-refresh': { by: 'here', how: host },
  'seed-promote': { by: 'here', how: host },
  'peer-trust-reset': { by: 'here', how: host },
  'agent-rollback': { by: 'here', how: 'the updater itself, over versions on the disk of the test host' },
  'benchmark-node': { by: 'here', how: `${host}; the figures are those of the test host` },
  'drive-benchmark': { by: 'here', how: 'measures the drive of the test host' },
  'backup-stoachain': { by: 'here', how: host },
  'netdata-install': {
    by: 'here',
    how: 'the package of Debian 12 itself on such a host, in a test that takes the network and is run by hand',
  },
  'apt-upgrade': { by: 'here', how: 'apt itself, in a root of its own with a repository of its own' },
  'stoachain-install': { by: 'here', how: `${host}; Docker and Compose by their command lines only` },
  'stoachain-reseed': { by: 'here', how: host },
  'stoachain-upgrade': { by: 'here', how: `${host}; ${engines}` },
  'stoachain-convert-supervision': {
    by: 'here',
    how: 'from systemd to Docker, to Compose and back, with their own engine, in a test that is run by hand',
  },
  'backup-restore': { by: 'here', how: host },
};
