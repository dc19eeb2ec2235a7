import type { ChannelStatus } from '#channel/status.ts';
import type { AgentReadings } from '#collectors/agent-collectors.ts';
import type { Readings } from '#collectors/collector-set.ts';
import type { ChainwebProcess } from '#collectors/process.ts';
import type { ErrorDescription } from '#error.ts';
import type { OwnerKeyStatus } from '#identity/owner-key-pin.ts';
import { type Lamps, lampsOf } from '#status/lamps.ts';
import type { UpdateView } from '#update/update-report.ts';
import type { WorkStatus } from '#work/work-status.ts';

/** The way to the hub, as the channel sees it. */
export interface LinkStatus extends ChannelStatus {
  readonly hubUrl: string;
  /** Measured idle time after which the NAT on the way drops a connection, ms. */
  readonly natIdleMs: number | undefined;
}

export interface OutboxStatus {
  /** Results and checkpoints that no hub has acknowledged. */
  readonly waiting: number;
  /** Since the process started. */
  readonly droppedSamples: number;
}

export interface CollectorStatus {
  readonly ageMs: number | undefined;
  readonly hung: boolean;
  readonly error: (ErrorDescription & { readonly ageMs: number }) | undefined;
}

export interface ChainStatus {
  readonly network: string;
  readonly url: string;
  readonly tips: ReadonlyArray<{ readonly chain: number; readonly height: number; readonly hash: string }>;
  readonly height: number | undefined;
  readonly source: 'poll' | 'stream' | undefined;
  readonly version: string | undefined;
  readonly peers: number | undefined;
  readonly gasLimitOfBlock: number | undefined;
  readonly tlsFingerprint: string | undefined;
  readonly publicAddress: string | undefined;
}

/** What `status` shows; plain JSON. Ages and durations are in ms and were true at `at`. */
export interface StatusSnapshot {
  readonly version: string;
  readonly pid: number;
  readonly instance: string;
  /** Undefined until the node is enrolled. */
  readonly nodeId: string | undefined;
  /** Undefined where none is pinned. */
  readonly ownerKey: OwnerKeyStatus | undefined;
  readonly at: number;
  readonly uptimeMs: number;
  readonly rssBytes: number;
  readonly lamps: Lamps;
  /** Undefined until the node is enrolled. */
  readonly link: LinkStatus | undefined;
  readonly outbox: OutboxStatus | undefined;
  /** Undefined until the node is enrolled. */
  readonly work: WorkStatus | undefined;
  /** Undefined of an agent that does not tell. */
  readonly update: UpdateView | undefined;
  readonly chain: ChainStatus;
  readonly process: ChainwebProcess | undefined;
  readonly host: AgentReadings['host'] | undefined;
  readonly commitment: AgentReadings['commitment'] | undefined;
  readonly collectors: Readonly<Record<keyof AgentReadings, CollectorStatus>>;
}

export interface SnapshotParts
  extends Pick<
    StatusSnapshot,
    | 'version'
    | 'pid'
    | 'instance'
    | 'nodeId'
    | 'ownerKey'
    | 'at'
    | 'uptimeMs'
    | 'rssBytes'
    | 'link'
    | 'outbox'
    | 'work'
    | 'update'
  > {
  readonly network: string;
  readonly chainwebUrl: string;
  readonly readings: Readings<AgentReadings>;
}

export function buildSnapshot({ network, chainwebUrl, readings, ...own }: SnapshotParts): StatusSnapshot {
  const { cut, chainweb, process, host, commitment } = readings;
  const service = chainweb.value?.service.ok ? chainweb.value.service.value : undefined;
  const p2p = chainweb.value?.p2p.ok ? chainweb.value.p2p.value : undefined;
  return {
    ...own,
    lamps: lampsOf(own.link, readings),
    chain: {
      network,
      url: chainwebUrl,
      tips: (cut.value?.tips ?? []).map((tip) => ({
        ...tip,
        hash: Buffer.from(tip.hash).toString('base64url'),
      })),
      height: cut.value?.height,
      source: cut.value?.source,
      version: service?.version,
      peers: p2p?.peers,
      gasLimitOfBlock: p2p?.gasLimitOfBlock,
      tlsFingerprint: p2p?.tlsFingerprint,
      publicAddress: p2p?.publicAddress,
    },
    process: process.value?.node,
    host: host.value,
    commitment: commitment.value,
    collectors: {
      cut: statusOf(cut),
      chainweb: statusOf(chainweb),
      process: statusOf(process),
      host: statusOf(host),
      commitment: statusOf(commitment),
    },
  };
}

function statusOf({ ageMs, hung, error }: CollectorStatus): CollectorStatus {
  return { ageMs, hung, error };
}
