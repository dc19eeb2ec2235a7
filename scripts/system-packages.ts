import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** What the tests need from the system, by the path that shows its presence. */
const NEEDED: ReadonlyArray<{ path: string; pkg: string; why: string }> = [
  { path: '/usr/bin/chromium', pkg: 'chromium', why: 'browser tests of the console' },
  { path: '/usr/lib/postgresql', pkg: 'postgresql', why: 'database tests on a PostgreSQL server by URL' },
  { path: '/usr/bin/redis-server', pkg: 'redis-server', why: 'queues of hub-run work on Redis' },
  { path: '/usr/sbin/sshd', pkg: 'openssh-server', why: 'hosts that are reached over SSH' },
  { path: '/usr/bin/sudo', pkg: 'sudo', why: 'the same' },
  { path: '/usr/sbin/nft', pkg: 'nftables', why: 'their firewall' },
  { path: '/usr/sbin/ufw', pkg: 'ufw', why: 'the firewall that some of them have' },
  { path: '/usr/sbin/ip', pkg: 'iproute2', why: 'their networks' },
  { path: '/usr/bin/promtool', pkg: 'prometheus', why: 'the check of /metrics' },
  { path: '/usr/bin/pebble', pkg: 'pebble', why: 'a CA for TLS by ACME' },
  { path: '/usr/bin/certbot', pkg: 'certbot', why: 'certificates of nodes by ACME' },
  { path: '/usr/bin/shellcheck', pkg: 'shellcheck', why: 'the check of install.sh' },
  { path: '/usr/bin/busybox', pkg: 'busybox', why: 'install.sh under a second shell' },
  { path: '/usr/bin/systemd-analyze', pkg: 'systemd', why: "the check of the agent's unit" },
  { path: '/usr/bin/dbus-daemon', pkg: 'dbus', why: 'a systemd of its own for the privileged unit' },
  {
    path: '/usr/bin/aarch64-linux-gnu-strip',
    pkg: 'binutils-aarch64-linux-gnu',
    why: "the agent's binary for arm64",
  },
  {
    path: '/usr/bin/qemu-aarch64-static',
    pkg: 'qemu-user-static',
    why: "the agent's binary for arm64, run here",
  },
  { path: '/usr/aarch64-linux-gnu/lib/libc.so.6', pkg: 'libc6-arm64-cross', why: 'the same' },
  { path: '/usr/aarch64-linux-gnu/lib/libstdc++.so.6', pkg: 'libstdc++6-arm64-cross', why: 'the same' },
  { path: '/usr/aarch64-linux-gnu/lib/libgcc_s.so.1', pkg: 'libgcc-s1-arm64-cross', why: 'the same' },
  { path: '/usr/bin/x86_64-linux-gnu-strip', pkg: 'binutils-x86-64-linux-gnu', why: "the agent's binary" },
  { path: '/usr/bin/zstd', pkg: 'zstd', why: 'seeds of the chain database' },
];

/** Installs what is missing when root; otherwise names it in one line and stops. */
export function ensureSystemPackages(): void {
  const missing = NEEDED.filter(({ path }) => !existsSync(path));
  if (missing.length === 0) return;
  const names = missing.map(({ pkg }) => pkg);
  const install = [
    'install',
    '-y',
    '-qq',
    '-o',
    'DPkg::Lock::Timeout=300',
    '--no-install-recommends',
    ...names,
  ];
  if (process.getuid?.() !== 0) {
    console.error(`Missing system packages; install them first: sudo apt-get install ${names.join(' ')}`);
    process.exit(2);
  }
  for (const args of [['update', '-qq'], install]) {
    console.log(`apt-get ${args.join(' ')}`);
    const { status } = spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    if (status !== 0)
      throw new Error(
        `apt-get ${args[0]} failed (exit ${status}); needed for ${missing.map((m) => m.why).join(', ')}`,
      );
  }
}
