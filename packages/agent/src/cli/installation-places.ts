import { dirname, join } from 'node:path';

/** Where install.sh puts things, and what it marks them with. */
export interface InstallationPlaces {
  /** Directory of the program. */
  readonly prefix: string;
  readonly data: string;
  /** Of unit files. */
  readonly units: string;
  /** The link that makes the command known to everybody. */
  readonly command: string;
  readonly config: string;
  /** Of the privileged unit. */
  readonly rootState: string;
  readonly user: string;
  /** There where systemd runs the host. */
  readonly systemd: string;
}

const USUAL = {
  prefix: '/opt/stoa-agent',
  data: '/var/lib/stoa-agent',
  units: '/etc/systemd/system',
  command: '/usr/local/bin/stoa-agent',
  config: '/etc/stoa-agent',
  rootState: '/var/lib/stoa-agent-root',
  user: 'stoa',
  systemd: '/run/systemd/system',
};

/** @param program Path of the running program, as the process was started with. */
export function placesOf(program: string): InstallationPlaces {
  const prefix = dirname(program);
  return { ...USUAL, prefix, data: prefix === USUAL.prefix ? USUAL.data : join(prefix, 'data') };
}
