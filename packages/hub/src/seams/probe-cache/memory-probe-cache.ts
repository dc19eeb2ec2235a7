import type { Clock } from '#clock.ts';
import { latestOfEach, type Probe, type ProbeCache, type ProbeEntry, type ProbeKind } from './probe-cache.ts';

type Shelves = { readonly [Kind in ProbeKind]: Map<string, ProbeEntry<Kind>> };

/** For a hub that is alone. Bounded: of each kind, the node whose probe came in longest ago goes first. */
export class MemoryProbeCache implements ProbeCache {
  readonly #clock: Clock;
  readonly #maxNodes: number;
  readonly #shelves: Shelves = { tips: new Map(), flags: new Map(), capacity: new Map() };

  constructor(by: { clock: Clock; maxNodes: number }) {
    this.#clock = by.clock;
    this.#maxNodes = by.maxNodes;
  }

  async put<Kind extends ProbeKind>(kind: Kind, entries: readonly ProbeEntry<Kind>[]): Promise<void> {
    const shelf: Map<string, ProbeEntry<Kind>> = this.#shelves[kind];
    for (const entry of latestOfEach(entries)) {
      const held = shelf.get(entry.nodeId);
      if (held && held.at > entry.at) continue;
      // Deleted first, so that it moves to the end of the order in which nodes go.
      shelf.delete(entry.nodeId);
      shelf.set(entry.nodeId, entry);
    }
    for (const nodeId of shelf.keys()) {
      if (shelf.size <= this.#maxNodes) break;
      shelf.delete(nodeId);
    }
  }

  async get<Kind extends ProbeKind>(
    kind: Kind,
    nodeIds: readonly string[],
    maxAgeMs: number,
  ): Promise<Map<string, Probe<Kind>>> {
    const shelf: Map<string, ProbeEntry<Kind>> = this.#shelves[kind];
    const now = this.#clock.now();
    const found = new Map<string, Probe<Kind>>();
    for (const nodeId of nodeIds) {
      const entry = shelf.get(nodeId);
      const ageMs = entry ? Math.max(0, now - entry.at) : Number.POSITIVE_INFINITY;
      if (entry && ageMs <= maxAgeMs) found.set(nodeId, { at: entry.at, ageMs, value: entry.value });
    }
    return found;
  }

  async forget(nodeId: string): Promise<void> {
    for (const shelf of Object.values(this.#shelves)) shelf.delete(nodeId);
  }
}
