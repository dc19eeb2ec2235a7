import {
  adminKeyKind,
  type CarriedOrder,
  concat,
  decideKind,
  equalBytes,
  formatOrderDraft,
  formatParams,
  KIND_NAMES,
  kindOf,
  type MerkleTree,
  merkleTree,
  orderBytes,
  orderKind,
  parseLocalPolicy,
  parseOrderDraft,
  parseParams,
  seal,
  verifyOrder,
} from '@stoa/protocol';
import { makeParties, NOW, seededRandom } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { mutate, perhaps } from './mutation.ts';
import { attempt, demand, type Target } from './oracle.ts';

const parties = makeParties('fuzz: work');
const { keys, nodeId } = parties;
const random = seededRandom('fuzz: work, drawn');
const [owner, admin] = [nodeCrypto.signingKey(random(32)), nodeCrypto.signingKey(random(32))];
const HOUR = 3_600_000;

const latin1 = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));
const ofLatin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

const PARAMS = [
  ['stoachain-control', formatParams(kindOf('stoachain-control').parameters, { action: 'stop' })],
  ['drive-benchmark', formatParams(kindOf('drive-benchmark').parameters, {})],
  ['apt-upgrade', formatParams(kindOf('apt-upgrade').parameters, {})],
  [
    'stoachain-reseed',
    formatParams(kindOf('stoachain-reseed').parameters, {
      url: 'https://seeds.example/eu.tar',
      sha256: 'ab'.repeat(32),
    }),
  ],
] as const;

/** What an order signs has one text: what is read of any text is written as that very text. */
const parameters: Target = {
  name: 'parameters of jobs',
  share: 40,
  run(prng, trace) {
    const [kind, text] = prng.of(PARAMS);
    const input = perhaps(latin1(text), prng, { other: latin1(prng.of(PARAMS)[1]), honest: 10 });
    trace(kind, input);
    return attempt(() => {
      const { parameters } = kindOf(kind);
      const read = parseParams(parameters, ofLatin1(input));
      demand(formatParams(parameters, read) === ofLatin1(input), 'parameters have two texts');
    });
  },
};

const POLICIES = [
  'deny code\nadmin abababababababababababababababababababababababababababababababab\n',
  'allow read # what changes nothing\nallow stoachain-control\ndisruptive-per-day 2',
  'allow *\ndeny disruptive\ndeny stoachain-reseed',
].map(latin1);

/** A policy that can be read allows no kind that one of its lines denies. */
const policies: Target = {
  name: 'local policies',
  share: 40,
  run(prng, trace) {
    const input = perhaps(prng.of(POLICIES), prng, { other: prng.of(POLICIES), honest: 10 });
    trace('policy', input);
    return attempt(() => {
      const policy = parseLocalPolicy(ofLatin1(input));
      for (const name of KIND_NAMES)
        demand(
          !(policy.deny.includes(name) && decideKind(policy, name).allowed),
          'a policy allows what it denies',
        );
    });
  },
};

const nodes = [nodeId, random(32), random(32), random(32)].sort(Buffer.compare);
const tree: MerkleTree = merkleTree(nodes, nodeCrypto.hash);
const [kind, params] = PARAMS[0];
const body = {
  orderId: random(16),
  region: 'eu',
  kind,
  paramsHash: nodeCrypto.hash(latin1(params)),
  nodes: tree.root,
  nodeCount: nodes.length,
  maxAttempts: 1,
  issuedAt: NOW,
  expiresAt: NOW + HOUR,
};
const honest: readonly Uint8Array[] = [
  seal(orderKind, { ...body, signer: 'a@x.example', signerKey: admin.publicKey }, admin),
  seal(
    adminKeyKind,
    { region: 'eu', admin: 'a@x.example', publicKey: admin.publicKey, notAfter: NOW + HOUR },
    keys.authority,
  ),
  parties.regionCert('authority'),
];
const ownerOrder = seal(orderKind, { ...body, signer: 'o@x.example', signerKey: owner.publicKey }, owner);
const policy = { root: keys.root.publicKey, region: 'eu', timeFloor: NOW, ownerKey: owner.publicKey };

/** An admin's order with its papers, one of them changed: none passes but what was signed. */
const orders: Target = {
  name: 'orders',
  share: 6,
  run(prng, trace) {
    const at = prng.below(honest.length + 1);
    const parts = honest.map((part, i) =>
      i === at ? mutate(part, prng, prng.of([...honest, ownerOrder])) : part,
    );
    const proof = tree.proof(prng.below(nodes.length));
    const carried: CarriedOrder = {
      sealed: parts[0]!,
      admin: { key: parts[1]!, authority: parts[2]! },
      proof,
    };
    trace('order, admin key, authority', concat(...parts));
    return attempt(() => {
      verifyOrder(carried, { nodeId, kind, params, attempt: 1 }, { policy, crypto: nodeCrypto });
      demand(
        parts.every((part, i) => equalBytes(part, honest[i]!)),
        'an order holds that nobody signed',
      );
    });
  },
};

const draft = formatOrderDraft({
  order: { ...body, signer: 'o@x.example', signerKey: owner.publicKey },
  params,
  nodes,
});

/** A draft that is taken says what its order hashes: written anew and read again, it is the same. */
const drafts: Target = {
  name: 'order drafts',
  share: 12,
  run(prng, trace) {
    const input = perhaps(latin1(draft), prng, { other: latin1(draft).reverse(), honest: 10 });
    trace('draft', input);
    return attempt(() => {
      const read = parseOrderDraft(ofLatin1(input), nodeCrypto);
      const again = parseOrderDraft(formatOrderDraft(read), nodeCrypto);
      demand(
        equalBytes(orderBytes(read.order), orderBytes(again.order)) && read.params === again.params,
        'a draft is read as another one when it is written anew',
      );
    });
  },
};

export const workTargets: readonly Target[] = [parameters, policies, orders, drafts];
