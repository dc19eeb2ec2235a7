/** What was last probed of a node, by kind. Times of the probe are the hub's clock, milliseconds since 1970. */
export interface ProbeValues {
  /** The heaviest tip of each chain. */
  readonly tips: readonly { readonly chain: number; readonly height: number; readonly hash: string }[];
  /** Arguments of the running chainweb-node. */
  readonly flags: readonly string[];
  readonly capacity: {
    readonly cores: number;
    readonly memoryBytes: number;
    readonly diskFreeBytes: number;
    readonly diskTotalBytes: number;
  };
}

export type ProbeKind = keyof ProbeValues;

export interface Probe<Kind extends ProbeKind> {
  readonly at: number;
  readonly ageMs: number;
  readonly value: ProbeValues[Kind];
}

export interface ProbeEntry<Kind extends ProbeKind> {
  readonly nodeId: string;
  readonly at: number;
  readonly value: ProbeValues[Kind];
}

/** §16.4: a tip that is read from the cache is at most this old. */
export const TIP_MAX_AGE_MS = 30_000;

/**
 * The last probe of each kind of each node, so that a page or a job need not probe again. Losing it costs probes,
 * nothing else. Reading always names the age that still serves, and older values are as good as absent.
 */
export interface ProbeCache {
  /** Of one node and kind the probe with the later `at` stays, whatever the order of arrival. */
  put<Kind extends ProbeKind>(kind: Kind, entries: readonly ProbeEntry<Kind>[]): Promise<void>;
  /** Of those asked for, the ones whose age is at most `maxAgeMs`, by node id. */
  get<Kind extends ProbeKind>(
    kind: Kind,
    nodeIds: readonly string[],
    maxAgeMs: number,
  ): Promise<ReadonlyMap<string, Probe<Kind>>>;
  /** Every kind of the node. */
  forget(nodeId: string): Promise<void>;
}

/** One entry of each node: the one with the latest `at`, in order of node id. */
export function latestOfEach<Kind extends ProbeKind>(
  entries: readonly ProbeEntry<Kind>[],
): ProbeEntry<Kind>[] {
  const latest = new Map<string, ProbeEntry<Kind>>();
  for (const entry of entries) {
    const held = latest.get(entry.nodeId);
    if (!held || held.at <= entry.at) latest.set(entry.nodeId, entry);
  }
  return [...latest.values()].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
}
