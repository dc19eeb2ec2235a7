import {
  CONTEXT,
  checkpointKind,
  describeShape,
  encode,
  enrolReply,
  enrolRequest,
  formatJoinToken,
  instanceCertKind,
  makeEnrolRequest,
  merkleTree,
  nodeCertKind,
  ownerKeyChangeKind,
  receiptKind,
  receiptRootKind,
  refuseKind,
  regionCertKind,
  regionTimeKind,
  revokeKind,
  rotationKind,
  type SignedKind,
  type SigningKey,
  seal,
  settledReceipt,
  signIn,
} from '@stoa/protocol';
import { begin, makeParties, NOW, sample, seededRandom } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { type Json, toJson } from '../../test/kit/vector-json.ts';

const parties = makeParties('vectors: documents');
const { keys, random, nodeId } = parties;

/** A sealed document, with all that it takes to open it. */
export function document<T>(kind: SignedKind<T>, value: T, key: SigningKey) {
  const sealed = seal(kind, value, key);
  return {
    title: kind.title,
    context: kind.context,
    layout: describeShape(kind.body.shape),
    issuer: key.publicKey,
    value,
    sealed,
    hash: nodeCrypto.hash(sealed),
  };
}

/** What came later draws from a source of its own: the vectors before it stay as they are. */
const draw = seededRandom('vectors: owner keys');

const region = { serial: 1, region: 'eu', notAfter: NOW + 365 * 86_400_000 };

export function certificateVectors(): Json {
  const cert = (role: 'instances' | 'enrol' | 'authority') =>
    document(regionCertKind, { ...region, role, publicKey: keys[role].publicKey }, keys.root);
  return toJson({
    about: 'sealed = u16 length | body | signature over (context 0 body).',
    documents: [
      cert('instances'),
      cert('enrol'),
      cert('authority'),
      document(
        instanceCertKind,
        {
          serial: 7,
          region: 'eu',
          instance: 'hub-1',
          publicKey: keys.instance.publicKey,
          notAfter: NOW + 6 * 86_400_000,
        },
        keys.instances,
      ),
      document(
        nodeCertKind,
        {
          nodeId,
          publicKey: keys.node.publicKey,
          keyGeneration: 0,
          ownerGeneration: 2,
          tokenId: random(16),
          region: 'eu',
          issuedAt: NOW,
        },
        keys.enrol,
      ),
      document(regionTimeKind, { region: 'eu', at: NOW, minInstanceSerial: 5 }, keys.authority),
      document(refuseKind, { nodeId, region: 'eu', reason: 'left the region', at: NOW }, keys.authority),
      document(revokeKind, { serial: 1, at: NOW, nodeIds: [nodeId, random(32)] }, keys.root),
    ],
    rotation: rotation(),
    ownerKeyChange: ownerKeyChange(),
    chains: chains(),
  }) as Json;
}

function rotation() {
  const next = nodeCrypto.signingKey(random(32));
  const made = document(
    rotationKind,
    { nodeId, newPublicKey: next.publicKey, keyGeneration: 1, at: NOW },
    keys.node,
  );
  return { ...made, newPublicKey: next.publicKey, proof: signIn(CONTEXT.rotate, next, made.sealed) };
}

function ownerKeyChange() {
  const [previous, next] = [nodeCrypto.signingKey(draw(32)), nodeCrypto.signingKey(draw(32))];
  const change = {
    owner: 'operator@example.org',
    region: 'eu',
    serial: 2,
    previous: previous.publicKey,
    next: next.publicKey,
  };
  return document(ownerKeyChangeKind, change, previous);
}

/** Chains of a hub, with what an agent of the policy must say of each. */
function chains() {
  const { policy } = parties.agent;
  const stranger = nodeCrypto.signingKey(random(32));
  const one = (why: string, code: string | null, chain: object = {}, asked: object = {}) => ({
    why,
    code,
    chain: { ...parties.chain, ...chain },
    policy: { ...policy, ...asked },
  });
  return [
    one('the region’s own', null),
    one('a root that shows itself', 'wrong_root', { root: stranger.publicKey }),
    one('another region', 'wrong_region', {}, { region: 'na' }),
    one('instance and issuer of different regions', 'wrong_region', {
      instance: parties.instanceCert({ region: 'na' }),
    }),
    one('the instance certificate ended', 'certificate_expired', {}, { timeFloor: NOW + 6 * 86_400_000 }),
    one('the region certificate ended', 'certificate_expired', {
      region: parties.regionCert('instances', { notAfter: NOW }),
    }),
    one('a superseded serial', 'certificate_superseded', {}, { minInstanceSerial: 8 }),
    one('certified by the enrol key', 'bad_signature', { region: parties.regionCert('enrol') }),
    one('not signed by the root', 'bad_signature', { region: parties.regionCert('instances', {}, stranger) }),
    one('not signed by the region', 'bad_signature', { instance: parties.instanceCert({}, stranger) }),
  ];
}

export function joinTokenVectors(): Json {
  const token = {
    hub: 'https://hub.example',
    region: 'eu',
    owner: 'operator@example.org',
    rootFingerprint: parties.agent.policy.rootFingerprint,
    tokenId: random(16),
    secret: random(32),
    expiresAt: NOW + 3_600_000,
  };
  const text = formatJoinToken(token);
  const { transcript } = begin(parties, 'enrol').offer;
  const facts = {
    hostname: 'miner-1',
    platform: 'linux x64',
    agentVersion: '0.1.0',
    chainwebVersion: '2.31',
  };
  const claim = { tokenId: token.tokenId, tokenSecret: token.secret, publicKey: keys.node.publicKey, facts };
  const request = makeEnrolRequest(claim, transcript, { key: keys.node, crypto: nodeCrypto });
  return toJson({
    about: 'stoa1_ and the record in unpadded base64url.',
    value: token,
    text,
    refused: [
      { why: 'another prefix', text: text.replace('stoa1_', 'stoa2_') },
      { why: 'cut', text: text.slice(0, -4) },
      { why: 'padded', text: `${text}=` },
      { why: 'a byte more', text: `${text}AA` },
      { why: 'a letter outside of the alphabet', text: text.replace('_', '_*') },
    ],
    enrolment: {
      about: 'proof = signature over ("stoa/v1/enrol" 0 hash(transcript | claim)) by the key that it brings.',
      transcript,
      value: request,
      encoded: encode(enrolRequest, request),
    },
    replies: replies(),
  }) as Json;
}

/** With an owner's key, and without. */
function replies() {
  const credential = { root: keys.root.publicKey, region: draw(40), node: draw(60) };
  const reply = { credential, region: 'eu', owner: 'operator@example.org', label: 'miner-1' };
  return [{ publicKey: draw(32), serial: 2 }, undefined].map((ownerKey) => {
    const value = { ...reply, ownerKey };
    return { value, encoded: encode(enrolReply, value) };
  });
}

export function evidenceVectors(): Json {
  const draw = seededRandom('vectors: evidence');
  const checkpoint = document(
    checkpointKind,
    {
      ...sample(checkpointKind.body, draw),
      nodeId,
      hubHour: Math.floor(NOW / 3_600_000),
      minutes: 0x0fff_ffff_ffff_fffen,
      number: 2,
    },
    keys.node,
  );
  const receipt = document(
    receiptKind,
    {
      checkpoint: checkpoint.hash,
      nodeId,
      hubHour: Math.floor(NOW / 3_600_000),
      minutes: 0x0fff_ffff_ffff_fffen,
      gateFailures: [0n, 0n, 0x0000_0000_0000_00f0n, 0n, 0n, 0n, 0n],
      evidence: [draw(32), draw(32)],
      scoreVersion: 1,
      account: 'k:8f7c5f1d',
      revision: 0,
    },
    keys.instance,
  );
  return toJson({
    about: 'A minute past the 59th is refused.',
    ...{ checkpoint, receipt, settled: settledVector(checkpoint.hash) },
  }) as Json;
}

/** One of three receipts of a pass, with its path to the root. */
function settledVector(checkpoint: Uint8Array) {
  const draw = seededRandom('vectors: settled receipts');
  const hubHour = Math.floor(NOW / 3_600_000);
  const reckoning = { mode: 'live', resetSequence: 7 } as const;
  const receipts = Array.from({ length: 3 }, () => ({
    ...sample(settledReceipt, draw),
    ...{ hubHour, ...reckoning },
  }));
  receipts[1] = { ...receipts[1]!, nodeId, checkpoint };
  const bodies = receipts.map((one) => encode(settledReceipt, one));
  const tree = merkleTree(bodies, nodeCrypto.hash);
  const said = {
    region: 'eu',
    hubHour,
    pass: 0,
    count: 3,
    number: 1,
    previous: new Uint8Array(32),
    ...reckoning,
  };
  return {
    about: 'leaf = body; the path leads from it to the root that the instance signed.',
    layout: describeShape(settledReceipt.shape),
    ...{ value: receipts[1], body: bodies[1], path: tree.proof(1) },
    root: document(receiptRootKind, { ...said, root: tree.root }, keys.instance),
  };
}

export function merkleVectors(): Json {
  const trees = [0, 1, 2, 3, 4, 5, 7, 8, 9].map((count) => {
    const leaves = Array.from({ length: count }, (_, i) => new TextEncoder().encode(`receipt ${i}`));
    const { root, proof } = merkleTree(leaves, nodeCrypto.hash);
    return { leaves, root, proofs: leaves.map((_, index) => proof(index)) };
  });
  return toJson({
    about:
      'RFC 6962 with hash = first 32 bytes of SHA-512: leaf = hash(0 | leaf), node = hash(1 | left | right), none = hash().',
    trees,
  }) as Json;
}
