import { BootstrapError } from './error.ts';
import type { Remote } from './remote.ts';
import type { SshJob } from './ssh-job.ts';

/** How long the host waits for our word that we still get in. */
const ROLL_BACK_S = 60;

/**
 * $1: ports, commas between. Says the wanted table, and whether it differs from what is in force. The port of this very
 * session is always among them.
 */
const LOOK = `set -eu
command -v nft >/dev/null 2>&1 || { echo 'nft is not installed' >&2; exit 1; }
if command -v ufw >/dev/null 2>&1 && ufw status 2>/dev/null | grep -q '^Status: active'; then echo ufw; exit 0; fi
if [ -f /etc/nftables.d/stoa.nft ] && nft list table inet stoa >/dev/null 2>&1 && [ "$(cat /etc/nftables.d/stoa.ports)" = "$1" ]; then
  [ "$(nft -s list table inet stoa)" = "$(cat /etc/nftables.d/stoa.listed)" ] && { echo same; exit 0; }
fi
echo differs`;

/** $1: ports, $2: seconds. Sets the clock first and the rules then: a connection that breaks in between undoes itself. */
const APPLY = `set -eu
umask 077
mkdir -p /etc/nftables.d /run/stoa
cat >/run/stoa/firewall.new <<TEXT
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
nft -c -f /run/stoa/firewall.new
if nft list table inet stoa >/run/stoa/firewall.before 2>/dev/null; then :; else : >/run/stoa/firewall.before; fi
rm -f /run/stoa/firewall.confirmed
cat >/run/stoa/firewall.undo <<'TEXT'
sleep "$1"
[ -e /run/stoa/firewall.confirmed ] && exit 0
nft delete table inet stoa
nft -f /run/stoa/firewall.before
TEXT
setsid sh /run/stoa/firewall.undo "$2" </dev/null >/dev/null 2>&1 &
nft -f /run/stoa/firewall.new
echo 'the rules are in force until they are confirmed'`;

/** $1: ports. Only what is confirmed outlives a reboot. */
const CONFIRM = `set -eu
umask 077
nft list table inet stoa >/dev/null
: >/run/stoa/firewall.confirmed
cp /run/stoa/firewall.new /etc/nftables.d/stoa.nft
printf '%s' "$1" >/etc/nftables.d/stoa.ports
nft -s list table inet stoa >/etc/nftables.d/stoa.listed
if [ -f /etc/nftables.conf ] && ! grep -q '^include "/etc/nftables.d/stoa.nft"' /etc/nftables.conf; then
  printf 'include "/etc/nftables.d/stoa.nft"\\n' >>/etc/nftables.conf
fi
echo 'the rules are confirmed'`;

/** $1: ports. Where ufw rules, its rules are ours too: only allowed more, never enabled or reset. */
const ALLOW_IN_UFW = `set -eu
for port in $(printf '%s' "$1" | tr ',' ' '); do ufw allow "$port/tcp"; done`;

const SESSION_PORT = `set -eu
set -- $SSH_CONNECTION
echo "port $4"`;

/**
 * @param by.anew a login of its own, made after the rules are in force: what proves that we still get in.
 * @throws BootstrapError `firewall_rolled_back` where it did not come through; the host is then as it was before.
 */
export async function setFirewall(
  remote: Remote,
  by: { job: SshJob; allow: string; anew: (act: (fresh: Remote) => Promise<unknown>) => Promise<unknown> },
): Promise<Readonly<Record<string, unknown>>> {
  const { job, allow, anew } = by;
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
    await remote.root('allowing the ports in ufw', ALLOW_IN_UFW, { args: [ports] });
    return { ports, changed: true, by: 'ufw' };
  }
  await job.step('put the rules in force', 50);
  await remote.root('putting the rules in force', APPLY, { args: [ports, `${ROLL_BACK_S}`] });
  await job.step('sign in through them', 70);
  try {
    await anew((fresh) => fresh.root('confirming the rules', CONFIRM, { args: [ports] }));
  } catch (cause) {
    throw new BootstrapError(
      'firewall_rolled_back',
      `no new connection came through the rules for ${ports}: the host undoes them ${ROLL_BACK_S} s after they came into force`,
      { retry: false, cause },
    );
  }
  return { ports, changed: true, by: 'nftables' };
}
