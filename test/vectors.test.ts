/** The committed vectors, read as somebody else's implementation would, by both of ours. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import {
  AGENT_FRAMES,
  CONTEXT,
  type Codec,
  type Context,
  type CryptoSuite,
  concat,
  decodeExact,
  deriveSession,
  describeShape,
  encode,
  FRAME,
  HUB_FRAMES,
  merkleTree,
  open,
  receiptKind,
  receiptRootKind,
  rootFromProof,
  Session,
  seal,
  settledReceipt,
  utf8,
  verifyHubChain,
  verifyIn,
  verifyOwnerKeyChange,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { describe, expect, it } from 'vitest';
import { fromHexText as hex, toJson } from './kit/vector-json.ts';
import { both, checkDocument, type Document, load, unseal } from './kit/vectors.ts';

interface Signed {
  readonly name: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
  readonly valid: boolean;
}

describe.each(both)('signatures ($name)', ({ crypto }) => {
  const vectors = load<{
    seed: string;
    publicKey: string;
    message: string;
    cases: Signed[];
    contexts: { context: Context; signature: string }[];
  }>('signatures');

  it.each(vectors.cases)('$name: $valid', ({ publicKey, message, signature, valid }) => {
    expect(crypto.verify(hex(publicKey), hex(message), hex(signature))).toBe(valid);
    expect(crypto.verifier(hex(publicKey))(hex(message), hex(signature))).toBe(valid);
  });

  it('hold in their own context only', () => {
    const verify = crypto.verifier(hex(vectors.publicKey));
    expect(vectors.contexts.map(({ context }) => context)).toEqual(Object.values(CONTEXT));
    for (const [i, { context, signature }] of vectors.contexts.entries()) {
      const next = vectors.contexts[(i + 1) % vectors.contexts.length]!.context;
      const holds = (one: Context) => verifyIn(one, verify, hex(vectors.message), hex(signature));
      expect([holds(context), holds(next)]).toEqual([true, false]);
    }
  });

  it('are made from the seed', () => {
    const key = crypto.signingKey(hex(vectors.seed));
    const made = vectors.contexts.map(({ context }) =>
      toJson(key.sign(concat(utf8(`${context}\0`), hex(vectors.message)))),
    );
    expect(made).toEqual(vectors.contexts.map(({ signature }) => signature));
  });
});

describe.each(both)('key exchange ($name)', ({ crypto }) => {
  const vectors = load<{
    exchanges: Record<'secretA' | 'publicA' | 'secretB' | 'publicB' | 'shared', string>[];
    secret: string;
    unusual: { peer: string; shared: string }[];
    refused: string[];
  }>('key-exchange');

  it('gives both sides the same secret', () => {
    for (const { secretA, publicA, secretB, publicB, shared } of vectors.exchanges) {
      const [a, b] = [crypto.exchangeKey(hex(secretA)), crypto.exchangeKey(hex(secretB))];
      expect([a.publicKey, b.publicKey]).toEqual([hex(publicA), hex(publicB)]);
      expect(a.shared(hex(publicB))).toEqual(hex(shared));
      expect(b.shared(hex(publicA))).toEqual(hex(shared));
    }
  });

  it('takes unusual encodings and refuses a secret of zero', () => {
    const key = crypto.exchangeKey(hex(vectors.secret));
    for (const { peer, shared } of vectors.unusual) expect(key.shared(hex(peer))).toEqual(hex(shared));
    for (const peer of vectors.refused)
      expect(() => key.shared(hex(peer))).toThrow(expect.objectContaining({ code: 'bad_key_exchange' }));
  });
});

describe.each(both)('a handshake ($name)', ({ crypto }) => {
  type Exchange = { secret: string; publicKey: string };
  type Texts = Record<
    | 'nonceA'
    | 'nodePublicKey'
    | 'instancePublicKey'
    | 'ratchet'
    | 'context'
    | 'challenge'
    | 'afterChallenge'
    | 'hello'
    | 'afterHello'
    | 'shared'
    | 'agentKey'
    | 'hubKey'
    | 'mask'
    | 'welcomeFrame'
    | 'pingFrame'
    | 'pongFrame',
    string
  >;
  type Run = Texts & {
    transport: string;
    hubExchange: Exchange;
    agentExchange: Exchange;
    helloFields: { ratchetProof: string; ephA: string };
    welcome: { ratchet: string; sessionId: string };
  };
  const { runs } = load<{ runs: Run[] }>('handshake');

  it.each(runs)('over $transport follows from its transcript', (run) => {
    const at = (name: keyof Texts) => hex(run[name]);
    const context = concat(at('nonceA'), utf8(`stoa-agent.v1|${run.transport}|`));
    expect(toJson(context)).toBe(run.context);

    const challenge = unseal(at('challenge'));
    const challenged = concat(utf8('stoa/v1/challenge\0'), context, challenge.body);
    expect(crypto.verify(at('instancePublicKey'), challenged, challenge.signature)).toBe(true);
    const afterChallenge = crypto.hash(context, at('challenge'));
    expect(toJson(afterChallenge)).toBe(run.afterChallenge);

    const hello = unseal(at('hello'));
    const said = concat(utf8('stoa/v1/hello\0'), crypto.hash(afterChallenge, hello.body));
    expect(crypto.verify(at('nodePublicKey'), said, hello.signature)).toBe(true);
    const afterHello = crypto.hash(afterChallenge, at('hello'));
    expect(toJson(afterHello)).toBe(run.afterHello);
    const proof = crypto.hkdf(at('ratchet'), afterChallenge, utf8('stoa/v1/ratchet'), 32);
    expect(toJson(proof)).toBe(run.helloFields.ratchetProof);

    const shared = crypto.exchangeKey(hex(run.agentExchange.secret)).shared(hex(run.hubExchange.publicKey));
    expect(toJson(shared)).toBe(run.shared);
    const keys = crypto.hkdf(shared, afterHello, utf8(`stoa/v1/session|${run.transport}`), 96);
    expect(toJson(keys)).toBe(run.agentKey + run.hubKey + run.mask);

    const session = new Session({ send: at('agentKey'), receive: at('hubKey'), version: 1 }, crypto);
    const welcome = decodeExact(HUB_FRAMES.welcome, session.open(at('welcomeFrame')).payload);
    expect(toJson(welcome.sessionId)).toBe(run.welcome.sessionId);
    expect(toJson(welcome.ratchet.map((byte, i) => byte ^ at('mask')[i]!))).toBe(run.welcome.ratchet);
    const ping = session.seal(FRAME.ping, encode(AGENT_FRAMES.ping, { intervalMs: 20_000 }));
    expect(toJson(ping)).toBe(run.pingFrame);
    expect(session.open(at('pongFrame'))).toMatchObject({ type: FRAME.pong, seq: 1, ack: 0 });
  });
});

describe.each(both)('frames ($name)', ({ crypto }) => {
  const vectors = load<{
    shared: string;
    transcript: string;
    frames: { type: number; payload: string; frame: string; answer: string; seq: number; ack: number }[];
    bad: { why: string; code: string; frame: string }[];
  }>('frames');
  const session = (role: 'agent' | 'hub') =>
    deriveSession(
      { crypto, role },
      {
        shared: hex(vectors.shared),
        transcript: hex(vectors.transcript),
        transport: 'websocket',
        version: 1,
      },
    );

  it('are sealed and opened in order', () => {
    const [agent, hub] = [session('agent'), session('hub')];
    for (const { type, payload, frame, answer, seq, ack } of vectors.frames) {
      expect(toJson(agent.seal(type, hex(payload)))).toBe(frame);
      expect(toJson(hub.open(hex(frame)))).toEqual({ type, payload, seq, ack });
      expect(toJson(hub.seal(62 + type, hex(payload).slice(0, 8)))).toBe(answer);
      expect(agent.open(hex(answer))).toMatchObject({ seq, ack: seq });
    }
  });

  it.each(vectors.bad)('$why: $code', ({ code, frame }) => {
    const hub = session('hub');
    hub.seal(FRAME.welcome, new Uint8Array(0));
    expect(() => hub.open(hex(frame))).toThrow(expect.objectContaining({ code }));
  });
});

describe('messages', () => {
  interface Message {
    readonly name: string;
    readonly type: number;
    readonly layout: string;
    readonly samples: { value: unknown; payload: string }[];
  }
  const vectors = load<{ fromAgent: Message[]; fromHub: Message[] }>('messages');
  const codecs: Record<string, Codec<unknown>> = { ...AGENT_FRAMES, ...HUB_FRAMES } as never;

  it('are all there', () => {
    expect(vectors.fromAgent.map(({ name }) => name)).toEqual(Object.keys(AGENT_FRAMES));
    expect(vectors.fromHub.map(({ name }) => name)).toEqual(Object.keys(HUB_FRAMES));
  });

  it.each([...vectors.fromAgent, ...vectors.fromHub])('$name', ({ name, type, layout, samples }) => {
    const codec = codecs[name]!;
    expect(FRAME[name as keyof typeof FRAME]).toBe(type);
    expect(describeShape(codec.shape)).toBe(layout);
    expect(samples.length).toBeGreaterThan(0);
    for (const { value, payload } of samples) {
      const decoded = decodeExact(codec, hex(payload));
      expect(toJson(decoded)).toEqual(value);
      expect(toJson(encode(codec, decoded))).toBe(payload);
    }
  });
});

describe.each(both)('certificates ($name)', ({ crypto }) => {
  type Chain = Record<'root' | 'region' | 'instance', string>;
  type Policy = { rootFingerprint: string; region: string; timeFloor: number; minInstanceSerial: number };
  const vectors = load<{
    documents: Document[];
    rotation: Document & { newPublicKey: string; proof: string };
    ownerKeyChange: Document;
    chains: { why: string; code: string | null; chain: Chain; policy: Policy }[];
  }>('certificates');

  it.each(vectors.documents)('$title of $context', (document) => checkDocument(document, crypto));

  it('a rotation carries the proof of the new key', () => {
    const { rotation } = vectors;
    checkDocument(rotation, crypto);
    const verify = crypto.verifier(hex(rotation.newPublicKey));
    expect(verifyIn(CONTEXT.rotate, verify, hex(rotation.sealed), hex(rotation.proof))).toBe(true);
  });

  it('the change of an owner key holds for what it changes', () => {
    const { ownerKeyChange } = vectors;
    checkDocument(ownerKeyChange, crypto);
    const { owner, region, serial } = ownerKeyChange.value as {
      owner: string;
      region: string;
      serial: number;
    };
    const standing = { owner, region, serial: serial - 1, publicKey: hex(ownerKeyChange.issuer) };
    expect(toJson(verifyOwnerKeyChange(hex(ownerKeyChange.sealed), standing, crypto))).toEqual(
      ownerKeyChange.value,
    );
  });

  it.each(vectors.chains)('a chain: $why ($code)', ({ code, chain, policy }) => {
    const shown = { root: hex(chain.root), region: hex(chain.region), instance: hex(chain.instance) };
    const asked = { ...policy, rootFingerprint: hex(policy.rootFingerprint) };
    const verify = () => verifyHubChain(shown, asked, crypto);
    if (code === null) expect(verify().instance.instance).toBe('hub-1');
    else expect(verify).toThrow(expect.objectContaining({ code }));
  });
});

describe.each(both)('evidence ($name)', ({ crypto }) => {
  const { checkpoint, receipt, settled } = load<{
    checkpoint: Document;
    receipt: Document;
    settled: {
      layout: string;
      value: unknown;
      body: string;
      path: { side: 'left' | 'right'; hash: string }[];
      root: Document;
    };
  }>('evidence');

  it('opens, and the receipt answers the checkpoint', () => {
    checkDocument(checkpoint, crypto);
    checkDocument(receipt, crypto);
    expect((receipt.value as { checkpoint: string }).checkpoint).toBe(checkpoint.hash);
  });

  it('leads from a settled receipt to the root that stands for it', () => {
    checkDocument(settled.root, crypto);
    const receipt = decodeExact(settledReceipt, hex(settled.body));
    expect([describeShape(settledReceipt.shape), toJson(receipt)]).toEqual([settled.layout, settled.value]);
    const path = settled.path.map((step) => ({ ...step, hash: hex(step.hash) }));
    const { root } = open(receiptRootKind, hex(settled.root.sealed), crypto, hex(settled.root.issuer));
    expect(rootFromProof(hex(settled.body), path, crypto.hash)).toEqual(root);
  });

  it('is sealed alike by both implementations', () => {
    const key = (suite: CryptoSuite) => suite.signingKey(new Uint8Array(32).fill(7));
    const value = open(receiptKind, hex(receipt.sealed), crypto, hex(receipt.issuer));
    expect(seal(receiptKind, value, key(crypto))).toEqual(seal(receiptKind, value, key(nodeCrypto)));
  });
});

describe.each(both)('Merkle trees ($name)', ({ crypto }) => {
  const { trees } = load<{
    trees: { leaves: string[]; root: string; proofs: { side: 'left' | 'right'; hash: string }[][] }[];
  }>('merkle');

  it.each(trees)('with root $root', ({ leaves, root, proofs }) => {
    const tree = merkleTree(leaves.map(hex), crypto.hash);
    expect(toJson(tree.root)).toBe(root);
    for (const [i, proof] of proofs.entries()) {
      expect(toJson(tree.proof(i))).toEqual(proof);
      const steps = proof.map(({ side, hash }) => ({ side, hash: hex(hash) }));
      expect(toJson(rootFromProof(hex(leaves[i]!), steps, crypto.hash))).toBe(root);
    }
  });
});

describe('the generator', () => {
  it('writes what is committed', async () => {
    const script = new URL('../scripts/vectors.ts', import.meta.url).pathname;
    const run = promisify(execFile)(process.execPath, [script, '--check']);
    await expect(run).resolves.toMatchObject({ stderr: '' });
  });
});
