import type { AgentContext } from '#cli/agent-context.ts';
import type { HostFacts } from '#collectors/host-facts.ts';
import type { Proc } from '#collectors/proc.ts';
import { identityDirectory, identityKind } from '#identity/identity.ts';
import { identityPath } from '#identity/identity-store.ts';
import { readOwnerKeyChanges } from '#identity/owner-key-changes.ts';
import { readOwnerKeyPin } from '#identity/owner-key-pin.ts';
import type { Random } from '#random.ts';
import { readRecord } from '#record-line.ts';
import { createRootClient } from '#root/client.ts';
import type { OpenRequest } from '#root/wire.ts';
import { createCommands } from '#work/commands.ts';
import { JobError } from '#work/job-error.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { nodeDataDir } from '#work/kinds/node-data-dir.ts';

const ROOT_SOCKET = '/run/stoa-agent-root.sock';

export interface HostFactsOfKinds {
  proc: Proc;
  random: Random;
  hostFacts: HostFacts;
  /** The region's signed time as the session had it last. */
  time: () => OpenRequest['time'];
  updates: KindDeps['updates'];
}

/** What the kinds of work have of this host. */
export function hostKindDeps(context: AgentContext, by: HostFactsOfKinds): KindDeps {
  const { config, clock, disk, http, nodeHttp } = context;
  const directory = identityDirectory(config);
  const identity = async () => {
    const found = await readRecord(disk, identityPath(directory), identityKind);
    if (found === undefined) throw new JobError('no_identity', `there is no identity in ${directory}`);
    return found;
  };
  return {
    clock,
    random: by.random,
    disk,
    proc: by.proc,
    commands: createCommands(clock),
    rootSteps: createRootClient({
      socketPath: ROOT_SOCKET,
      time: by.time,
      ownerKeyChanges: () => readOwnerKeyChanges(disk, directory),
    }),
    http,
    nodeHttp,
    hostFacts: by.hostFacts,
    config: { ...config, dataDir: nodeDataDir(config) },
    nodeSeed: async () => (await identity()).seed,
    ownerKey: async () => (await readOwnerKeyPin(disk, directory))?.key,
    hub: async () => (await identity()).hubs[0] ?? '',
    updates: by.updates,
  };
}
