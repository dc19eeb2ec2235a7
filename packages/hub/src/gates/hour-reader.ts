import { type CryptoSuite, GATES } from '@stoa/protocol';
import { hourOf, type SessionWord } from '@stoa/protocol/stoicism';
import type { Sql } from '#seams/db-adapter/index.ts';
import { GapStore } from './gap-store.ts';
import { HourStore } from './hour-store.ts';
import { Hours } from './hours.ts';
import type { NodeHour } from './node-hour.ts';

/** How a node stood when it was last judged. */
export interface Standing {
  /** Minutes since 1970. */
  readonly minute: number;
  /** Bits of the gates that failed. */
  readonly reasons: number;
}

const HOUR = 60n;

/** Hours as people look at them: any time, a node's day at once, and the hour that still runs. Reads only. */
export class HourReader {
  readonly #store: HourStore;
  readonly #gaps: GapStore;
  readonly #hours: Hours;

  constructor(by: { sql: Sql; crypto: Pick<CryptoSuite, 'hash'> }) {
    this.#store = new HourStore(by);
    this.#gaps = new GapStore(by.sql);
    this.#hours = new Hours({ store: this.#store, gaps: this.#gaps, crypto: by.crypto });
  }

  /** A node's hours as they are worth by both sides' word; `until` exclusive. All zero where it left nothing. */
  async span(nodeId: string, { from, until }: { from: number; until: number }): Promise<NodeHour[]> {
    const hubHours = Array.from({ length: Math.max(0, until - from) }, (_, i) => from + i);
    const [gaps, traces] = await Promise.all([
      this.#gaps.overlapping({ from: from * 60, until: until * 60 }),
      this.#store.span(nodeId, hubHours),
    ]);
    return Promise.all(
      hubHours.map(async (hubHour) => {
        const touched = gaps.some(
          ({ granted }) => granted.from < (hubHour + 1) * 60 && granted.until > hubHour * 60,
        );
        if (touched) return this.#hours.of(nodeId, hubHour);
        const { words, checkpoint, checkpointHash } = traces.get(hubHour)!;
        const hour = hourOf({ words, checkpoint, gaps: [] });
        return { nodeId, hubHour, checkpoint: checkpointHash, gapRecords: [], ...hour };
      }),
    );
  }

  /** An hour that is not closed, by what the hub alone saw so far: its checkpoint is still to come. */
  async soFar(hubHour: number, nodeIds: readonly string[]): Promise<NodeHour[]> {
    const [traces, standings] = await Promise.all([
      this.#store.traces(hubHour, nodeIds),
      this.#store.standings(nodeIds),
    ]);
    return nodeIds.map((nodeId) => {
      const seen = traces.get(nodeId)?.words ?? [];
      const words = [...seen, ...sinceJudged(seen, hubHour, standings.get(nodeId))];
      const minutes = words.reduce((all, { acknowledged }) => all | acknowledged, 0n);
      const anySession = words.map((word) => ({ ...word, sessionId: undefined }));
      return {
        ...{ nodeId, hubHour, checkpoint: undefined, gapRecords: [] },
        ...hourOf({ words: anySession, checkpoint: { minutes, sessionIds: [] }, gaps: [] }),
      };
    });
  }
}

/**
 * Minutes after those whose verdict is stored: a verdict that changes is stored at once, one that stays within some minutes.
 * So they are as the last one was.
 */
function sinceJudged(
  words: readonly SessionWord[],
  hubHour: number,
  standing: Standing | undefined,
): SessionWord[] {
  if (standing === undefined || standing.minute >= (hubHour + 1) * 60) return [];
  const first = BigInt(Math.max(0, standing.minute + 1 - hubHour * 60));
  const judged = (1n << HOUR) - (1n << first);
  const failures = GATES.map((_, gate) => (((standing.reasons >> gate) & 1) === 1 ? judged : 0n));
  const epoch = Math.max(0, ...words.map((word) => word.epoch)) + 1;
  return [{ epoch, sessionId: undefined, acknowledged: 0n, judged, failures }];
}
