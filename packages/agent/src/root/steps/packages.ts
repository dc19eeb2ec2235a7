import type { Act, Step } from '#root/act.ts';
import { wordsOf } from '#root/argument.ts';

/** Keeps the host's own configuration where a package brings another, and asks nobody anything. */
const QUIET = ['-y', '-o', 'Dpkg::Options::=--force-confdef', '-o', 'Dpkg::Options::=--force-confold'];
const ENV = { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l', APT_LISTCHANGES_FRONTEND: 'none' };
const PACKAGE = /[a-z0-9][a-z0-9+.-]{0,99}(:[a-z0-9]{1,16})?/;
const MOST_PACKAGES = 60;

const apt = (...args: readonly string[]): Act => ({
  argv: ['apt-get', '-o', 'DPkg::Lock::Timeout=300', ...args],
  env: ENV,
  network: true,
});

export type PackageStep =
  | 'apt-update'
  | 'apt-upgrade'
  | 'apt-upgrade-some'
  | 'netdata-install'
  | 'netdata-stop';

export const PACKAGE_STEPS: Readonly<Record<PackageStep, Step>> = {
  'apt-update': { kinds: { 'apt-upgrade': 2, 'netdata-install': 2 }, acts: () => [apt('update')] },
  'apt-upgrade': {
    kinds: { 'apt-upgrade': (params) => (params['securityOnly'] === true ? 0 : 2) },
    acts: () => [apt(...QUIET, 'upgrade')],
  },
  /** Of packages that are here already: nothing that the order does not mean can come in by this. */
  'apt-upgrade-some': {
    kinds: { 'apt-upgrade': (params) => (params['securityOnly'] === true ? 8 : 0) },
    acts: ({ args }) => [
      apt(
        ...QUIET,
        '--only-upgrade',
        '--no-install-recommends',
        'install',
        '--',
        ...wordsOf(args, 'packages', PACKAGE, MOST_PACKAGES),
      ),
    ],
  },
  'netdata-install': {
    kinds: { 'netdata-install': 2 },
    acts: () => [apt(...QUIET, '--no-install-recommends', 'install', '--', 'netdata')],
  },
  'netdata-stop': {
    kinds: { 'netdata-install': 2 },
    acts: () => [{ argv: ['systemctl', 'disable', '--now', '--', 'netdata.service'] }],
  },
};
