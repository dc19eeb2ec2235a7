import { parseJoinToken, toHex } from '@stoa/protocol';
import type { SshAccess } from './access-store.ts';
import { BootstrapError } from './error.ts';
import type { Remote } from './remote.ts';
import { type AgentPatience, type SshJob, type SshKit, secretNames } from './ssh-job.ts';

const TOKEN_MS = 60 * 60_000;
const PACKAGES_MS = 10 * 60_000;
const INSTALL_MS = 15 * 60_000;
const UP_MS = 60_000;

export const AGENT_PATIENCE: AgentPatience = { afterStart: 20, afterRestart: 8, atRest: 3 };

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

/**
 * $1: bytes of the script, which come first; behind them the token. The script came by SSH, so nobody else can have it
 * changed. What a worker that died has begun on the host goes on without it: the next one waits for its end. What is started
 * from there must not hold the lock (`-o`).
 */
const INSTALL = `set -eu
umask 077
file=$(mktemp)
trap 'rm -f "$file"' EXIT
head -c "$1" >"$file"
IFS= read -r STOA_TOKEN
export STOA_TOKEN
alone='flock -o -w 600 -E 75 /run/stoa-install.lock'
command -v flock >/dev/null 2>&1 || alone=
$alone sh "$file" </dev/null || {
  code=$?
  [ $code != 75 ] || echo 'another installation has been under way on this host for 10 minutes' >&2
  exit $code
}`;

/** $1: how often it is asked, once a second. */
const READ_BACK = `set -eu
command -v stoa-agent >/dev/null
left=$1
while [ "$left" -gt 0 ]; do
  id=$(stoa-agent status --json 2>/dev/null | sed -n 's/.*"nodeId":"\\([0-9a-f]\\{64\\}\\)".*/\\1/p') || true
  if [ -n "$id" ]; then echo "node $id"; exit 0; fi
  left=$((left - 1))
  [ "$left" = 0 ] || sleep 1
done
echo 'the agent does not answer' >&2
exit 4`;

const STARTS = '"$prefix/stoa-agent" --selftest >/dev/null 2>&1';

/** A program that does not start is taken away: install.sh then fetches it anew. */
const DROP_BROKEN = `set -eu
prefix=/opt/stoa-agent
[ -e "$prefix/stoa-agent" ] || { echo 'no agent is installed'; exit 0; }
if ${STARTS}; then echo 'the program starts'; exit 0; fi
echo 'the program does not start: it is taken away'
rm -f "$prefix/stoa-agent" "$prefix/.sha256"`;

const RESTART = `set -eu
systemctl reset-failed stoa-agent.service 2>/dev/null || true
systemctl restart stoa-agent.service`;

/**
 * An identity that the agent can't use: kept, out of the folder of those that count, so that nothing is lost that somebody
 * may still read. Whom the privileged unit obeys goes with it, or that unit would refuse the next node's work; install.sh
 * pins anew what is missing. Where other nodes of the host are pinned too, only a person may change that.
 */
const SET_ASIDE = `set -eu
at=$(date +%s)
file=/var/lib/stoa-agent/identities/default
[ -e "$file" ] || exit 0
mv "$file" "/var/lib/stoa-agent/identity.lost.$at"
echo 'the identity that could not be used was put aside'
trust=/etc/stoa-agent/trust
[ -e "$trust" ] || exit 0
if grep '^node ' "$trust" | grep -qv ' default$'; then
  echo 'other nodes of this host are pinned for its privileged unit: stoa-agent-root pin brings the new one in'
  exit 0
fi
mv "$trust" "$trust.lost.$at"
echo 'whom its privileged unit obeys was put aside too'`;

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

/** What a node that joins is called; one that joined keeps its own. */
export interface NodeNames {
  readonly label: string;
  readonly tags: readonly string[];
}

/**
 * Installs what is missing, and joins under a token of this job where the host is no node yet.
 * @returns the node's id. @throws BootstrapError `agent_not_up`, `fingerprint_mismatch`, and what scripts fail with.
 */
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
  const nodeId = await readBack(remote, kit.patience.afterStart);
  const owner = await kit.registry.ownerOf(nodeId);
  const joined = await kit.tokens.usersOf(toHex(parseJoinToken(token).tokenId));
  // Whoever used the token must be the host that we talk to; one that was a node before must be its owner's.
  if (owner !== job.row.owner || (joined.length > 0 && !joined.includes(nodeId)))
    throw new BootstrapError(
      'fingerprint_mismatch',
      `the host says that it is node ${nodeId}; ${joined[0] ?? 'nobody'} joined with its token, and ${owner ?? 'nobody'} owns that node here, ${job.row.owner} expected`,
      { retry: false },
    );
  // Uses of SSH so far stand under the job, for want of a node, or under the identity that the host has lost.
  const { jobId } = job.row;
  const before = by.access.nodeId;
  const subjects = before !== undefined && before !== nodeId ? [jobId, before] : [jobId];
  await kit.audit.nameAlso('ssh.use', subjects, nodeId);
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
  const before = await ifUp(readBack(remote, by.kit.patience.atRest));
  if (before !== undefined) return { nodeId: await installAgent(remote, by), was: 'running' };
  await by.job.step('drop a broken version', 50);
  const found = await remote.root('looking at the program', DROP_BROKEN);
  const restarted = found.includes('the program starts') && (await restart(remote, by.kit.patience));
  const nodeId = restarted ? await installAgent(remote, by) : await installAnew(remote, by);
  return { nodeId, was: restarted ? 'stopped' : 'broken' };
}

/** @returns whether it answers then. A host without its unit says so by failing. */
async function restart(remote: Remote, { afterRestart }: AgentPatience): Promise<boolean> {
  try {
    await remote.root('restarting the agent', RESTART);
    return (await ifUp(readBack(remote, afterRestart))) !== undefined;
  } catch (error) {
    if (error instanceof BootstrapError && error.code === 'remote_failed') return false;
    throw error;
  }
}

/**
 * Where the program starts and its agent still does not answer, its identity is what is broken. Whatever else fails (a
 * download, a full disk, an id that is not the one that joined) says nothing about it: a sound identity stays.
 */
async function installAnew(
  remote: Remote,
  by: { access: SshAccess; job: SshJob; kit: SshKit },
): Promise<string> {
  try {
    return await installAgent(remote, by);
  } catch (error) {
    if (!(error instanceof BootstrapError) || error.code !== 'agent_not_up' || !(await startsOn(remote)))
      throw error;
    by.job.say(error.message);
  }
  await by.job.step('put a lost identity aside', 70);
  await remote.root('putting the identity aside', SET_ASIDE);
  return await installAgent(remote, by);
}

async function startsOn(remote: Remote): Promise<boolean> {
  const said = await remote.root(
    'looking at the program',
    `prefix=/opt/stoa-agent\nif ${STARTS}; then echo it starts; fi`,
  );
  return said.includes('it starts');
}

async function ifUp(asked: Promise<string>): Promise<string | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof BootstrapError && error.code === 'agent_not_up') return undefined;
    throw error;
  }
}

async function readBack(remote: Remote, times: number): Promise<string> {
  try {
    const said = await remote.root('reading the identity back', READ_BACK, {
      ...{ args: [`${times}`], timeoutMs: UP_MS },
    });
    const [, nodeId] = /^node ([0-9a-f]{64})$/m.exec(said) ?? [];
    if (nodeId !== undefined) return nodeId;
  } catch (cause) {
    if (!(cause instanceof BootstrapError) || cause.code !== 'remote_failed') throw cause;
  }
  throw new BootstrapError('agent_not_up', 'the agent is installed and does not answer', { retry: true });
}

/** The same for every attempt of the job, so that a host which joined before it was cut off is known again. */
async function tokenOf({
  job,
  kit,
  named,
}: {
  job: SshJob;
  kit: SshKit;
  named?: NodeNames | undefined;
}): Promise<string> {
  const name = secretNames.token(job.row.jobId);
  const held = await kit.vault.open(name);
  if (held !== undefined) return held;
  const token = await kit.tokens.create({
    ...{ owner: job.row.owner, createdBy: job.row.createdBy, ttlMs: TOKEN_MS },
    ...(named && named.label !== '' && { label: named.label }),
    ...(named && { tags: named.tags }),
  });
  await kit.vault.seal(name, token);
  return token;
}
