import type { Clock } from '#clock.ts';
import type { HostFacts } from '#collectors/host-facts.ts';
import type { Proc } from '#collectors/proc.ts';
import type { AgentConfig } from '#config.ts';
import type { Disk } from '#disk.ts';
import type { Http } from '#http.ts';
import type { Random } from '#random.ts';
import type { OpenRootSteps } from '#root/client.ts';
import type { Updates } from '#update/updates.ts';
import type { Commands } from '#work/commands.ts';

/** What the kinds work with: everything that touches the world. */
export interface KindDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly proc: Proc;
  readonly commands: Commands;
  readonly rootSteps: OpenRootSteps;
  /** To the internet, by the host's proxy. */
  readonly http: Http;
  /** To this host's chainweb-node. */
  readonly nodeHttp: Http;
  readonly hostFacts: HostFacts;
  readonly config: Pick<
    AgentConfig,
    'dataDir' | 'network' | 'chainwebUrl' | 'chainwebP2pUrl' | 'committedPath' | 'committedGb'
  >;
  /** 32 bytes: an archive that was sealed to this node opens with it. */
  readonly nodeSeed: () => Promise<Uint8Array>;
  /** Origin of the region's hub: what the network is measured against. */
  readonly hub: () => Promise<string>;
  /** As pinned; undefined where the owner has none. */
  readonly ownerKey: () => Promise<Uint8Array | undefined>;
  /** How this agent keeps itself current. */
  readonly updates: () => Pick<Updates, 'view' | 'rollback'>;
}
