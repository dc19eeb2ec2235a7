import { BootstrapError } from './error.ts';
import type { Remote } from './remote.ts';
import type { SshJob } from './ssh-job.ts';

/** How long the host waits for our word that we still get in. */
export const ROLL_BACK_S = 60;

/**
 * $1: ports, commas between. Says the wanted table, and whether it differs from what is in force. Rules that nobody has
 * confirmed are none: their clock runs.
 */
const LOOK = `set -eu
if command -v ufw >/dev/null 2>&1 && LC_ALL=C ufw status 2>/dev/null | grep -q '^Status: active'; then echo ufw; exit 0; fi
command -v nft >/dev/null 2>&1 || { echo 'nft is not installed' >&2; exit 1; }
if [ -f /etc/nftables.d/stoa.nft ] && [ ! -e /run/stoa/firewall.before ] && nft list table inet stoa >/dev/null 2>&1 && [ "$(cat /etc/nftables.d/stoa.ports)" = "$1" ]; then
  [ "$(nft -s list table inet stoa)" = "$(cat /etc/nftables.d/stoa.listed)" ] && { echo same; exit 0; }
fi
echo differs`;

/**
 * $1: ports, $2: seconds. Sets the clock first and the rules then: a connection that breaks in between undoes itself. While
 * rules wait for their word, `firewall.before` has what was there before the first of them, and whoever takes that file
 * away, the word or the clock, has decided: an attempt meanwhile must not take unconfirmed rules for what was before.
 */
const APPLY = `set -eu
umask 077
mkdir -p /etc/nftables.d /run/stoa
cd /run/stoa
cat >firewall.new <<TEXT
table inet stoa
delete table inet stoa
table inet stoa {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    ct state invalid drop
    iif lo accept
    meta l4proto { icmp, ipv6-icmp } accept
    udp dport { 68, 546 } accept
    tcp dport { $1 } accept
  }
}
TEXT
nft -c -f firewall.new
if [ ! -e firewall.before ]; then
  { printf 'table inet stoa\\ndelete table inet stoa\\n'; nft list table inet stoa 2>/dev/null || true; } >firewall.found
  mv firewall.found firewall.before
fi
setsid sh -c 'sleep "$1"; mv firewall.before firewall.undone && nft -f firewall.undone' undo "$2" </dev/null >/dev/null 2>&1 &
nft -f firewall.new
echo 'the rules are in force until they are confirmed'`;

/** Fails where the clock was first. */
const CONFIRM = `set -eu
mv /run/stoa/firewall.before /run/stoa/firewall.replaced
echo 'the rules are confirmed'`;

/**
 * $1: ports. Only what is confirmed outlives a reboot. A pattern in the include, since nft refuses all of its file for one
 * that names nothing; the service is not started, which would flush the rules of others.
 */
const KEEP = `set -eu
umask 077
cd /run/stoa
rm -f /etc/nftables.d/stoa.ports
nft -s list table inet stoa >firewall.listed
mv firewall.new /etc/nftables.d/stoa.nft
mv firewall.listed /etc/nftables.d/stoa.listed
printf '%s' "$1" >/etc/nftables.d/stoa.ports
if [ -f /etc/nftables.conf ] && ! grep -qF 'include "/etc/nftables.d/stoa.nf[t]"' /etc/nftables.conf; then
  printf '\\ninclude "/etc/nftables.d/stoa.nf[t]"\\n' >>/etc/nftables.conf
fi
if [ -d /run/systemd/system ]; then
  systemctl enable -q nftables.service || echo 'nftables.service can not be enabled: the rules end with the next boot'
fi`;

/**
 * $1: ports. Where ufw rules, its rules are ours too: only allowed more, never enabled or reset. A table of ours from before
 * would go on closing what it allows.
 */
const ALLOW_IN_UFW = `set -eu
for port in $(printf '%s' "$1" | tr ',' ' '); do LC_ALL=C ufw allow "$port/tcp"; done
command -v nft >/dev/null 2>&1 && nft list table inet stoa >/dev/null 2>&1 || exit 0
nft delete table inet stoa
rm -f /etc/nftables.d/stoa.nft /etc/nftables.d/stoa.ports /run/stoa/firewall.before
echo 'our own table has given way to ufw'`;

const SESSION_PORT = `set -eu
set -- $SSH_CONNECTION
echo "port $4"`;

/**
 * The port of this very session is always among those that stay open.
 * @param by.anew a login of its own, made after the rules are in force: what proves that we still get in.
 * @throws BootstrapError `firewall_rolled_back` where it did not come through; the host is then as it was before.
 */
export async function setFirewall(
  remote: Remote,
  by: {
    job: SshJob;
    allow: string;
    anew: (act: (fresh: Remote) => Promise<unknown>) => Promise<unknown>;
    rollBackSeconds: number;
  },
): Promise<Readonly<Record<string, unknown>>> {
  const { job, allow, anew, rollBackSeconds } = by;
  await job.step('look at the firewall', 30);
  const [, own] =
    /^port (\d+)$/m.exec(await remote.user('asking for the port of this session', SESSION_PORT)) ?? [];
  if (own === undefined)
    throw new BootstrapError('firewall_foreign', 'the host does not say by which port we came in', {
      retry: false,
    });
  const wanted = [...new Set([own, ...allow.split(',').filter((port) => port !== '')])];
  const ports = wanted
    .map(Number)
    .filter((port) => port > 0 && port < 65_536)
    .sort((a, b) => a - b)
    .join(',');
  const found = (await remote.root('looking at the firewall', LOOK, { args: [ports] })).trim();
  if (found === 'same') return { ports, changed: false, by: 'nftables' };
  if (found === 'ufw') {
    await job.step('allow the ports in ufw', 60);
    const said = await remote.root('allowing the ports in ufw', ALLOW_IN_UFW, { args: [ports] });
    return { ports, changed: /^(?:Rules? (?:added|updated)|our own table)/m.test(said), by: 'ufw' };
  }
  await job.step('put the rules in force', 50);
  try {
    await remote.root('putting the rules in force', APPLY, { args: [ports, `${rollBackSeconds}`] });
  } catch (cause) {
    // The host said what is wrong; without its answer it may be the rules that cut us off.
    if (cause instanceof BootstrapError) throw cause;
    throw rolledBack(ports, { rollBackSeconds, cause });
  }
  await job.step('sign in through them', 70);
  try {
    await anew((fresh) => fresh.root('confirming the rules', CONFIRM));
  } catch (cause) {
    throw rolledBack(ports, { rollBackSeconds, cause });
  }
  await remote.root('keeping the rules for the next boot', KEEP, { args: [ports] });
  return { ports, changed: true, by: 'nftables' };
}

function rolledBack(ports: string, by: { rollBackSeconds: number; cause: unknown }): BootstrapError {
  return new BootstrapError(
    'firewall_rolled_back',
    `no new connection came through the rules for ${ports}: the host undoes them ${by.rollBackSeconds} s after they came into force. Where a proxy in front of its SSH server takes our connections, name that port in 'allow'`,
    { retry: false, cause: by.cause },
  );
}
