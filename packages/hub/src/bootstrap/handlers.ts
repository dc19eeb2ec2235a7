import type { SshAccess } from './access-store.ts';
import { installAgent, installPrerequisites, recoverAgent } from './agent-setup.ts';
import { BootstrapError } from './error.ts';
import { setFirewall } from './firewall.ts';
import { seatKey, withAccess } from './key-seat.ts';
import type { SshKindName } from './kinds.ts';
import { type SshHandler, type SshJob, type SshKit, secretNames } from './ssh-job.ts';
import { ensureRoot } from './sudo-rule.ts';

export const SSH_HANDLERS: Readonly<Record<SshKindName, SshHandler>> = {
  async bootstrap(job, kit) {
    const { host, port, user, label, tags } = job.params as Record<
      'host' | 'user' | 'label' | 'tags',
      string
    > & { port: number };
    const seated = await seatKey(await kit.access.ensure({ host, port, user }), {
      ...{ job, kit, anew: false },
    });
    return await withAccess(seated, { job, kit }, async (remote) => {
      await ensureRoot(remote, { user, job, kit });
      await forgetLogin(job, kit);
      await installPrerequisites(remote, job);
      const named = { label, tags: tags.split(' ').filter(Boolean) };
      const nodeId = await installAgent(remote, { access: seated, job, kit, named });
      return { nodeId, host, port, user };
    });
  },

  async 'key-reseat'(job, kit) {
    const seated = await seatKey(await accessOf(job, kit), { job, kit, anew: true });
    await forgetLogin(job, kit);
    return { key: seated.key?.id ?? '' };
  },

  async 'agent-install'(job, kit) {
    const access = await accessOf(job, kit);
    return await withAccess(access, { job, kit }, async (remote) => {
      await installPrerequisites(remote, job);
      return { nodeId: await installAgent(remote, { access, job, kit }) };
    });
  },

  async 'agent-recover'(job, kit) {
    const access = await accessOf(job, kit);
    return await withAccess(access, { job, kit }, async (remote) => {
      await installPrerequisites(remote, job);
      return { ...(await recoverAgent(remote, { access, job, kit })) };
    });
  },

  async 'sudoers-repair'(job, kit) {
    const seated = await seatKey(await accessOf(job, kit), { job, kit, anew: false });
    await withAccess(seated, { job, kit }, (remote) => ensureRoot(remote, { user: seated.user, job, kit }));
    await forgetLogin(job, kit);
    return { user: seated.user };
  },

  'firewall-bootstrap': firewall,
  'firewall-reconcile': firewall,
};

async function firewall(job: SshJob, kit: SshKit): Promise<Readonly<Record<string, unknown>>> {
  const access = await accessOf(job, kit);
  return await withAccess(access, { job, kit }, (remote) =>
    setFirewall(remote, {
      job,
      allow: String(job.params['allow']),
      rollBackSeconds: kit.rollBackSeconds,
      anew: (act) => withAccess(access, { job, kit, fresh: true }, act),
    }),
  );
}

/** It has done what it was given for. */
async function forgetLogin(job: SshJob, kit: SshKit): Promise<void> {
  if (await kit.vault.forget(secretNames.login(job.row.jobId))) job.say('the one-time login is forgotten');
}

async function accessOf(job: SshJob, kit: SshKit): Promise<SshAccess> {
  const access = await kit.access.ofNode(job.row.nodeId);
  if (access !== undefined) return access;
  throw new BootstrapError(
    'no_access',
    'the hub has never signed in to this node over SSH: bootstrap it, with its host and user',
    { retry: false },
  );
}
