import { describe, expect, it } from 'vitest';
import { eventHash, GENESIS } from './chain.ts';
import { type EventDraft, type LedgerEvent, NO_BASIS } from './event.ts';
import { Replay } from './replay.ts';
import { accountName, nodeName } from './world.fixture.ts';

const [ANN, NODE] = [accountName(1), nodeName(1)];

function chained(
  drafts: readonly (Pick<EventDraft, 'kind' | 'amount'> & Partial<Pick<EventDraft, 'hour' | 'revision'>>)[],
): LedgerEvent[] {
  let hash = GENESIS;
  return drafts.map((draft, index) => {
    const about = { hour: 1, revision: 0, nodeId: NODE, accountId: ANN, ref: '1', basis: NO_BASIS };
    const event = { ...about, ...draft, ownerId: undefined, sequence: index + 1, ranAt: 0 };
    hash = eventHash(hash, event);
    return { ...event, hash };
  });
}

describe('a replay', () => {
  it.each(['matured', 'reserved', 'settled', 'released', 'donation', 'mining'] as const)(
    'names an event of the kind %s that moves nothing, or the other way',
    (kind) => {
      for (const amount of [0n, -5n]) {
        const replay = new Replay({ chain: false });
        replay.take(
          chained([
            { kind: 'accrual', amount: 9n },
            { kind, amount },
          ]),
        );
        expect(replay.faults).toMatchObject([
          {
            code: 'event_not_positive',
            sequence: 2,
            message: expect.stringContaining(
              `event 2 (${kind} of node ${NODE}, account ${ANN}, hour 1, ${amount} units)`,
            ),
          },
        ]);
      }
    },
  );

  it('lets what matured go back by what its revision took back of what waited, and no further', () => {
    const warm = [
      { kind: 'pending', amount: 9n },
      { kind: 'matured', amount: 9n },
      { kind: 'accrual', amount: 4n, revision: 1 },
      { kind: 'pending', amount: -4n, revision: 1 },
    ] as const;
    const faultsOf = (...last: Parameters<typeof chained>[0]) => {
      const replay = new Replay({ chain: true });
      replay.take(chained([...warm, ...last.map((one) => ({ revision: 1, ...one }))]));
      return replay.faults.map(({ code, sequence }) => `${code} ${sequence}`);
    };
    expect(faultsOf({ kind: 'matured', amount: -4n })).toEqual([]);
    expect(faultsOf({ kind: 'matured', amount: -14n })).toEqual(['event_not_positive 5']);
    const twice = faultsOf({ kind: 'matured', amount: -4n }, { kind: 'matured', amount: -1n });
    expect(twice).toEqual(['event_not_positive 6']);
    const later = faultsOf({ kind: 'accrual', amount: 1n, hour: 2 }, { kind: 'matured', amount: -4n });
    expect(later).toEqual(['event_not_positive 6']);
  });

  it('finds nothing wrong with revisions and adjustments that take away', () => {
    const replay = new Replay({ chain: false });
    replay.take(
      chained([
        { kind: 'accrual', amount: 9n },
        { kind: 'reserved', amount: 5n },
        { kind: 'accrual', amount: -7n },
        { kind: 'adjustment', amount: -1n },
      ]),
    );
    replay.finish();
    expect(replay.faults).toEqual([]);
  });
});
