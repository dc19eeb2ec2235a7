/** What stands on a host for the tests of work: the privileged unit as install.sh sets it up, and a node. */

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { toHex } from '@stoa/protocol';
import type { Simulator } from '../chainweb/index.ts';
import { unpackAgent } from './agent-release.ts';
import { makeCertificate } from './certificate.ts';
import type { OwnerJobs } from './owner-jobs.ts';
import type { SystemdHost } from './systemd-host.ts';

const INSTALL = fileURLToPath(new URL('../../packages/hub/src/joining/static/install.sh', import.meta.url));
const STAND_IN = fileURLToPath(new URL('chainweb-stand-in.mjs', import.meta.url));
export const UNIT = 'stoachain.service';
export const CHAIN = '/var/lib/stoachain';
const QUICK_OPENSSL = `#!/bin/bash
exec /usr/bin/openssl "\${@/#rsa:4096/rsa:2048}"
`;
const run = promisify(execFile);

/** As install.sh does it: its own texts, its own places. */
export async function installRoot(
  host: SystemdHost,
  jobs: OwnerJobs,
  port: { service: number; p2p: number },
): Promise<void> {
  await host.run('useradd', '--system', '--user-group', '--no-create-home', 'stoa');
  await host.run('useradd', '--system', '--user-group', '--no-create-home', 'stoachain');
  await host.run('mkdir', '-p', '/opt/stoa-agent', '/etc/stoa-agent', '/var/lib/stoa-agent');
  await unpackAgent(host.path('/opt/stoa-agent'));
  for (const [name, file] of [
    ['root_socket_text', 'stoa-agent-root.socket'],
    ['root_unit_text', 'stoa-agent-root.service'],
  ] as const) {
    const script = `HUB=https://hub.example; PREFIX=/opt/stoa-agent; SERVICE_USER=stoa
$(sed -n '/^${name}() {/,/^}/p' ${INSTALL})
${name}`;
    const { stdout } = await run('sh', ['-c', `eval "${script.replaceAll('"', '\\"')}"`]);
    await writeFile(host.path(`/etc/systemd/system/${file}`), stdout);
  }
  const { parties, owner } = jobs;
  const trust = `root ${toHex(parties.crypto.hash(parties.keys.root.publicKey))}\nregion eu\nnode ${toHex(parties.nodeId)} ${toHex(owner.publicKey)} ${port.service} ${port.p2p} default\n`;
  await writeFile(host.path('/etc/stoa-agent/trust'), trust, { mode: 0o644 });
  await host.run('systemctl', 'daemon-reload');
  await host.run('systemctl', 'start', 'stoa-agent-root.socket');
}

export async function installNode(
  host: SystemdHost,
  chain: Simulator,
  port: { service: number; p2p: number },
): Promise<void> {
  await host.run('mkdir', '-p', '/opt/chainweb', `${CHAIN}/database`, `${CHAIN}/backups`);
  await copyFile(process.execPath, host.path('/opt/chainweb/chainweb-node'));
  await copyFile(STAND_IN, host.path('/opt/chainweb/stand-in.mjs'));
  const { cert, key } = makeCertificate();
  await writeFile(host.path(`${CHAIN}/cert.pem`), cert, { mode: 0o600 });
  await writeFile(host.path(`${CHAIN}/key.pem`), key, { mode: 0o600 });
  await host.run('chown', '-R', 'stoachain:stoachain', CHAIN);
  // As the step asks for it, but for the minute that such a key can take on a busy machine.
  await writeFile(host.path('/usr/local/bin/openssl'), QUICK_OPENSSL, { mode: 0o755 });
  const options = [
    `--service-port ${port.service} --p2p-port ${port.p2p} --p2p-hostname node.example.org`,
    `--database-directory ${CHAIN}/database --backup-directory ${CHAIN}/backups`,
    `--p2p-certificate-chain-file ${CHAIN}/cert.pem --p2p-certificate-key-file ${CHAIN}/key.pem`,
    `--upstream-service ${chain.serviceUrl} --upstream-p2p ${chain.p2pUrl}`,
  ].join(' ');
  await writeFile(
    host.path(`/etc/systemd/system/${UNIT}`),
    `[Service]\nUser=stoachain\nExecStart=/opt/chainweb/chainweb-node /opt/chainweb/stand-in.mjs ${options}\nRestart=always\nRestartSec=1\n`,
  );
  await host.run('systemctl', 'daemon-reload');
}

/** Of the node that runs already, under the name and with the arguments of the new one. */
export const NODE_PROGRAM = '#!/bin/bash\nexec -a "$0" /opt/chainweb/chainweb-node "$@"\n';

/** chainweb-node as it is installed on a bare host, but for the ports, which belong to the whole machine here. */
export function bareNodeProgram(chain: Simulator, port: { service: number; p2p: number }): string {
  const { serviceUrl, p2pUrl } = chain;
  return `#!/bin/bash
set -- "\${@/#1848/${port.service}}"
set -- "\${@/#1789/${port.p2p}}"
exec -a "$0" /opt/chainweb/chainweb-node /opt/chainweb/stand-in.mjs "$@" --upstream-service ${serviceUrl} --upstream-p2p ${p2pUrl} \
  --p2p-certificate-chain-file /opt/chainweb/cert.pem --p2p-certificate-key-file /opt/chainweb/key.pem
`;
}

/** As before any node was here: neither its unit, nor its data, nor its user. */
export async function bareHost(host: SystemdHost): Promise<void> {
  await host.run('systemctl', 'stop', UNIT);
  await host.run('install', '--mode=644', `${CHAIN}/cert.pem`, `${CHAIN}/key.pem`, '/opt/chainweb');
  await host.run('rm', '-rf', `/etc/systemd/system/${UNIT}`, `/etc/systemd/system/${UNIT}.d`, CHAIN);
  await host.run('systemctl', 'daemon-reload');
  await host.run('userdel', 'stoachain');
}

/** A release archive in folders, as they are published. What lies beside the program makes many parts of it. */
export async function tarball(host: SystemdHost, program: string): Promise<Uint8Array> {
  await host.run('mkdir', '-p', '/tmp-release/chainweb');
  await writeFile(host.path('/tmp-release/chainweb/chainweb-node'), program, { mode: 0o755 });
  await writeFile(host.path('/tmp-release/chainweb/libraries'), randomBytes(1_000_000));
  await host.run('tar', '-czf', '/tmp-release.tar.gz', '-C', '/tmp-release', 'chainweb');
  return readFile(host.path('/tmp-release.tar.gz'));
}
