import { parseJoinToken, toHex } from '@stoa/protocol';
import type { SshAccess } from './access-store.ts';
import { BootstrapError } from './error.ts';
import type { Remote } from './remote.ts';
import { type SshJob, type SshKit, secretNames } from './ssh-job.ts';

const TOKEN_MS = 60 * 60_000;
const PACKAGES_MS = 10 * 60_000;
const INSTALL_MS = 15 * 60_000;
const UP_MS = 60_000;

/** What install.sh takes, and room for two versions of the agent. */
const PREREQUISITES = `set -eu
missing=
for tool in tar gzip openssl; do command -v $tool >/dev/null 2>&1 || missing="$missing $tool"; done
command -v curl >/dev/null 2>&1 || command -v wget >/dev/null 2>&1 || missing="$missing curl"
if [ -n "$missing" ]; then
  command -v apt-get >/dev/null 2>&1 || { echo "missing:$missing" >&2; exit 3; }
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o DPkg::Lock::Timeout=300 -qq update
  apt-get -o DPkg::Lock::Timeout=300 -qq install -y --no-install-recommends $missing ca-certificates
fi
free=$(df -Pk /opt | awk 'NR == 2 { print $4 }')
[ "$free" -ge 400000 ] || { echo "No space left on device: $free KiB are free below /opt, 400000 are needed" >&2; exit 1; }`;

/** $1: bytes of the script, which come first; behind them the token. The script came by SSH, so nobody else can have it changed. */
const INSTALL = `set -eu
umask 077
file=$(mktemp)
trap 'rm -f "$file"' EXIT
head -c "$1" >"$file"
IFS= read -r STOA_TOKEN
export STOA_TOKEN
sh "$file" </dev/null`;

const READ_BACK = `set -eu
command -v stoa-agent >/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  id=$(stoa-agent status --json 2>/dev/null | sed -n 's/.*"nodeId":"\\([0-9a-f]\\{64\\}\\)".*/\\1/p') || true
  if [ -n "$id" ]; then echo "node $id"; exit 0; fi
  sleep 1
done
echo 'the agent does not answer' >&2
exit 4`;

/** A version whose program does not start is taken away: install.sh then fetches it anew. */
const DROP_BROKEN = `set -eu
prefix=/opt/stoa-agent
[ -e "$prefix/current" ] || [ -L "$prefix/current" ] || { echo 'no agent is installed'; exit 0; }
if "$prefix/current/bin/node" "$prefix/current/stoa-agent.cjs" --version >/dev/null 2>&1; then echo 'the program starts'; exit 0; fi
echo 'the program does not start: it is taken away'
rm -rf "$(readlink -f "$prefix/current" || echo /nonexistent)" "$prefix/current"`;

const RESTART = `set -eu
systemctl reset-failed stoa-agent.service 2>/dev/null || true
systemctl restart stoa-agent.service`;

/** An identity that the agent can't use: kept, so that nothing is lost that somebody may still read. */
const SET_ASIDE = `set -eu
file=/var/lib/stoa-agent/identities/default
[ -e "$file" ] || exit 0
mv "$file" "$file.lost.$(date +%s)"
echo 'the identity that could not be used was put aside'`;

export async function installPrerequisites(remote: Remote, job: SshJob): Promise<void> {
  await job.step('prerequisites', 45);
  try {
    await remote.root('prerequisites', PREREQUISITES, { timeoutMs: PACKAGES_MS });
  } catch (cause) {
    if (cause instanceof BootstrapError && cause.code === 'remote_failed')
      throw new BootstrapError('missing_prerequisite', cause.message, { retry: false, cause });
    throw cause;
  }
}

/** Installs what is missing, and joins under a token of this job where the host is no node yet. @returns the node's id. */
/** What a node that joins is called; one that joined keeps its own. */
export interface NodeNames {
  readonly label: string;
  readonly tags: readonly string[];
}

export async function installAgent(
  remote: Remote,
  by: { access: SshAccess; job: SshJob; kit: SshKit; named?: NodeNames },
): Promise<string> {
  const { job, kit } = by;
  await job.step('install the agent', 60);
  const token = await tokenOf(by);
  const { script } = kit.installer;
  const bytes = Buffer.byteLength(script);
  await remote.root('installing the agent', INSTALL, {
    ...{ args: [`${bytes}`], stdin: `${script}${token}\n`, timeoutMs: INSTALL_MS },
  });
  await job.step('read its identity back', 85);
  const nodeId = await readBack(remote);
  const owner = await kit.registry.ownerOf(nodeId);
  const joined = await kit.tokens.usersOf(toHex(parseJoinToken(token).tokenId));
  // Whoever used the token must be the host that we talk to; one that was a node before must be its owner's.
  if (owner !== by.access.owner || (joined.length > 0 && !joined.includes(nodeId)))
    throw new BootstrapError(
      'fingerprint_mismatch',
      `the host says that it is node ${nodeId}; ${joined[0] ?? 'nobody'} joined with its token, and ${owner ?? 'nobody'} owns that node here, ${by.access.owner} expected`,
      { retry: false },
    );
  await kit.access.becomes(by.access, nodeId);
  await job.become(nodeId);
  await kit.vault.forget(secretNames.token(job.row.jobId));
  return nodeId;
}

export async function recoverAgent(
  remote: Remote,
  by: { access: SshAccess; job: SshJob; kit: SshKit },
): Promise<{ nodeId: string; was: string }> {
  await by.job.step('look at the agent', 40);
  const before = await readBack(remote).catch(() => undefined);
  if (before !== undefined) return { nodeId: await installAgent(remote, by), was: 'running' };
  await by.job.step('drop a broken version', 50);
  await remote.root('looking at the program', DROP_BROKEN);
  const restarted = await remote
    .root('restarting the agent', RESTART)
    .then(() => readBack(remote))
    .catch(() => undefined);
  if (restarted === undefined) await withoutIdentity(remote, by);
  const nodeId = await installAgent(remote, by);
  return { nodeId, was: restarted === undefined ? 'broken' : 'stopped' };
}

/** Reinstalls; where it still does not come up, its identity is what is broken. */
async function withoutIdentity(
  remote: Remote,
  by: { access: SshAccess; job: SshJob; kit: SshKit },
): Promise<void> {
  try {
    await installAgent(remote, by);
  } catch (error) {
    if (!(error instanceof BootstrapError) || error.code === 'remote_disk_full') throw error;
    by.job.say(error.message);
    await by.job.step('put a lost identity aside', 70);
    await remote.root('putting the identity aside', SET_ASIDE);
  }
}

async function readBack(remote: Remote): Promise<string> {
  try {
    const said = await remote.root('reading the identity back', READ_BACK, { timeoutMs: UP_MS });
    const [, nodeId] = /^node ([0-9a-f]{64})$/m.exec(said) ?? [];
    if (nodeId !== undefined) return nodeId;
  } catch (cause) {
    if (!(cause instanceof BootstrapError) || cause.code !== 'remote_failed') throw cause;
  }
  throw new BootstrapError('agent_not_up', 'the agent is installed and does not answer', { retry: true });
}

/** The same for every attempt of the job, so that a host which joined before it was cut off is known again. */
async function tokenOf({
  access,
  job,
  kit,
  named,
}: {
  access: SshAccess;
  job: SshJob;
  kit: SshKit;
  named?: NodeNames | undefined;
}): Promise<string> {
  const name = secretNames.token(job.row.jobId);
  const held = await kit.vault.open(name);
  if (held !== undefined) return held;
  const token = await kit.tokens.create({
    ...{ owner: access.owner, createdBy: job.row.createdBy, ttlMs: TOKEN_MS },
    ...(named && named.label !== '' && { label: named.label }),
    ...(named && { tags: named.tags }),
  });
  await kit.vault.seal(name, token);
  return token;
}
