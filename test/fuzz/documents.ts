import {
  adminKeyKind,
  checkpointKind,
  concat,
  equalBytes,
  formatJoinToken,
  instanceCertKind,
  jobKind,
  jobReceiptKind,
  jobResultKind,
  nodeCertKind,
  open,
  orderKind,
  ProtocolError,
  parseJoinToken,
  peek,
  receiptKind,
  receiptRootKind,
  refuseKind,
  regionCertKind,
  regionTimeKind,
  revokeKind,
  rotationKind,
  type SignedKind,
  seal,
  verifyHubChain,
  verifyNodeCredential,
} from '@stoa/protocol';
import { makeParties, sample, seededRandom } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { portableCrypto } from '@stoa/protocol/portable';
import { mutate, perhaps } from './mutation.ts';
import { attempt, demand, demandCanonical, OracleError, type Target } from './oracle.ts';

const parties = makeParties('fuzz: documents');
const { keys, chain, credential, agent } = parties;
const key = keys.node;

const corpus = (
  [
    regionCertKind,
    instanceCertKind,
    nodeCertKind,
    regionTimeKind,
    refuseKind,
    revokeKind,
    rotationKind,
    checkpointKind,
    receiptKind,
    receiptRootKind,
    jobKind,
    orderKind,
    adminKeyKind,
    jobResultKind,
    jobReceiptKind,
  ] as readonly SignedKind<unknown>[]
).flatMap((kind) => {
  const random = seededRandom(`corpus ${kind.title}`);
  return Array.from({ length: 4 }, () => ({ kind, sealed: seal(kind, sample(kind.body, random), key) }));
});

/** Reading without a check of the signature: what a display or a look for the issuer does with unproven bytes. */
const peeking: Target = {
  name: 'documents, unproven',
  share: 60,
  run(prng, trace) {
    const { kind, sealed } = prng.of(corpus);
    const input = perhaps(sealed, prng, { other: prng.of(corpus).sealed, honest: 20 });
    trace(kind.title, input);
    return attempt(() => demandCanonical(kind.body, peek(kind, input), input.subarray(2, -64), true));
  },
};

/** Checkpoints, receipts and certificates under their issuer's key: nothing but what was sealed opens. */
const opening: Target = {
  name: 'documents, signed',
  share: 12,
  run(prng, trace) {
    const { kind, sealed } = prng.of(corpus);
    const asked = prng.chance(8) ? prng.of(corpus).kind : kind;
    const input = perhaps(sealed, prng, { other: prng.of(corpus).sealed, honest: 20 });
    trace(`${kind.title}, opened as ${asked.title}`, input);
    return attempt(() => {
      open(asked, input, nodeCrypto, key.publicKey);
      const genuine = corpus.some((one) => one.kind === asked && equalBytes(one.sealed, input));
      demand(genuine, 'a document opened that nobody sealed');
    });
  },
};

/** A hub's chain and a node's credential, one part of them mutated. */
const chains: Target = {
  name: 'certificate chains',
  share: 6,
  run(prng, trace) {
    const pool = [chain.root, chain.region, chain.instance, credential.region, credential.node];
    const change = (part: Uint8Array) =>
      prng.chance(2) ? part : perhaps(part, prng, { other: prng.of(pool), honest: 10 });
    const shown = prng.chance(2)
      ? { kind: 'hub' as const, parts: [change(chain.root), change(chain.region), change(chain.instance)] }
      : {
          kind: 'node' as const,
          parts: [change(credential.root), change(credential.region), change(credential.node)],
        };
    const [root, region, leaf] = shown.parts as [Uint8Array, Uint8Array, Uint8Array];
    trace(`${shown.kind} chain`, concat(root, region, leaf));
    return attempt(() => {
      if (shown.kind === 'hub') verifyHubChain({ root, region, instance: leaf }, agent.policy, nodeCrypto);
      else verifyNodeCredential({ root, region, node: leaf }, agent.policy, nodeCrypto);
      const honest =
        shown.kind === 'hub'
          ? [chain.root, chain.region, chain.instance]
          : [credential.root, credential.region, credential.node];
      demand(
        honest.every((part, i) => equalBytes(part, shown.parts[i]!)),
        'a chain holds that nobody signed',
      );
    });
  },
};

const tokens = Array.from({ length: 8 }, (_, i) => {
  const random = seededRandom(`corpus token ${i}`);
  return formatJoinToken({
    hub: 'https://hub.example',
    region: 'eu',
    owner: `operator-${i}@example.org`,
    rootFingerprint: random(32),
    tokenId: random(16),
    secret: random(32),
    expiresAt: i,
  });
});
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

const joinTokens: Target = {
  name: 'join tokens',
  share: 60,
  run(prng, trace) {
    const input = perhaps(latin1(prng.of(tokens)), prng, { other: latin1(prng.of(tokens)), honest: 20 });
    trace('join token', input);
    const text = Buffer.from(input).toString('latin1');
    return attempt(() => {
      try {
        demand(formatJoinToken(parseJoinToken(text)) === text.trim(), 'a join token has two texts');
      } catch (error) {
        if (error instanceof ProtocolError) demandSilent(error, text);
        throw error;
      }
    });
  },
};

/** No error repeats the token: not its message, not a cause's. */
function demandSilent(error: Error, text: string): void {
  const secret = text.trim().slice(6);
  for (let at: unknown = error; at instanceof Error; at = at.cause)
    for (let i = 0; i + 10 <= secret.length; i += 5)
      if (at.message.includes(secret.slice(i, i + 10)))
        throw new OracleError('an error repeats the join token');
}

/** The two implementations give one verdict over any key, message and signature. */
const signatures: Target = {
  name: 'signatures, both implementations',
  share: 0.4,
  run(prng, trace) {
    const message = prng.bytes(prng.below(80));
    const honest = concat(key.publicKey, key.sign(message));
    const input = perhaps(honest, prng, { other: prng.bytes(96), honest: 4 });
    const [publicKey, signature] = [input.subarray(0, 32), input.subarray(32)];
    trace('key and signature', input);
    const verdict = nodeCrypto.verify(publicKey, message, signature);
    demand(
      portableCrypto.verify(publicKey, message, signature) === verdict,
      'node:crypto and tweetnacl disagree',
    );
    demand(!verdict || equalBytes(input, honest), 'a signature holds that nobody made');
    return verdict ? 'accepted' : 'refused';
  },
};

/** `verify` never throws, whatever it is given. */
const verification: Target = {
  name: 'signatures',
  share: 12,
  run(prng, trace) {
    const message = prng.bytes(prng.below(80));
    const honest = concat(key.publicKey, key.sign(message));
    const input = mutate(honest, prng, prng.bytes(96));
    const cut = prng.chance(4) ? prng.below(input.length + 1) : 32;
    trace('key and signature', input);
    const verdict = nodeCrypto.verify(input.subarray(0, cut), message, input.subarray(cut));
    demand(!verdict || equalBytes(input, honest), 'a signature holds that nobody made');
    return verdict ? 'accepted' : 'refused';
  },
};

export const documentTargets: readonly Target[] = [
  peeking,
  opening,
  chains,
  joinTokens,
  signatures,
  verification,
];
