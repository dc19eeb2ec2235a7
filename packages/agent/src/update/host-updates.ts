import type { Agent } from '#agent-options.ts';
import type { AgentContext } from '#cli/agent-context.ts';
import type { Proc } from '#collectors/proc.ts';
import type { SlotInstaller } from '#launcher/installer.ts';
import type { Launched } from '#launcher/launched.ts';
import { addressesIn, isPublicAddress } from '#public-address.ts';
import type { Random } from '#random.ts';
import type { Updates } from '#update/updates.ts';

export interface HostUpdatesOptions {
  readonly proc: Proc;
  readonly random: Random;
  /** Once it is there. */
  readonly agent: () => Agent | undefined;
  /** Ends the session and all else, then becomes the program anew. */
  readonly restart: () => void;
}

/** What the launcher gave, with the way in which this process installs. */
export interface Ground {
  readonly launched: Launched;
  readonly installer: SlotInstaller;
}

/** How this host's agent keeps itself current. Where no launcher started it, that code is not even loaded. */
export async function openUpdates(
  context: AgentContext,
  { proc, random, agent, restart }: HostUpdatesOptions,
  ground: Ground | undefined,
): Promise<Updates> {
  const { config, version } = context;
  const { dataDir, instance } = config;
  const platform = `${process.platform}-${process.arch}`;
  if (ground === undefined) {
    const { ByHand } = await import('#update/by-hand.ts');
    return ByHand.open({ ...context, dataDir, version, platform, node: process.versions.node });
  }
  const [{ Updater }, { hasDefaultRoute }, { mirrorHttp }, { inTurn }] = await Promise.all([
    import('#update/updater.ts'),
    import('#update/network.ts'),
    import('#update/mirror-http.ts'),
    import('#update/installer-queue.ts'),
  ]);
  const hub = (): string => agent()?.link().hubUrl ?? '';
  const besides = addressesIn(config.mirrorAllow);
  const allowed = (address: string): boolean => isPublicAddress(address) || besides(address);
  return Updater.open({
    ...context,
    ...ground,
    http: mirrorHttp({ http: context.http, hub, allowed }),
    anchor: ground.launched.embeddedRoot,
    installer: inTurn(ground.installer),
    random,
    dataDir,
    instance,
    platform,
    hub,
    time: () => agent()?.provenTime() ?? 0,
    hubNow: () => agent()?.hubTime(),
    work: {
      hold: (held) => agent()?.holdWork(held),
      get running() {
        return agent()?.work().running.length ?? 0;
      },
    },
    alone: () => !hasDefaultRoute(proc),
    restart,
  });
}
