import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../bytes.ts';
import { decodeExact, encode } from '../codec/codec.ts';
import { nodeCrypto as crypto } from '../crypto/node.ts';
import { checkpointKind } from '../evidence/checkpoint.ts';
import { type HourRecord, hourRecord } from '../evidence/hour-record.ts';
import { MINUTES_MASK } from '../evidence/minutes.ts';
import { GATES } from '../evidence/receipt.ts';
import { provenReceipt, type SettledReceipt, signedReceiptRoot } from '../evidence/settled-receipt.ts';
import { type EvidenceWishes, makeEvidence } from '../fixtures/evidence.ts';
import { makeParties } from '../fixtures/parties.ts';
import { peek, seal } from '../signed.ts';
import { DocumentIndex } from './document-index.ts';
import type { Finding, GateName } from './finding.ts';
import { SEED_BASELINES } from './parts.ts';
import { type Measured, serverScore } from './score.ts';
import { settledPoints } from './settled-hour.ts';
import { type HourContext, verifyHour } from './verify-hour.ts';
import { verifyRoots } from './verify-roots.ts';
import { WARM_UP_MINUTES } from './warm-up.ts';

const parties = makeParties('verify hour');
const { chain, keys, nodeId } = parties;
const trust = { root: chain.root, region: 'eu' };
const WARM = { minutes: WARM_UP_MINUTES, off: 0, creditedAt: 0, credited: 0 };
const MIDDLE = 0b111n << 20n;

function verify(wishes: EvidenceWishes = {}, by: Partial<HourContext> = {}): Finding[] {
  const [hour] = makeEvidence(parties, { hours: 1, ...wishes }).file.hours;
  return verifyHour(hour!, { nodeId, nodeKeys: [keys.node.publicKey], trust, ...by }, crypto);
}

/** Changed, and paid by its own words again: a lie that adds up. */
const settling = (change: (one: SettledReceipt) => Partial<SettledReceipt>): EvidenceWishes => ({
  settle(one) {
    const next = { ...one, ...change(one) };
    const { points, pendingPoints } = settledPoints(next);
    return { ...next, points, pendingPoints };
  },
});
const failing = (gate: GateName, word: bigint) =>
  settling(({ gateFailures }) => ({ gateFailures: gateFailures.with(GATES.indexOf(gate), word) }));
/** From this minute on the node says something else of itself. */
const recording = (change: (minute: number) => Partial<HourRecord['minutes'][number]>): EvidenceWishes => ({
  record: (one) => ({ ...one, minutes: one.minutes.map((line) => ({ ...line, ...change(line.minute) })) }),
});
const indexed = (documents: readonly Uint8Array[]) => new DocumentIndex(documents, crypto);
const faultsOf = (findings: readonly Finding[]) => findings.flatMap(({ fault }) => fault ?? []);
const ofGate = (findings: readonly Finding[], gate: GateName) =>
  findings.filter((one) => one.gate === gate).map(({ what }) => what);

/** A score, and the document that says what it is the sum of. */
function scored(parts: Measured) {
  const { micro, parts: rows } = serverScore(parts, SEED_BASELINES, 'vps');
  const text = JSON.stringify({
    ...{
      jobId: 'j',
      attempt: 1,
      baselineVersion: 0,
      hwType: 'vps',
      limits: 'policy',
      committedGb: 100,
      micro,
    },
    parts: rows.map(({ part, value = null, baseline, weightPpm, earnedPpm, note = null }) => ({
      ...{ part, value, baseline, weightPpm, earnedPpm, note },
    })),
  });
  const document = utf8(text);
  return { micro, document, evidence: [{ kind: 'score' as const, hash: crypto.hash(document) }] };
}

describe('an hour of a hub that does not lie', () => {
  it('matches, and says whose word stands behind the rest', () => {
    const findings = verify({}, { warmBefore: WARM });
    expect(faultsOf(findings)).toEqual([]);
    expect(Object.fromEntries(GATES.map((gate) => [gate, ofGate(findings, gate)]))).toEqual({
      account: ['rests-on'],
      benchmark: ['match'],
      tip: ['rests-on'],
      'warm-up': ['match'],
      commitment: ['rests-on'],
      argv: ['match', 'rests-on'],
      serving: ['rests-on'],
    });
    expect(findings.find(({ gate }) => gate === 'account')?.signer).toBe('region eu');
    expect(findings.find(({ gate }) => gate === 'tip')?.signer).toBe('instance hub-1');
  });

  it('is never accused: a change may be judged a minute sooner or later', () => {
    const states = fc.array(fc.record({ good: fc.boolean(), lag: fc.integer({ min: -1, max: 1 }) }), {
      ...{ minLength: 60, maxLength: 60 },
    });
    fc.assert(
      fc.property(states, (minutes) => {
        const isGood = (at: number) => minutes[Math.min(59, Math.max(0, at))]!.good;
        const word = minutes.reduce(
          (failed, { lag }, at) => (isGood(at + lag) ? failed : failed | (1n << BigInt(at))),
          0n,
        );
        const wishes = {
          ...failing('tip', word),
          ...recording((minute) => ({ beatAgeMs: isGood(minute) ? 4_000 : 900_000 })),
        };
        expect(faultsOf(verify(wishes))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('may wait for a heartbeat where a new score promises more', () => {
    const line = makeEvidence(parties, { hours: 1, ...recording(() => ({})) }).file.hours[0]!.log!;
    const before = { ...decodeExact(hourRecord, line).minutes[0]!, minute: 59 };
    const { micro, document, evidence } = scored({ cpuSingle: { value: 5_000_000 } });
    const failed = (word: bigint) =>
      settling((one) => ({ evidence, microScore: micro, gateFailures: one.gateFailures.with(4, word) }));
    const by = { documents: indexed([document]), neighbours: { before } };
    expect(faultsOf(verify(failed(0b1n), by))).toEqual([]);
    expect(faultsOf(verify(failed(0b10n), by))).toEqual(['gate-invented']);
  });

  it('is accused of nothing in the first minute of a session, and by no record of another one', () => {
    const other = new Uint8Array(16).fill(6);
    const turned = recording((minute) => (minute >= 21 ? { sessionId: other } : {}));
    expect(faultsOf(verify({ ...failing('argv', 1n << 21n), ...turned }))).toEqual([]);
  });
});

describe('a hub that lies is named for', () => {
  const measured = { cpuSingle: { value: 5_000_000 }, memory: { value: 16_000 } };
  const { micro, document, evidence } = scored(measured);
  const benchmark = { claimed: measured, hwType: 'vps' as const, committedGb: 100 };
  const documents = indexed([document]);
  const slower = scored({ ...measured, cpuSingle: { value: 4_000_000 } });

  it.each<[string, GateName | undefined, EvidenceWishes, Partial<HourContext>?]>([
    [
      'minute-dropped',
      undefined,
      settling((one) => ({ minutes: one.minutes & ~MIDDLE, unsupported: MIDDLE })),
    ],
    ['gate-invented', 'argv', failing('argv', MIDDLE)],
    ['gate-invented', 'warm-up', failing('warm-up', MINUTES_MASK), { warmBefore: WARM }],
    ['gate-invented', 'benchmark', failing('benchmark', MIDDLE)],
    [
      'gate-invented',
      'commitment',
      settling((one) => ({ evidence, microScore: micro, gateFailures: one.gateFailures.with(4, MIDDLE) })),
      { documents },
    ],
    ['gate-waived', 'tip', recording((minute) => (minute > 30 ? { beatAgeMs: 600_000 } : {}))],
    ['gate-waived', 'serving', recording((minute) => (minute > 30 ? { chainweb: 'down' } : {}))],
    ['score-lowered', undefined, settling(() => ({ evidence, microScore: micro - 1 })), { documents }],
    ['score-raised', undefined, settling(() => ({ evidence, microScore: micro + 1 })), { documents }],
    [
      'score-lowered',
      undefined,
      settling(() => ({ evidence: slower.evidence, microScore: slower.micro })),
      { documents: indexed([slower.document]), benchmark },
    ],
    ['points-wrong', undefined, { settle: (one) => ({ ...one, points: one.points - 60_000n }) }],
    ['points-wrong', undefined, { settle: (one) => ({ ...one, account: '' }) }],
    ['other-hour', undefined, settling((one) => ({ nodeId: one.nodeId.with(0, 1) }))],
    ['forged', undefined, settling((one) => ({ checkpoint: one.nodeId }))],
  ])('%s (%s)', (fault, gate, wishes, by) => {
    const findings = verify(wishes, by).filter((one) => one.what === 'differs');
    expect(findings.map((one) => [one.fault, one.gate])).toContainEqual([fault, gate]);
    for (const { expected, found, text } of findings) expect([expected, found, text]).not.toContain('');
  });

  it('a score by another table than the published one', () => {
    const baselines = { ...SEED_BASELINES, cpuSingle: 2_500_000 };
    const wishes = settling(() => ({ evidence, microScore: micro }));
    expect(faultsOf(verify(wishes, { documents, baselines: SEED_BASELINES }))).toEqual([]);
    expect(faultsOf(verify(wishes, { documents, baselines }))).toEqual(['score-lowered']);
  });

  it('minutes that the node did not sign', () => {
    const hour = makeEvidence(parties, { hours: 1 }).file.hours[0]!;
    const told = { ...peek(checkpointKind, hour.checkpoint!), minutes: MINUTES_MASK & ~MIDDLE };
    const checkpoint = seal(checkpointKind, told, keys.node);
    const closed = settling(() => ({ checkpoint: crypto.hash(checkpoint) }));
    const { settled } = makeEvidence(parties, { hours: 1, ...closed }).file.hours[0]!;
    const by = { nodeId, nodeKeys: [keys.node.publicKey], trust };
    const findings = verifyHour({ ...hour, checkpoint, settled, receipts: [] }, by, crypto);
    expect(findings.find(({ fault }) => fault === 'minute-added')).toMatchObject({ minutes: MIDDLE });
  });

  it('a revision that takes back what was paid, and two of one number', () => {
    const first = makeEvidence(parties, { hours: 1 }).file.hours[0]!;
    const later = (wishes: EvidenceWishes) =>
      makeEvidence(parties, { hours: 1, ...wishes }).file.hours[0]!.settled;
    const by = { nodeId, nodeKeys: [], trust };
    const both = (wishes: EvidenceWishes) =>
      faultsOf(verifyHour({ ...first, settled: [...first.settled, ...later(wishes)] }, by, crypto));
    expect(both(settling(() => ({ revision: 1 })))).toEqual([]);
    expect(both(settling(() => ({ revision: 1, microScore: 1 })))).toEqual(['revision-wrong']);
    expect(both(settling(() => ({ acknowledged: 0n })))).toEqual(['revision-wrong']);
  });

  it('a root that no instance of the region signed', () => {
    const stranger = makeParties('stranger');
    const wrong = makeEvidence(
      { ...parties, keys: { ...keys, instance: stranger.keys.instance } },
      { hours: 1 },
    );
    const by = { nodeId, nodeKeys: [keys.node.publicKey], trust };
    const findings = verifyHour(wrong.file.hours[0]!, by, crypto);
    expect(findings.map(({ subject, fault }) => [subject, fault])).toContainEqual([
      'settled',
      'root-unsigned',
    ]);
    expect(faultsOf(verifyRoots(wrong.published, trust, crypto))).toEqual(['root-unsigned']);
  });

  it('two roots for one pass, and a chain of roots that was cut', () => {
    const { published } = makeEvidence(parties, { hours: 3 });
    expect(faultsOf(verifyRoots(published, trust, crypto))).toEqual([]);
    expect(faultsOf(verifyRoots([...published, ...published], trust, crypto))).toEqual([]);
    // Its random leaves are others.
    const again = makeEvidence(parties, { hours: 3 }).published;
    expect(faultsOf(verifyRoots([published[0]!, again[0]!], trust, crypto))).toEqual([
      'two-roots',
      'two-roots',
    ]);
    expect(faultsOf(verifyRoots([published[0]!, again[1]!], trust, crypto))).toEqual([
      'two-roots',
      'two-roots',
    ]);
  });
});

describe('what a receipt leads to', () => {
  it('is the root that the region publishes', () => {
    const { file, published } = makeEvidence(parties, { hours: 1 });
    const proven = decodeExact(provenReceipt, file.hours[0]!.settled[0]!);
    expect(encode(signedReceiptRoot, proven)).toEqual(published[0]);
  });
});
