import { expect, it, vi } from 'vitest';
import { decodeExact, encode } from '../codec/codec.ts';
import { nodeCrypto as crypto } from '../crypto/node.ts';
import { checkpointKind } from '../evidence/checkpoint.ts';
import { MINUTES_MASK } from '../evidence/minutes.ts';
import { provenReceipt, receiptRootKind, type SettledReceipt } from '../evidence/settled-receipt.ts';
import { makeEvidence } from '../fixtures/evidence.ts';
import { makeParties } from '../fixtures/parties.ts';
import { peek, seal } from '../signed.ts';
import type { EvidenceFile, EvidenceHour } from './evidence-file.ts';
import { settledPoints } from './settled-hour.ts';
import { type EvidencePolicy, type HourReport, verifyEvidence, wordAlone } from './verify-evidence.ts';

/* Whose word an hour rests on: nobody's lie is a match, and nobody is accused by another's word. */

const parties = makeParties('verify word');
const stranger = makeParties('junk');
const rootFingerprint = crypto.hash(parties.chain.root);

/** Paid by its own words: a lie that adds up. */
function settled(change: (one: SettledReceipt) => Partial<SettledReceipt> = () => ({}), hours = 1) {
  return makeEvidence(parties, {
    hours,
    settle(one) {
      const next = { ...one, ...change(one) };
      const { points, pendingPoints } = settledPoints(next);
      return { ...next, points, pendingPoints };
    },
  });
}

function verify(file: EvidenceFile, by: Partial<EvidencePolicy> = {}): HourReport {
  return [...verifyEvidence(file, { rootFingerprint, ...by }, crypto)][0]!;
}

/** The verdict, and what is no match of it. */
function told({ verdict, findings }: HourReport): string[] {
  const named = findings.filter(({ what }) => what === 'differs' || what === 'missing');
  return [
    verdict,
    ...named.map(({ what, subject, gate, fault }) => [what, gate ?? subject, fault].join(' ').trim()),
  ];
}

function withHour({ file }: ReturnType<typeof settled>, change: (hour: EvidenceHour) => EvidenceHour) {
  return { ...file, hours: [change(file.hours[0]!)] };
}

it.each<[string, Partial<SettledReceipt>, string[]]>([
  [
    'a score of no version',
    { scoreVersion: 0, microScore: 4_000_000_000 },
    ['differs', 'differs score score-raised'],
  ],
  [
    'a score that no breakdown is named of',
    { microScore: 4_000_000_000, evidence: [] },
    ['partly', 'missing score'],
  ],
  [
    'an hour that was taken away whole',
    { unjudged: MINUTES_MASK, gateFailures: [] },
    ['partly', 'missing minutes'],
  ],
  [
    'an account that is named and failed',
    { gateFailures: [MINUTES_MASK, 0n, 0n, 0n, 0n, 0n, 0n] },
    ['differs', 'differs account gate-invented'],
  ],
  [
    'minutes of a gap that nobody signed',
    { gap: MINUTES_MASK, acknowledged: 0n, gateFailures: [] },
    ['differs', 'differs gap gap-unrecorded'],
  ],
])('%s is no match', (_, lie, expected) => {
  const { file, published } = settled(() => lie);
  expect(told(verify(file, { published }))).toEqual(expected);
});

it('says whose word it is that the port was open, where the report of who looked is not here', () => {
  const { file } = settled((one) => ({
    evidence: [...one.evidence, { kind: 'dial-back', hash: new Uint8Array(32) }],
  }));
  const { verdict, findings } = verify(file);
  expect([verdict, wordAlone(findings)]).toEqual(['match', expect.arrayContaining(['serving'])]);
});

it('says of an hour without a score whose word that is', () => {
  const { file } = settled((one) => ({
    ...{ scoreVersion: 0, microScore: 0, evidence: [] },
    gateFailures: one.gateFailures.with(1, MINUTES_MASK),
  }));
  const { verdict, findings } = verify(file);
  expect([verdict, wordAlone(findings)]).toEqual(['match', expect.arrayContaining(['score', 'published'])]);
});

it('a root is one of those that everybody is shown, or stands for nothing', () => {
  const honest = settled();
  const file = withHour(honest, (hour) => {
    const proven = decodeExact(provenReceipt, hour.settled[0]!);
    const body = { ...peek(receiptRootKind, proven.root), pass: 77, number: 5_000_000 };
    const root = seal(receiptRootKind, body, parties.keys.instance);
    return { ...hour, settled: [encode(provenReceipt, { ...proven, root })] };
  });
  const hidden = ['differs', 'differs published root-unpublished'];
  const { published } = honest;
  const { hubHour } = file.hours[0]!;
  expect(told(verify(file, { published }))).toEqual(hidden);
  expect(told(verify(file, { published: [] }))).toEqual(hidden);
  const unanswered = new Set([hubHour]);
  expect(told(verify(file, { published: [], unanswered }))).toEqual(['partly', 'missing published']);
  expect(wordAlone(verify(file).findings)).toContain('published');
  expect(wordAlone(verify(honest.file, { published }).findings)).not.toContain('published');
});

it('a checkpoint that nobody signed accuses nobody', () => {
  const short = settled(() => ({ minutes: 0xffn, acknowledged: 0xffn, checkpoint: undefined }));
  const forged = withHour(short, (hour) => {
    const body = { ...peek(checkpointKind, hour.checkpoint!), minutes: MINUTES_MASK };
    return { ...hour, checkpoint: seal(checkpointKind, body, stranger.keys.node), receipts: [] };
  });
  const { credential: _, ...bare } = forged;
  expect(told(verify(bare))).toEqual(['partly', 'missing checkpoint', 'missing receipt', 'missing log']);
  const closed = withHour(settled(), ({ log: __, ...hour }) => ({
    ...hour,
    checkpoint: forged.hours[0]!.checkpoint!,
  }));
  const { credential: ___, ...keyless } = closed;
  expect(told(verify(keyless))).toEqual(['partly', 'missing checkpoint', 'missing log']);
});

it('a node that says more than the hub’s receipt accuses nobody', () => {
  const short = settled(() => ({ minutes: 0xffn, acknowledged: 0xffn }));
  const alone = verify(withHour(short, (hour) => ({ ...hour, receipts: [] })));
  expect(told(alone)).toEqual(['partly', 'missing receipt']);
  expect(alone.findings.find(({ text }) => text.includes('rests on the node'))).toMatchObject({
    what: 'rests-on',
    minutes: MINUTES_MASK & ~0xffn,
  });
  const second = (minutes: bigint) =>
    withHour(settled(), ({ checkpoint, log: _, ...hour }) => ({
      ...{ ...hour, receipts: [] },
      checkpoint: seal(checkpointKind, { ...peek(checkpointKind, checkpoint!), minutes }, parties.keys.node),
    }));
  expect(told(verify(second(0xffn)))).toEqual([
    'partly',
    'missing receipt',
    'missing log',
    'missing checkpoint',
  ]);
});

it('hashes each document of a file once, however many hours name it', () => {
  const { file } = settled(undefined, 3);
  const documents = [...file.documents, ...Array.from({ length: 5 }, (_, i) => new Uint8Array(999).fill(i))];
  const hash = vi.fn<(...parts: Uint8Array[]) => Uint8Array>(crypto.hash);
  const reports = [...verifyEvidence({ ...file, documents }, { rootFingerprint }, { ...crypto, hash })];
  expect(reports.map(({ verdict }) => verdict)).toEqual(['match', 'match', 'match']);
  const ofDocuments = hash.mock.calls.filter((parts) => documents.includes(parts[0]!));
  expect(ofDocuments.length).toBe(documents.length);
});
