import { decodeExact, equalBytes, openProvenReceipt, provenReceipt } from '@stoa/protocol';
import { makeEvidence, makeParties } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { type EvidenceHour, verifyHour } from '@stoa/protocol/stoicism';
import { perhaps } from './mutation.ts';
import { attempt, demand, type Target } from './oracle.ts';

const parties = makeParties('fuzz: evidence');
const trust = { root: parties.chain.root, region: 'eu' };
const hours = makeEvidence(parties, { hours: 4 }).file.hours;
const payloads = hours.map(({ settled }) => settled[0]!);

/** Body, path, root or certificates mutated, or those of one put to another: nothing but what an instance stands for opens. */
const proven: Target = {
  name: 'proven receipts',
  share: 2,
  run(prng, trace) {
    const input = perhaps(prng.of(payloads), prng, { other: prng.of(payloads), honest: 20 });
    trace('proven receipt', input);
    return attempt(() => {
      const { body } = decodeExact(provenReceipt, input);
      openProvenReceipt(decodeExact(provenReceipt, input), trust, nodeCrypto);
      const known = payloads.map((payload) => decodeExact(provenReceipt, payload).body);
      demand(
        known.some((one) => equalBytes(one, body)),
        'a receipt opened that no instance stands for',
      );
    });
  },
};

/** One document of an hour mutated: the verifier names it and throws nothing. */
const verified: Target = {
  name: 'hours of evidence',
  share: 0.5,
  run(prng, trace) {
    const [hour, other] = [prng.of(hours), prng.of(hours)];
    const change = (document: Uint8Array, from: Uint8Array) => {
      const input = prng.chance(2) ? document : perhaps(document, prng, { other: from, honest: 10 });
      trace('document', input);
      return input;
    };
    const input: EvidenceHour = {
      hubHour: hour.hubHour,
      checkpoint: change(hour.checkpoint!, other.checkpoint!),
      receipts: [change(hour.receipts[0]!, other.receipts[0]!)],
      settled: [change(hour.settled[0]!, other.settled[0]!)],
      log: change(hour.log!, other.log!),
    };
    const by = { nodeId: parties.nodeId, nodeKeys: [parties.keys.node.publicKey], trust };
    const isSame = saysTheSame(input, hour);
    const findings = verifyHour(input, by, nodeCrypto);
    const differs = findings.some(({ what }) => what === 'differs');
    demand(isSame !== differs, isSame ? 'an honest hour is accused' : 'a changed document is not named');
    return differs ? 'refused' : 'accepted';
  },
};

/** What a later version appends to an envelope of the wire is left unread, and no fault; what is signed or hashed has no such end. */
function saysTheSame(one: EvidenceHour, honest: EvidenceHour): boolean {
  const begins = (payload: Uint8Array, from: Uint8Array) =>
    equalBytes(payload.subarray(0, from.length), from);
  return (
    equalBytes(one.checkpoint!, honest.checkpoint!) &&
    equalBytes(one.log!, honest.log!) &&
    begins(one.receipts[0]!, honest.receipts[0]!) &&
    begins(one.settled[0]!, honest.settled[0]!)
  );
}

export const evidenceTargets: readonly Target[] = [proven, verified];
