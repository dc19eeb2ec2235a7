import { BootstrapError } from './error.ts';
import { passwordOf } from './key-seat.ts';
import type { Remote } from './remote.ts';
import type { SshJob, SshKit } from './ssh-job.ts';

/**
 * Of each user his own, so that none takes another's away. sudo obeys what it reads last: behind a file that is named as
 * the user is.
 */
export const sudoFileOf = (user: string) => `/etc/sudoers.d/zz-stoa-hub-${user}`;

/** $1: who may, $2: the file. Checked by visudo before it is in force; a name with a dot is not read meanwhile. */
const RULE = `set -eu
umask 077
new=$2.new
trap 'rm -f "$new"' EXIT
grep -Eq '^[@#]includedir[[:space:]]+/etc/sudoers.d' /etc/sudoers || { echo '/etc/sudoers does not include /etc/sudoers.d' >&2; exit 1; }
printf '# Stoa Hub: bootstrap and recovery over SSH. Without it, none of either.\\n%s ALL=(ALL) NOPASSWD: ALL\\n' "$1" >"$new"
chmod 440 "$new"
visudo -cqf "$new"
mv "$new" "$2"
echo "the user $1 may become root without a password, by $2"`;

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
      .rootBy(password, 'letting our user become root', { script: RULE, args: [user, sudoFileOf(user)] })
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
