import { formatPoints, formatScore } from '@stoa/protocol/stoicism';
import type { HistoryStore } from '#history/index.ts';
import { iso } from '../console/format.ts';
import { csvCell } from '../csv-cell.ts';
import { startOf } from '../hub-hour.ts';
import type { Cluster, Clustering, ClusterPage, ClusterQuery, ClusterStore } from './cluster-store.ts';
import { type LatencyVector, type Likeness, likenessOf } from './latency.ts';

const HOUR_MS = 3_600_000;
const LATENCY_HOURS = 24;
/** Of a cluster whose round trips are held against each other. */
const COMPARED = 16;

export type ReportCluster = Cluster & { readonly latency: Likeness };

export interface SybilReport extends Omit<ClusterPage, 'clusters'> {
  readonly by: Clustering;
  readonly clusters: readonly ReportCluster[];
}

/** Nodes that stand together, with what they are worth: for people to look at, who know more than addresses tell. */
export class SybilReports {
  readonly #clusters: ClusterStore;
  readonly #history: Pick<HistoryStore, 'seriesByNode'>;

  constructor(by: { clusters: ClusterStore; history: Pick<HistoryStore, 'seriesByNode'> }) {
    this.#clusters = by.clusters;
    this.#history = by.history;
  }

  async page(by: Clustering, span: ClusterQuery & { readonly now: number }): Promise<SybilReport> {
    const page = await this.#clusters.page(by, span);
    const ids = page.clusters.flatMap(({ members }) =>
      members.slice(0, COMPARED).map(({ nodeId }) => nodeId),
    );
    const to = Math.floor(span.now / HOUR_MS) * HOUR_MS;
    const series = await this.#history.seriesByNode(ids, {
      ...{ series: 'rtt', resolution: '1h', from: to - LATENCY_HOURS * HOUR_MS, to },
    });
    const vectorOf = (nodeId: string): LatencyVector =>
      new Map(series.get(nodeId)?.map(({ at, avg }) => [Math.floor(at / HOUR_MS), avg]));
    const clusters = page.clusters.map((cluster) => ({
      ...cluster,
      latency: likenessOf(cluster.members.slice(0, COMPARED).map(({ nodeId }) => vectorOf(nodeId))),
    }));
    return { by, ...page, clusters };
  }
}

/** A share of what all nodes earned, in ten-thousandths of one. */
export function sharePer10k(earned: bigint, all: bigint): number {
  return all === 0n ? 0 : Number((earned * 10_000n) / all);
}

/** For programs. Points and scores as text: they have more digits than a number of JSON is read with. */
export function reportJson({ by, hour, earned, clusters, more }: SybilReport) {
  return {
    by,
    hour: hour === undefined ? null : iso(startOf(hour)),
    earned: formatPoints(earned),
    clusters: clusters.map((cluster) => ({
      ...{ name: cluster.name, nodes: cluster.nodes, owners: cluster.owners },
      score: scoreText(cluster.micro),
      earned: formatPoints(cluster.earned),
      share: sharePer10k(cluster.earned, earned) / 10_000,
      latency: cluster.latency,
      members: cluster.members.map(({ nodeId, label, owner, micro, earned: own }) => ({
        ...{ nodeId, label, owner, score: formatScore(micro), earned: formatPoints(own) },
      })),
    })),
    more,
  };
}

const COLUMNS = 'by,cluster,nodes_in_cluster,alike_pairs,pairs,node_id,node,owner,score,points,hour\r\n';

/** A line a node, as RFC 4180. */
export function reportCsv({ by, hour, clusters }: SybilReport): string {
  const at = hour === undefined ? '' : iso(startOf(hour));
  const lines = clusters.flatMap(({ name, nodes, latency, members }) =>
    members.map(({ nodeId, label, owner, micro, earned }) =>
      [by, name, nodes, latency.alike, latency.pairs, nodeId, label, owner, formatScore(micro)]
        .concat([formatPoints(earned), at])
        .map(csvCell)
        .join(','),
    ),
  );
  return COLUMNS + lines.map((line) => `${line}\r\n`).join('');
}

/** Of many nodes together: past what one score may be. */
export function scoreText(micro: bigint): string {
  return `${micro / 1_000_000n}.${String(micro % 1_000_000n).padStart(6, '0')}`;
}
