import { describe, expect, it } from 'vitest';
import { toHex } from '../bytes.ts';
import { encode } from '../codec/codec.ts';
import { nodeCrypto } from '../crypto/node.ts';
import { portableCrypto } from '../crypto/portable.ts';
import { remembered } from '../crypto/remembered.ts';
import { MINUTES_MASK } from '../evidence/minutes.ts';
import { GATES } from '../evidence/receipt.ts';
import { type EvidenceWishes, makeEvidence } from '../fixtures/evidence.ts';
import { makeParties } from '../fixtures/parties.ts';
import { nodeCredential } from '../identity/node-cert.ts';
import { type EvidenceHour, type FormerKey, formatEvidenceFile, readEvidenceFile } from './evidence-file.ts';
import { type HourReport, verifyEvidence } from './verify-evidence.ts';

const parties = makeParties('verify evidence');
const rootFingerprint = nodeCrypto.hash(parties.chain.root);
const inBrowser = remembered(portableCrypto);
const stranger = makeParties('a stranger');

type File = ReturnType<typeof makeEvidence>['file'];

/** Through the file, in both implementations, which must say the same. */
function verify(file: File, published?: readonly Uint8Array[]): HourReport[] {
  const read = readEvidenceFile(formatEvidenceFile(file));
  const policy = { rootFingerprint, ...(published && { published }) };
  const reports = [...verifyEvidence(read, policy, nodeCrypto)];
  expect([...verifyEvidence(read, policy, inBrowser)]).toEqual(reports);
  return reports;
}

const faults = (reports: readonly HourReport[]) =>
  reports.flatMap(({ findings }) => findings.flatMap(({ fault }) => fault ?? []));

describe('a file of evidence', () => {
  it('matches where everybody did what he should, and names who else is believed', () => {
    const { file, published } = makeEvidence(parties);
    const reports = verify(file, published);
    expect(reports.map(({ verdict }) => verdict)).toEqual(['match', 'match', 'match']);
    const said = reports[0]!.findings;
    expect(said.filter(({ what }) => what === 'rests-on').every(({ signer }) => signer !== undefined)).toBe(
      true,
    );
    expect(said.find(({ subject, gate }) => subject === 'gate' && gate === 'argv')).toMatchObject({
      what: 'match',
    });
  });

  it('matches as far as it goes: without the log, without the checkpoint, without all', () => {
    const { file } = makeEvidence(parties, { hours: 1 });
    const [hour] = file.hours;
    const { log: _, ...logless } = hour!;
    const { checkpoint: __, ...bare } = logless;
    const verdict = (one: typeof bare) => verify({ ...file, hours: [one] })[0]!.verdict;
    expect([verdict(logless), verdict(bare), verdict({ ...hour!, settled: [] })]).toEqual([
      'partly',
      'partly',
      'unknown',
    ]);
  });

  it.each<[string, EvidenceWishes]>([
    [
      'minute-dropped',
      { settle: (one) => ({ ...one, minutes: MINUTES_MASK >> 1n, acknowledged: MINUTES_MASK >> 1n }) },
    ],
    ['gate-invented', { settle: (one) => ({ ...one, gateFailures: one.gateFailures.with(5, 0b111000n) }) }],
    ['points-wrong', { settle: (one) => ({ ...one, points: one.points - 1n }) }],
    ['other-hour', { settle: (one) => ({ ...one, hubHour: one.hubHour + 1 }) }],
  ])('names a region that lies: %s', (fault, wishes) => {
    const { file, published } = makeEvidence(parties, { hours: 1, ...wishes });
    const reports = verify(file, published);
    expect(reports[0]!.verdict).toBe('differs');
    expect(faults(reports)).toContain(fault);
  });

  describe('of a node that changed its key', () => {
    const next = nodeCrypto.signingKey(new Uint8Array(32).fill(3));
    const { credential, nodeId, keys } = parties;
    const { file } = makeEvidence(parties, { hours: 2 });
    const [first, second] = file.hours as [EvidenceHour, EvidenceHour];
    const later = { keyGeneration: 1, publicKey: next.publicKey };
    const of = (over: Partial<Parameters<typeof parties.nodeCert>[0]> = {}, by = keys.enrol) =>
      encode(nodeCredential, { ...credential, node: parties.nodeCert({ ...later, ...over }, by) });
    const own = encode(nodeCredential, credential);
    const rotated = { ...file, credential: of() };
    const span = { since: 0, until: second.hubHour * 3_600_000 };
    const told = (formerKeys: readonly FormerKey[]) =>
      verify({ ...rotated, formerKeys }).map(
        ({ findings }) => findings.find(({ subject }) => subject === 'checkpoint')?.what,
      );

    it('proves what it signed before by that key, and nothing of the time after it', () => {
      const publicKey = keys.node.publicKey;
      expect(told([])).toEqual(['rests-on', 'rests-on']);
      expect(told([{ publicKey, ...span }])).toEqual(['match', 'rests-on']);
      expect(told([{ publicKey, credential: own, ...span }])).toEqual(['match', 'rests-on']);
      expect(told([{ publicKey, since: 0, until: span.until + 1 }])).toEqual(['match', 'match']);
      expect(told([{ publicKey, since: span.until, until: 2 * span.until }])).toEqual(['rests-on', 'match']);
      // The hub's receipt is of the one that was sent.
      const checkpoint = first.checkpoint!.with(-1, first.checkpoint!.at(-1)! ^ 1);
      const altered = { ...rotated, formerKeys: [{ publicKey, ...span }], hours: [{ ...first, checkpoint }] };
      expect(faults(verify(altered))).toContain('forged');
    });

    it('is of no key that it is not proven to have had', () => {
      const key = stranger.keys.node.publicKey;
      const without = { publicKey: key, ...span };
      expect(told([without])).toEqual(['rests-on', 'rests-on']);
      expect(told([{ ...without, credential: own }])).toEqual(['rests-on', 'rests-on']);
      const forged = of({ publicKey: key }, stranger.keys.enrol);
      expect(() => told([{ ...without, credential: forged }])).toThrow('signature');
      const other = of({ publicKey: key, nodeId: nodeId.map((byte) => byte ^ 1) });
      expect(() => told([{ ...without, credential: other }])).toThrow('the credential is that of node');
    });
  });

  it('holds a hub to its own word that the node was warm, hour after hour', () => {
    const cold = GATES.map((gate) => (gate === 'warm-up' ? 0b11111000000n : 0n));
    let hour = 0;
    const { file } = makeEvidence(parties, {
      hours: 3,
      settle(one) {
        hour += 1;
        return { ...one, gateFailures: hour === 3 ? cold : one.gateFailures };
      },
    });
    const warmUp = verify(file).map(({ findings }) => findings.find(({ gate }) => gate === 'warm-up')!);
    expect(warmUp.map(({ what, fault }) => fault ?? what)).toEqual(['rests-on', 'match', 'gate-invented']);
  });

  it('names two roots of one hour and pass: the one that the node was given, and the one that all are shown', () => {
    const { file } = makeEvidence(parties, { hours: 1 });
    const { published } = makeEvidence(parties, { hours: 1, settle: (one) => ({ ...one, microScore: 1 }) });
    expect(faults(verify(file, published))).toContain('two-roots');
  });

  it('names a root that is shown to nobody else', () => {
    const { file, published } = makeEvidence(parties, { hours: 2 });
    expect(verify(file, published.slice(1)).map(({ verdict }) => verdict)).toEqual(['differs', 'match']);
  });

  it('says of an hour of which the region did not answer that it was not compared', () => {
    const { file, published } = makeEvidence(parties, { hours: 2 });
    const unanswered = new Set([file.hours[0]!.hubHour]);
    const policy = { rootFingerprint, published: published.slice(1), unanswered };
    const [first, second] = [...verifyEvidence(file, policy, nodeCrypto)];
    expect([first!.verdict, second!.verdict]).toEqual(['partly', 'match']);
    expect(first!.findings.filter(({ what }) => what === 'missing').map(({ text }) => text)).toEqual([
      'not compared with the roots that the region shows everybody: it did not answer',
    ]);
  });

  it('believes no record that the node did not commit to', () => {
    const { file } = makeEvidence(parties, { hours: 2 });
    const other = makeEvidence(parties, {
      hours: 2,
      record: (one) => ({ ...one, minutes: one.minutes.slice(0, 5) }),
    }).file;
    const hours = file.hours.map((hour, i) => ({ ...hour, log: other.hours[i]!.log! }));
    expect(faults(verify({ ...file, hours }))).toEqual(['log-altered', 'log-altered']);
  });

  it('takes the key that the id of the node is the hash of, and no other', () => {
    const { credential: _, ...file } = makeEvidence(parties, { hours: 1 }).file;
    const signed = (nodeKey: Uint8Array) =>
      verify({ ...file, nodeKey })[0]!.findings.find(({ subject }) => subject === 'checkpoint')?.what;
    expect([signed(parties.keys.node.publicKey), signed(stranger.keys.node.publicKey)]).toEqual([
      'match',
      'rests-on',
    ]);
  });

  it('is not looked at under another root, or with the certificate of another node', () => {
    const { file } = makeEvidence(parties, { hours: 1 });
    const policy = { rootFingerprint: nodeCrypto.hash(stranger.chain.root) };
    expect(() => [...verifyEvidence(file, policy, nodeCrypto)]).toThrow(
      expect.objectContaining({
        code: 'wrong_root',
        message: expect.stringContaining(toHex(rootFingerprint)),
      }),
    );
    expect(() => verify({ ...file, nodeId: stranger.nodeId })).toThrow(
      expect.objectContaining({ code: 'bad_signature' }),
    );
  });

  it('differs with any byte that is changed of what was signed', () => {
    const { file, published } = makeEvidence(parties, { hours: 1 });
    const [hour] = file.hours;
    const policy = { rootFingerprint, published };
    const altered = (bytes: Uint8Array, at: number) =>
      bytes.with(at % bytes.length, bytes[at % bytes.length]! ^ 1);
    for (const at of [3, 77, 150, 400])
      for (const changed of [
        { ...hour!, checkpoint: altered(hour!.checkpoint!, at) },
        { ...hour!, log: altered(hour!.log!, at) },
        { ...hour!, settled: hour!.settled.map((one) => altered(one, at)) },
        { ...hour!, receipts: hour!.receipts.map((one) => altered(one, at)) },
      ]) {
        const [report] = verifyEvidence({ ...file, hours: [changed] }, policy, nodeCrypto);
        expect([at, report!.verdict]).toEqual([at, 'differs']);
      }
  });
});
