import { BootstrapError } from './error.ts';
import { passwordOf } from './key-seat.ts';
import type { Remote } from './remote.ts';
import type { SshJob, SshKit } from './ssh-job.ts';

/** $1: who may. Checked by visudo before it is in force; a name with a dot is not read meanwhile. */
const RULE = `set -eu
umask 077
dir=/etc/sudoers.d
new=$dir/.stoa-hub.new
trap 'rm -f "$new"' EXIT
grep -Eq '^[@#]includedir[[:space:]]+/etc/sudoers.d' /etc/sudoers || { echo '/etc/sudoers does not include /etc/sudoers.d' >&2; exit 1; }
printf '# Stoa Hub: bootstrap and recovery over SSH.\\n%s ALL=(ALL) NOPASSWD: ALL\\n' "$1" >"$new"
chmod 440 "$new"
visudo -cqf "$new"
mv "$new" $dir/stoa-hub
echo "the user $1 may become root"`;

/** Sees to it that our user may become root: as he may already, or by the one-time password. */
export async function ensureRoot(
  remote: Remote,
  { user, job, kit }: { user: string; job: SshJob; kit: SshKit },
): Promise<void> {
  await job.step('become root', 35);
  if (await remote.mayBeRoot()) return;
  const password = await passwordOf(job, kit);
  if (password !== undefined)
    await remote
      .rootBy(password, 'letting our user become root', { script: RULE, args: [user] })
      .catch((cause: unknown) => {
        if (cause instanceof BootstrapError && cause.code === 'remote_failed')
          throw new BootstrapError('no_sudo', `${user} may not become root: ${cause.message}`, {
            retry: false,
            cause,
          });
        throw cause;
      });
  await remote.requireRoot();
}
