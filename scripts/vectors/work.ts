import {
  adminKeyKind,
  type CarriedOrder,
  DEFAULT_POLICY,
  decideKind,
  formatParams,
  jobKind,
  jobReceiptKind,
  jobResultKind,
  KIND_NAMES,
  kindOf,
  merkleTree,
  type Order,
  type OrderedJob,
  type OrderPolicy,
  orderKind,
  type ParamValues,
  parseLocalPolicy,
  seal,
} from '@stoa/protocol';
import { makeParties, NOW, sample, seededRandom } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { type Json, toJson } from '../../test/kit/vector-json.ts';
import { document } from './documents.ts';

const parties = makeParties('vectors: work');
const { keys, nodeId } = parties;
const draw = seededRandom('vectors: work, drawn');
const [owner, admin, stranger] = [0, 1, 2].map(() => nodeCrypto.signingKey(draw(32))) as [
  typeof keys.node,
  typeof keys.node,
  typeof keys.node,
];
const HOUR = 3_600_000;

const nodes = [nodeId, draw(32), draw(32)].sort(Buffer.compare);
const tree = merkleTree(nodes, nodeCrypto.hash);
const job: OrderedJob = { nodeId, kind: 'stoachain-control', params: '{"action":"stop"}', attempt: 1 };
const order: Order = {
  orderId: draw(16),
  region: 'eu',
  kind: job.kind,
  paramsHash: nodeCrypto.hash(new TextEncoder().encode(job.params)),
  nodes: tree.root,
  nodeCount: nodes.length,
  maxAttempts: 2,
  signer: 'operator@example.org',
  signerKey: owner.publicKey,
  issuedAt: NOW,
  expiresAt: NOW + HOUR,
};
const adminKey = {
  region: 'eu',
  admin: 'admin@example.org',
  publicKey: admin.publicKey,
  notAfter: NOW + 30 * 24 * HOUR,
};

export function workVectors(): Json {
  return toJson({
    about:
      'Parameters are JSON with names in order and nothing left out; an order signs the hash of that text, and the Merkle root of its node ids in ascending order.',
    documents: [
      document(jobKind, { ...sample(jobKind.body, draw), ...job }, keys.instance),
      document(orderKind, order, owner),
      document(adminKeyKind, adminKey, keys.authority),
      document(jobResultKind, { ...sample(jobResultKind.body, draw), nodeId }, keys.node),
      document(jobReceiptKind, { ...sample(jobReceiptKind.body, draw), nodeId }, keys.instance),
    ],
    kinds: KIND_NAMES.map((name) => ({ name, class: kindOf(name).class })),
    params: [
      params('stoachain-control', { action: 'restart' }),
      params('drive-benchmark', {}),
      params('apt-upgrade', { securityOnly: true }),
      params('stoachain-reseed', { url: 'https://seeds.example/eu.tar', sha256: 'ab'.repeat(32) }),
    ],
    orders: orders(),
    policies: policies(),
  }) as Json;
}

function params(kind: (typeof KIND_NAMES)[number], values: ParamValues) {
  const text = formatParams(kindOf(kind).parameters, values);
  return {
    kind,
    values,
    text,
    hash: nodeCrypto.hash(new TextEncoder().encode(text)),
    refused: [`${text} `, text.replace(':', ': '), text.slice(0, -1), text.replace('{', '{"other":1,')],
  };
}

/** Orders, with what a node must say of each: null where it obeys. */
function orders() {
  const policy = { root: keys.root.publicKey, region: 'eu', timeFloor: NOW, ownerKey: owner.publicKey };
  const proof = tree.proof(nodes.indexOf(nodeId));
  const papers = {
    key: seal(adminKeyKind, adminKey, keys.authority),
    authority: parties.regionCert('authority'),
  };
  const byOwner = (over: Partial<Order> = {}, by = owner): CarriedOrder => ({
    sealed: seal(orderKind, { ...order, ...over }, by),
    admin: undefined,
    proof,
  });
  const byAdmin = (over: Partial<typeof papers> = {}): CarriedOrder => ({
    sealed: seal(orderKind, { ...order, signer: adminKey.admin, signerKey: admin.publicKey }, admin),
    admin: { ...papers, ...over },
    proof,
  });
  const one = (
    why: string,
    code: string | null,
    carried: CarriedOrder,
    { job: asked, policy: held }: { job?: Partial<OrderedJob>; policy?: Partial<OrderPolicy> } = {},
  ) => ({ why, code, carried, job: { ...job, ...asked }, policy: { ...policy, ...held } });
  return [
    one('the owner’s', null, byOwner()),
    one('an admin’s', null, byAdmin()),
    one('an admin’s, and no owner pinned', null, byAdmin(), { policy: { ownerKey: undefined } }),
    one('the owner’s, and none pinned', 'bad_order', byOwner(), { policy: { ownerKey: undefined } }),
    one('another kind', 'bad_order', byOwner(), { job: { kind: 'benchmark-node' } }),
    one('other parameters', 'bad_order', byOwner(), { job: { params: '{"action":"start"}' } }),
    one('another node', 'bad_order', byOwner(), { job: { nodeId: stranger.publicKey } }),
    one('an attempt too many', 'bad_order', byOwner(), { job: { attempt: 3 } }),
    one('ended', 'bad_order', byOwner(), { policy: { timeFloor: NOW + HOUR } }),
    one('another region', 'bad_order', byOwner({ region: 'na' })),
    one('too long a life', 'bad_order', byOwner({ issuedAt: NOW - 8 * 24 * HOUR })),
    one('a root of more nodes than it counts', 'bad_order', byOwner({ nodeCount: 1 })),
    one('another key in it', 'bad_order', byOwner({ signerKey: stranger.publicKey })),
    one('another key', 'bad_signature', byOwner({}, stranger)),
    one(
      'an admin of another authority',
      'bad_signature',
      byAdmin({ key: seal(adminKeyKind, adminKey, stranger) }),
    ),
    one('an admin under the enrol key', 'bad_signature', byAdmin({ authority: parties.regionCert('enrol') })),
    one(
      'another person’s key',
      'bad_order',
      byAdmin({
        key: seal(adminKeyKind, { ...adminKey, admin: 'eve@example.org' }, keys.authority),
      }),
    ),
  ];
}

/** Each with the kinds that it allows; null where it can't be read. */
function policies() {
  const readable = [
    '',
    '# nothing\n',
    'deny code',
    'allow read\nallow stoachain-control',
    'allow *\ndeny disruptive',
  ];
  const allowed = (text: string) =>
    KIND_NAMES.filter((name) => decideKind(parseLocalPolicy(text), name).allowed);
  return [
    ...readable.map((text) => ({ text, allowed: allowed(text) })),
    ...['deny', 'deny shell', 'permit read', 'disruptive-per-day x', 'admin 00'].map((text) => ({
      text,
      allowed: null,
    })),
    {
      text: `admin ${'ab'.repeat(32)}`,
      allowed: allowed(''),
      disruptivePerDay: DEFAULT_POLICY.disruptivePerDay,
    },
  ];
}
