import { concat, deriveSession, utf8 } from '@stoa/protocol';
import { makeParties, seededRandom, shakeHands } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { type Json, toJson } from '../../test/kit/vector-json.ts';

/** Each party draws its 32 bytes in the order in which it needs them; the vector tells them by name. */
export function handshakeVectors(): Json {
  return {
    about: [
      'hash = first 32 bytes of SHA-512. context = nonceA | "stoa-agent.v1|" transport "|".',
      'challenge = u16 length | body | signature over ("stoa/v1/challenge" 0 context body) by the instance key.',
      'afterChallenge = hash(context | challenge). hello = u16 length | body | signature over ("stoa/v1/hello" 0 hash(afterChallenge | body)) by the node key.',
      'afterHello = hash(afterChallenge | hello). ratchet proof = HKDF(ratchet, salt afterChallenge, "stoa/v1/ratchet", 32).',
      'agentKey | hubKey | mask = HKDF-SHA256(X25519, salt afterHello, "stoa/v1/session|" transport, 96). Ratchet in Welcome = ratchet xor mask.',
    ],
    runs: (['websocket', 'long-poll'] as const).map(run),
  };
}

function run(transport: 'websocket' | 'long-poll'): Json {
  const parties = makeParties(`vectors: handshake over ${transport}`);
  const exchanges: { secret: Uint8Array; publicKey: Uint8Array }[] = [];
  // What the two sides draw for X25519 is not in any message: noted as it is drawn.
  const crypto = {
    ...nodeCrypto,
    exchangeKey(secret: Uint8Array) {
      const key = nodeCrypto.exchangeKey(secret);
      exchanges.push({ secret, publicKey: key.publicKey });
      return key;
    },
  };
  const shaken = shakeHands({ ...parties, crypto }, transport);
  const { opening, offer, agent, frame, sent, agentSession, hubSession } = shaken;
  const [hubExchange, agentExchange] = [exchanges[0]!, exchanges[1]!];
  const context = concat(opening.nonceA, utf8(`stoa-agent.v1|${transport}|`));
  const afterChallenge = nodeCrypto.hash(context, offer.challenge);
  const afterHello = nodeCrypto.hash(afterChallenge, agent.hello);
  const shared = nodeCrypto.exchangeKey(agentExchange.secret).shared(hubExchange.publicKey);
  const keys = nodeCrypto.hkdf(shared, afterHello, utf8(`stoa/v1/session|${transport}`), 96);
  const first = agentSession.seal(3, Uint8Array.of(0, 0, 0x4e, 0x20));
  hubSession.open(first);
  const answer = hubSession.seal(67, new Uint8Array(8));
  return toJson({
    transport,
    nonceA: opening.nonceA,
    rootFingerprint: parties.agent.policy.rootFingerprint,
    timeFloor: parties.agent.policy.timeFloor,
    nodeId: parties.nodeId,
    nodePublicKey: parties.keys.node.publicKey,
    instancePublicKey: parties.keys.instance.publicKey,
    ratchet: parties.agent.ratchet,
    hubExchange,
    agentExchange,
    context,
    challenge: offer.challenge,
    afterChallenge,
    hello: agent.hello,
    helloFields: shaken.hub.hello,
    afterHello,
    shared,
    agentKey: keys.slice(0, 32),
    hubKey: keys.slice(32, 64),
    mask: keys.slice(64),
    welcome: sent,
    welcomeFrame: frame,
    pingFrame: first,
    pongFrame: answer,
  }) as Json;
}

/** The session's own test: the keys of a run open its frames. */
export function frameVectors(): Json {
  const random = seededRandom('vectors: frames');
  const from = { shared: random(32), transcript: random(32), transport: 'websocket' as const, version: 1 };
  const session = (role: 'agent' | 'hub') => deriveSession({ crypto: nodeCrypto, role }, from);
  const [agent, hub] = [session('agent'), session('hub')];
  const payloads = [new Uint8Array(0), random(1), random(30), random(422), random(4_096)];
  const good = payloads.map((payload, i) => {
    const frame = agent.seal(2 + i, payload);
    const answer = hub.seal(64 + i, hub.open(frame).payload.slice(0, 8));
    agent.open(answer);
    return { type: 2 + i, seq: i, ack: i - 1, payload, frame, answer };
  });
  return toJson({
    about:
      'frame = version u8 | type u8 | seq u64 | (highest received + 1) u64 | payload | first 16 bytes of HMAC-SHA256(key, all before). Frames in order; each answer acknowledges its frame.',
    ...from,
    frames: good,
    bad: badFrames(from),
  }) as Json;
}

/** First frames of an agent that a hub which has sent one frame must refuse, with the code. */
function badFrames(from: Parameters<typeof deriveSession>[1]) {
  const keys = nodeCrypto.hkdf(from.shared, from.transcript, utf8('stoa/v1/session|websocket'), 96);
  const tagged = (hex: string, key = keys.slice(0, 32)) => {
    const body = new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    return concat(body, nodeCrypto.mac(key)(body));
  };
  const valid = tagged('01 02 0000000000000000 0000000000000001 aa');
  const flipped = valid.slice();
  flipped[18]! ^= 1;
  return [
    { why: 'a bit of the payload flipped', code: 'bad_tag', frame: flipped },
    {
      why: 'under the key of the other direction',
      code: 'bad_tag',
      frame: tagged('01 02 0000000000000000 0000000000000000', keys.slice(32, 64)),
    },
    { why: 'cut by one byte', code: 'bad_tag', frame: valid.slice(0, -1) },
    { why: 'shorter than header and tag', code: 'malformed', frame: valid.slice(0, 33) },
    { why: 'starts at 1', code: 'bad_sequence', frame: tagged('01 02 0000000000000001 0000000000000000') },
    {
      why: 'acknowledges two frames of one sent',
      code: 'bad_ack',
      frame: tagged('01 02 0000000000000000 0000000000000002'),
    },
    {
      why: 'of version 2',
      code: 'unsupported_version',
      frame: tagged('02 02 0000000000000000 0000000000000000'),
    },
    { why: 'counts past 2^53', code: 'malformed', frame: tagged('01 02 0020000000000000 0000000000000000') },
  ];
}
