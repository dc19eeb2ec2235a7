import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode } from '../codec/codec.ts';
import { nodeCrypto as crypto } from '../crypto/node.ts';
import { hubGapKind, type SignedGap, signedHubGap } from '../evidence/hub-gap.ts';
import { MINUTES_MASK } from '../evidence/minutes.ts';
import { sessionIdOf } from '../evidence/session-id.ts';
import type { SettledReceipt } from '../evidence/settled-receipt.ts';
import { makeEvidence } from '../fixtures/evidence.ts';
import { makeParties, NOW } from '../fixtures/parties.ts';
import { seal } from '../signed.ts';
import { minutesWithin } from './gap.ts';
import { settledPoints } from './settled-hour.ts';
import { type HourReport, verifyEvidence, wordAlone } from './verify-evidence.ts';

const parties = makeParties('verify gap');
const stranger = makeParties('another network');
const HOUR = Math.floor(NOW / 3_600_000) - 24;
const START = HOUR * 60;
const SESSION = sessionIdOf('hub-1', parties.random, crypto.hash);

function record(said: Partial<SignedGap>, { chain, keys } = parties): Uint8Array {
  const { from = START + 20, until = START + 40 } = said;
  const gap: SignedGap = {
    ...{ instance: 'hub-1', cause: 'restart', from, until, grantFrom: from, grantUntil: until, counted: 5 },
    ...said,
  };
  const { region, instance } = chain;
  return encode(signedHubGap, { sealed: seal(hubGapKind, gap, keys.instance), region, instance });
}

interface Settled {
  readonly gap?: bigint;
  /** Named by the receipt. */
  readonly named?: readonly Uint8Array[];
  /** What goes along with it: all that it names unless given. */
  readonly documents?: readonly Uint8Array[];
  readonly change?: Partial<SettledReceipt>;
  /** Under which the node signed that it was there. */
  readonly session?: Uint8Array;
}

/** An hour in which a node of instance hub-1 had a gap of its hub. */
function report({
  gap = 0xfffffn << 20n,
  named = [],
  documents = named,
  change,
  session: sessionId = SESSION,
}: Settled): HourReport {
  const { file, published } = makeEvidence(parties, {
    ...{ from: HOUR, hours: 1, documents },
    record: (one) => ({ ...one, minutes: one.minutes.map((line) => ({ ...line, sessionId })) }),
    settle(one) {
      const evidence = named.map((document) => ({ kind: 'gap', hash: crypto.hash(document) }));
      const next = {
        ...{ ...one, gap, acknowledged: MINUTES_MASK & ~gap },
        ...{ evidence: [...one.evidence, ...evidence], ...change },
      };
      const { points, pendingPoints } = settledPoints(next);
      return { ...next, points, pendingPoints };
    },
  });
  const rootFingerprint = crypto.hash(parties.chain.root);
  return [...verifyEvidence(file, { rootFingerprint, published }, crypto)][0]!;
}

function told({ verdict, findings }: HourReport): string[] {
  const named = findings.filter(({ what }) => what === 'differs' || what === 'missing');
  return [verdict, ...named.map(({ what, subject, fault = '' }) => `${what} ${subject} ${fault}`.trim())];
}

describe('minutes of a hub’s gap', () => {
  it('rest on the signed record that came with the receipt, and on whose it is', () => {
    const honest = report({ named: [record({})] });
    expect(told(honest)).toEqual(['match']);
    expect(wordAlone(honest.findings)).toContain('gap');
    expect(honest.findings.find(({ subject }) => subject === 'gap')).toMatchObject({
      ...{ what: 'rests-on', signer: 'instance hub-1', minutes: 0xfffffn << 20n },
      text: 'that minutes 20-39 were a gap of instance hub-1 (restart) rests on its signed record',
    });
  });

  it('are told where the record is not here, and no match', () => {
    expect(told(report({ named: [record({})], documents: [] }))).toEqual(['partly', 'missing gap']);
  });

  const lost = { instance: 'hub-2', cause: 'lost' };
  const other = { instance: 'hub-2' };
  it.each<[string, Settled, string]>([
    ['no record of it', {}, 'gap-unrecorded'],
    ['a record of fewer minutes', { named: [record({ grantUntil: START + 39 })] }, 'gap-unrecorded'],
    ['a record of another hour', { named: [record({ from: START - 90, until: START })] }, 'gap-unrecorded'],
    [
      'a record that grants more',
      { named: [record({})], gap: 0xffn << 20n, change: { minutes: 0xfffffffn } },
      'minute-dropped',
    ],
    ['a record of a stranger', { named: [record({}, stranger)] }, 'forged'],
    ['one of another region', { named: [record({}, inRegion('us'))] }, 'forged'],
    ['one that the instance declares of another', { named: [record(other)] }, 'forged'],
    ['one of an instance that the node was not with', { named: [record(lost)] }, 'other-instance'],
    ['another record than it names', { named: [record({})], documents: [record({ counted: 6 })] }, 'forged'],
  ])('of a hub that has %s are named', (_, lie, fault) => {
    const { verdict, findings } = report(lie);
    expect(verdict).toBe('differs');
    expect(findings.flatMap((one) => (one.subject === 'gap' ? (one.fault ?? []) : []))).toContain(fault);
  });

  it('of sessions that ended all at once may be any instance’s', () => {
    const mass = record({ cause: 'mass-expiry' });
    const session = sessionIdOf('hub-9', parties.random, crypto.hash);
    expect(told(report({ named: [mass], session }))).toEqual(['match']);
    expect(report({ named: [record({})], session }).verdict).toBe('differs');
  });

  it('one byte of the record that is not as it was signed is missed nowhere, named by the receipt or not', () => {
    const whole = record({});
    fc.assert(
      fc.property(
        fc.nat(whole.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        (at, by, lies) => {
          const altered = whole.slice();
          altered[at]! ^= by;
          const { verdict, findings } = report({ named: [lies ? altered : whole], documents: [altered] });
          expect([
            verdict,
            findings.some(({ subject, fault }) => subject === 'gap' && fault === 'forged'),
          ]).toEqual(['differs', true]);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('are what the records grant, and no minute more', () => {
    const span = fc.tuple(fc.integer({ min: -30, max: 70 }), fc.integer({ min: 1, max: 30 }));
    fc.assert(
      fc.property(fc.uniqueArray(span, { maxLength: 3 }), fc.bigInt(0n, MINUTES_MASK), (spans, more) => {
        const gaps = spans.map(([at, length]) => ({ from: START + at, until: START + at + length }));
        const granted = gaps.reduce((all, gap) => all | minutesWithin(gap, HOUR), 0n);
        const named = gaps.map((gap) => record(gap));
        expect(told(report({ named, gap: granted }))).toEqual(['match']);
        const verdict = (granted | more) === granted ? 'match' : 'differs';
        expect(report({ named, gap: granted | more }).verdict).toBe(verdict);
      }),
      { numRuns: 60 },
    );
  });
});

/** The same keys, certified by the same root for another region. */
function inRegion(region: string): typeof parties {
  const { keys, chain } = parties;
  const regionCert = parties.regionCert('instances', { region });
  const instance = parties.instanceCert({ region }, keys.instances);
  return { ...parties, chain: { ...chain, region: regionCert, instance } };
}
