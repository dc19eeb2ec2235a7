import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EvidenceFile, formatEvidenceFile, readEvidenceFile } from './evidence-file.ts';

const document = fc.uint8Array({ minLength: 1, maxLength: 40 });
const documents = fc.array(document, { maxLength: 3 });
const id = fc.uint8Array({ minLength: 32, maxLength: 32 });
const hour = fc.record(
  {
    hubHour: fc.nat(2_400_000),
    checkpoint: document,
    receipts: documents,
    settled: documents,
    log: document,
  },
  { requiredKeys: ['hubHour', 'receipts', 'settled'] },
);
const file: fc.Arbitrary<EvidenceFile> = fc.record(
  {
    region: fc.string({ maxLength: 20 }),
    nodeId: id,
    rootKey: id,
    credential: document,
    nodeKey: id,
    formerKeys: fc.array(
      fc.record(
        { publicKey: id, credential: document, since: fc.nat(), until: fc.nat() },
        { requiredKeys: ['publicKey', 'since', 'until'] },
      ),
      { maxLength: 2 },
    ),
    hours: fc
      .uniqueArray(hour, { maxLength: 4, selector: ({ hubHour }) => hubHour })
      .map((hours) => hours.sort((a, b) => a.hubHour - b.hubHour)),
    documents,
  },
  { requiredKeys: ['region', 'nodeId', 'rootKey', 'hours', 'documents'] },
);

const LEAST = {
  format: 'stoa-evidence-1',
  region: 'eu',
  node: '00'.repeat(32),
  rootKey: '11'.repeat(32),
  hours: [{ hour: 7 }],
};

describe('a file of evidence', () => {
  it('comes back whole', () => {
    fc.assert(
      fc.property(file, (one) => {
        expect(readEvidenceFile(formatEvidenceFile(one))).toEqual(one);
      }),
    );
  });

  it('is read with what may be left out, and with fields of later programs', () => {
    expect(readEvidenceFile(JSON.stringify({ ...LEAST, later: 1 }))).toEqual({
      region: 'eu',
      nodeId: new Uint8Array(32),
      rootKey: new Uint8Array(32).fill(0x11),
      hours: [{ hubHour: 7, receipts: [], settled: [] }],
      documents: [],
    });
  });

  it.each([
    ['no JSON', '{"format":'],
    ['an object', '[]'],
    ['format is "stoa-evidence-2"', JSON.stringify({ ...LEAST, format: 'stoa-evidence-2' })],
    ['node is "ab" (expected 64 hex digits)', JSON.stringify({ ...LEAST, node: 'ab' })],
    ['hours[0].hour is -1', JSON.stringify({ ...LEAST, hours: [{ hour: -1 }] })],
    ['hours[0].hour is 2400001', JSON.stringify({ ...LEAST, hours: [{ hour: 2_400_001 }] })],
    [
      'hours[1].hour is 7 (expected more than 7)',
      JSON.stringify({ ...LEAST, hours: [{ hour: 7 }, { hour: 7 }] }),
    ],
    [
      'hours[0].settled[0] is no base64url',
      JSON.stringify({ ...LEAST, hours: [{ hour: 7, settled: ['='] }] }),
    ],
    ['hours[0].receipts is "x"', JSON.stringify({ ...LEAST, hours: [{ hour: 7, receipts: 'x' }] })],
    ['documents is a list of 50000', JSON.stringify({ ...LEAST, documents: Array(50_000).fill('') })],
  ])('is refused: %s', (message, text) => {
    expect(() => readEvidenceFile(text)).toThrow(
      expect.objectContaining({ code: 'malformed', message: expect.stringContaining(message) }),
    );
  });
});
