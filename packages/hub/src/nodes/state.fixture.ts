import fc from 'fast-check';
import type { Instant } from './liveness.ts';
import type { StateFacts } from './state.ts';

export const NOW = Date.UTC(2026, 10, 25, 18);
const SPAN = 20 * 60_000;

/** Instants that lie close enough to the bounds for every rule to be met. */
const instant = fc.integer({ min: NOW - SPAN, max: NOW + 1_000 });
const rarely = fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: instant });

export const anyFacts: fc.Arbitrary<StateFacts> = fc
  .record({
    createdAt: instant,
    retiredAt: rarely,
    refusedAt: rarely,
    quarantinedAt: rarely,
    disputedAt: rarely,
    lastSeen: fc.option(instant, { freq: 8, nil: undefined }),
    lag: fc.option(fc.integer({ min: 0, max: 20 }), { freq: 6, nil: undefined }),
    forked: fc.boolean(),
    chainweb: fc.constantFrom('up', 'down', 'stopped', 'unknown'),
    atTipAt: fc.option(instant, { freq: 4, nil: undefined }),
  })
  .map((facts) => ({
    ...facts,
    quarantineReason: facts.quarantinedAt === undefined ? undefined : 'a test',
    // What was never heard from has no status.
    ...(facts.lastSeen === undefined && {
      lag: undefined,
      forked: false,
      chainweb: 'unknown',
      atTipAt: undefined,
    }),
  }));

export const anyInstant: fc.Arbitrary<Instant> = fc
  .record({
    now: fc.constant(NOW),
    intervalMs: fc.constantFrom(15_000, 30_000, 45_000),
    graceUntil: fc.constantFrom(0, NOW, NOW + 60_000),
    frozenSince: fc.option(instant, { nil: undefined }),
  })
  .map(({ frozenSince, ...at }) => (frozenSince === undefined ? at : { ...at, frozenSince }));
