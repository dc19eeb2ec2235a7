import type { FetchPayload } from '#audit/audits.ts';
import type { IdleProbe } from '#channel/nat-idle.ts';
import type { Transports } from '#channel/transport.ts';
import type { Clock } from '#clock.ts';
import type { HostFacts } from '#collectors/host-facts.ts';
import type { AgentConfig, ConfigHost } from '#config.ts';
import type { DialBackConsent } from '#dial-back/dial-backs.ts';
import type { Disk } from '#disk.ts';
import type { OwnerKeyStatus } from '#identity/owner-key-pin.ts';
import type { Log } from '#log.ts';
import type { Random } from '#random.ts';
import type { FetchHeader } from '#reports/header-replies.ts';
import type { AgentCollectors } from '#reports/readings.ts';
import type { LinkStatus, OutboxStatus } from '#status/snapshot.ts';
import type { Updates } from '#update/updates.ts';
import type { JobHandlers } from '#work/handler.ts';
import type { HostLock } from '#work/host-lock.ts';
import type { WorkStatus } from '#work/work-status.ts';

export interface AgentOptions {
  config: AgentConfig;
  /** Whose defaults tell which settings were changed. */
  configHost?: ConfigHost;
  clock: Clock;
  disk: Disk;
  random: Random;
  log: Log;
  transports: Transports;
  collectors: AgentCollectors;
  /** From the node's own API. */
  fetchHeader: FetchHeader;
  hostFacts: HostFacts;
  /** What this build can do of the kinds of work; nothing is asked for where there is none. */
  handlers: JobHandlers;
  /** Shared by all nodes of a host; not needed where there is one. */
  benchmarks?: HostLock | undefined;
  /** The NAT is not measured without it. */
  idleProbe?: IdleProbe | undefined;
  /** Days that the node's own log goes back (`evidence/`): 40 unless given, 0 for none, as in a crowd in one process. */
  logDays?: number | undefined;
  /** Time that the node's own verified chain tips prove, ms since 1970. */
  provenChainTime?: (() => number | undefined) | undefined;
  /** Without it, the hub is not offered that this agent looks at other nodes. */
  dialBack?: DialBackConsent | undefined;
  /** From the node's own API; without it, the hub is not offered audits. */
  fetchPayload?: FetchPayload | undefined;
  /** How this node keeps itself current; without it, sessions do not speak of updates. */
  updates?: Updates | undefined;
  /** Handshake and updates, nothing else: below the signed floor nothing else is trusted to be right. */
  updateOnly?: boolean | undefined;
  version: string;
  /** Such as `node 24.21.0`. */
  runtime: string;
}

export type AgentEnd = 'stopped' | 'revoked';

/** One node's agent, from its identity on disk to its session: everything that touches the world comes in as an argument. */
export interface Agent {
  /** Hex. */
  readonly nodeId: string;
  readonly ownerKey: OwnerKeyStatus | undefined;
  readonly updateOnly: boolean;
  /** Connects at once. Idempotent. */
  start(): void;
  /** Says goodbye and leaves no timer; within ten seconds whatever hangs (F33). */
  stop(): Promise<void>;
  /** The region's signed time, as the last session had it: what the privileged unit takes its own time floor from. */
  regionTime(): { regionTime: Uint8Array; authority: Uint8Array } | undefined;
  /** The latest time that is proven, by region, chain or hub, ms since 1970; 0 before the first. */
  provenTime(): number;
  /** As the hub tells it, ms since 1970; undefined before the first session. */
  hubTime(): number | undefined;
  /** Takes no work while held; what runs goes on to its end. */
  holdWork(held: boolean): void;
  link(): LinkStatus;
  outbox(): OutboxStatus;
  work(): WorkStatus;
  /** Looks at once at what the host's user may have changed: local policy, pause. */
  look(): Promise<void>;
  /** After `stop`, or a Revoke that the root signed. Nothing else ends an agent (F08). */
  readonly ended: Promise<AgentEnd>;
}
