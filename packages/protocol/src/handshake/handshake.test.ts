import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../bytes.ts';
import { decodeExact, encode } from '../codec/codec.ts';
import { nodeCrypto } from '../crypto/node.ts';
import { portableCrypto } from '../crypto/portable.ts';
import type { CryptoSuite } from '../crypto/suite.ts';
import { begin, makeOpening, makeParties, makeWelcome, NOW, shakeHands } from '../fixtures/parties.ts';
import type { HubChain } from '../identity/hub-chain.ts';
import { encodeHubMessage } from '../messages/catalog.ts';
import { Session } from '../session.ts';
import { type AgentParty, answerChallenge } from './agent.ts';
import { type Challenge, makeChallenge, type Transport } from './challenge.ts';
import { sealedHello } from './hello.ts';
import { type HubParty, offerChallenge, requireKey } from './hub.ts';

const parties = makeParties('handshake');
const { crypto, random, keys } = parties;

function code(expected: string): unknown {
  return expect.objectContaining({ name: 'ProtocolError', code: expected });
}

/** The agent's verdict over a hub that shows the given chain, under the given policy. */
function meet(changes: {
  chain?: Partial<HubChain>;
  policy?: Partial<AgentParty['policy']>;
  hub?: Partial<HubParty>;
  agent?: Partial<AgentParty>;
}) {
  const opening = makeOpening(random);
  const chain = { ...parties.chain, ...changes.chain };
  const hub = { ...parties.hub, chain, ...changes.hub };
  const policy = { ...parties.agent.policy, ...changes.policy };
  const offer = offerChallenge(opening, { hubTime: NOW }, { party: hub, crypto, random });
  const party = { ...parties.agent, policy, ...changes.agent };
  return answerChallenge(offer.challenge, opening, { party, crypto, random });
}

/** A challenge signed by the instance's own key, with any content. */
function meetChallenge(
  changes: Partial<Challenge>,
  by: CryptoSuite = crypto,
  agent: Partial<AgentParty> = {},
) {
  const opening = makeOpening(random);
  const challenge = {
    chain: parties.chain,
    nonceH: random(32),
    hubTime: NOW,
    ephH: by.exchangeKey(random(32)).publicKey,
    binding: parties.hub.binding,
    minVersion: 1,
    maxVersion: 1,
    capabilities: 0,
    ...changes,
  };
  const { sealed } = makeChallenge(challenge, opening, { key: keys.instance, crypto });
  return answerChallenge(sealed, opening, { party: { ...parties.agent, ...agent }, crypto: by, random });
}

describe('a handshake', () => {
  it.each<Transport>(['websocket', 'long-poll'])('over %s gives both sides one session', (transport) => {
    const { hub, sent, received, agentSession, hubSession, agent } = shakeHands(parties, transport);
    expect(received).toEqual(sent);
    expect(hub.hello).toMatchObject({
      nodeId: parties.nodeId,
      reportedEpoch: 3,
      agentVersion: '0.1.0',
      version: 1,
    });
    expect(agent.hub).toMatchObject({ instance: { instance: 'hub-1' }, region: { region: 'eu' } });
    expect(agent.hubTime).toBe(NOW);
    const payload = Uint8Array.of(1, 2);
    expect(hubSession.open(agentSession.seal(2, payload))).toMatchObject({ seq: 0, ack: 0, payload });
    expect(agentSession.open(hubSession.seal(66, payload))).toMatchObject({ seq: 1, ack: 0, payload });
  });

  it('gives different keys each time', () => {
    const [first, second] = [shakeHands(parties), shakeHands(parties)];
    expect(() => second.hubSession.open(first.agentSession.seal(2, new Uint8Array(1)))).toThrow(
      code('bad_tag'),
    );
  });

  it('never shows the fresh ratchet secret on the wire', () => {
    const { frame, sent, received } = shakeHands(parties);
    expect(toHex(frame)).not.toContain(toHex(sent.ratchet));
    expect(received.ratchet).toEqual(sent.ratchet);
  });
});

describe('an agent refuses a hub', () => {
  const stranger = crypto.signingKey(random(32));

  it.each<[string, Parameters<typeof meet>[0], string]>([
    ['of another root', { policy: { rootFingerprint: crypto.hash(stranger.publicKey) } }, 'wrong_root'],
    ['that shows a root of its own', { chain: { root: stranger.publicKey } }, 'wrong_root'],
    ['of another region', { policy: { region: 'na' } }, 'wrong_region'],
    [
      'whose instance certificate names another region than its issuer',
      { chain: { instance: parties.instanceCert({ region: 'na' }) } },
      'wrong_region',
    ],
    [
      'whose instance certificate ended before the time floor',
      { policy: { timeFloor: NOW + 6 * 86_400_000 } },
      'certificate_expired',
    ],
    [
      'whose region certificate ended before the time floor',
      { chain: { region: parties.regionCert('instances', { notAfter: NOW }) } },
      'certificate_expired',
    ],
    ['whose serial is superseded', { policy: { minInstanceSerial: 8 } }, 'certificate_superseded'],
    ['certified by the enrol key', { chain: { region: parties.regionCert('enrol') } }, 'bad_signature'],
    [
      'certified by the authority key',
      { chain: { region: parties.regionCert('authority') } },
      'bad_signature',
    ],
    [
      'whose region key the root did not sign',
      { chain: { region: parties.regionCert('instances', {}, stranger) } },
      'bad_signature',
    ],
    [
      'whose instance key the region did not sign',
      { chain: { instance: parties.instanceCert({}, keys.enrol) } },
      'bad_signature',
    ],
    ['that signs with another key than the certified one', { hub: { key: stranger } }, 'bad_signature'],
    [
      'of another binding',
      { hub: { binding: { mode: 'terminator', value: 'evil.example' } } },
      'bad_binding',
    ],
    [
      'of another mode of binding',
      { hub: { binding: { mode: 'exporter', value: 'hub.example' } } },
      'bad_binding',
    ],
    ['below the version floor', { agent: { versionFloor: 2 } }, 'unsupported_version'],
  ])('%s', (_, changes, expected) => {
    expect(() => meet(changes)).toThrow(code(expected));
  });

  it('accepts certificates up to their last millisecond, whatever the local clock says', () => {
    const instance = parties.instanceCert({ notAfter: NOW + 1 });
    expect(meet({ chain: { instance } }).hub.instance.notAfter).toBe(NOW + 1);
    expect(meet({ policy: { timeFloor: 0 } }).hub.instance.serial).toBe(7);
  });

  it.each([
    ['newer ones only', 2, 3],
    ['none', 1, 0],
    ['version 0', 0, 0],
  ])('that offers %s of the versions', (_, minVersion, maxVersion) => {
    expect(() => meetChallenge({ minVersion, maxVersion })).toThrow(code('unsupported_version'));
  });

  it('but takes the highest version that both speak', () => {
    expect(meetChallenge({ minVersion: 0, maxVersion: 9 }).hello.length).toBeGreaterThan(0);
  });

  it('whose certified key is of small order', () => {
    const publicKey = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
    expect(() => meet({ chain: { instance: parties.instanceCert({ publicKey }) } })).toThrow(
      code('bad_signature'),
    );
  });
});

describe('a challenge', () => {
  it('is refused after any one byte changed', () => {
    const { offer, opening } = begin(parties);
    for (let at = 0; at < offer.challenge.length; at += 1) {
      const challenge = offer.challenge.slice();
      challenge[at]! ^= 1 << (at % 8);
      expect(() => answerChallenge(challenge, opening, { party: parties.agent, crypto, random })).toThrow(
        expect.objectContaining({ name: 'ProtocolError' }),
      );
    }
  });

  it('is refused when cut or lengthened', () => {
    const { offer, opening } = begin(parties);
    const answer = (challenge: Uint8Array) => () =>
      answerChallenge(challenge, opening, { party: parties.agent, crypto, random });
    for (let length = 0; length < offer.challenge.length; length += 7)
      expect(answer(offer.challenge.subarray(0, length))).toThrow(code('malformed'));
    expect(answer(Uint8Array.from([...offer.challenge, 0]))).toThrow(code('malformed'));
  });

  it('is refused under another nonce or another transport: it was made for one opening', () => {
    const { offer, opening } = begin(parties);
    const by = { party: parties.agent, crypto, random };
    expect(() => answerChallenge(offer.challenge, makeOpening(random), by)).toThrow(code('bad_signature'));
    for (const transport of ['long-poll', 'enrol'] as const)
      expect(() => answerChallenge(offer.challenge, { ...opening, transport }, by)).toThrow(
        code('bad_signature'),
      );
  });

  it('is not made for a nonce of another length, which could smuggle in a challenge of the agent’s own', () => {
    const by = { party: parties.hub, crypto, random };
    for (const length of [0, 31, 33, 500])
      expect(() =>
        offerChallenge({ nonceA: random(length), transport: 'websocket' }, { hubTime: NOW }, by),
      ).toThrow(code('malformed'));
  });
});

describe('a hub refuses a Hello', () => {
  const verify = crypto.verifier(keys.node.publicKey);

  it('sent again to another offer, another hub or another transport', () => {
    const { hello } = begin(parties).answer();
    for (const transport of ['websocket', 'long-poll'] as const) {
      const received = begin(parties, transport).offer.receive(hello);
      expect(() => received.verify(verify)).toThrow(code('bad_signature'));
    }
    const other = makeParties('another hub');
    const elsewhere = begin(other).offer.receive(hello);
    expect(() => elsewhere.verify(verify)).toThrow(code('bad_signature'));
  });

  it('sent twice to one offer', () => {
    const { offer, answer } = begin(parties);
    const { hello } = answer();
    offer.receive(hello);
    expect(() => offer.receive(hello)).toThrow(code('bad_sequence'));
  });

  it('of another binding', () => {
    const opening = makeOpening(random);
    const offer = offerChallenge(opening, { hubTime: NOW }, { party: parties.hub, crypto, random });
    const { hello } = answerChallenge(offer.challenge, opening, { party: parties.agent, crypto, random });
    const altered = Buffer.from(hello);
    altered.write('evil', altered.indexOf('hub.example'));
    expect(() => offer.receive(new Uint8Array(altered))).toThrow(code('bad_binding'));
  });

  it('of a version that was not offered', () => {
    const { offer, answer } = begin(parties);
    const { body, signature } = decodeExact(sealedHello, answer().hello);
    const altered = body.slice();
    const at = Buffer.from(body).indexOf('0.1.0') - 1 - 4 - 1;
    expect(altered[at]).toBe(1);
    altered[at] = 9;
    expect(() => offer.receive(encode(sealedHello, { body: altered, signature }))).toThrow(
      code('unsupported_version'),
    );
  });

  it('changed in any one byte', () => {
    for (let at = 0; at < begin(parties).answer().hello.length; at += 3) {
      const { offer, answer } = begin(parties);
      const hello = answer().hello.slice();
      hello[at]! ^= 1 << (at % 8);
      expect(() => offer.receive(hello).verify(verify)).toThrow(
        expect.objectContaining({ name: 'ProtocolError' }),
      );
    }
  });

  it('signed by another key than the one it names', () => {
    const { offer, answer } = begin(parties);
    const { hello } = offer.receive(answer().hello);
    expect(() => requireKey(hello, keys.instance.publicKey, crypto)).toThrow(code('bad_signature'));
    requireKey(hello, keys.node.publicKey, crypto);
  });

  it('and welcomes none whose signature it did not check, and none twice', () => {
    const { offer, answer } = begin(parties);
    const received = offer.receive(answer().hello);
    expect(() => received.welcome(makeWelcome(random))).toThrow('unverified');
    received.verify(verify);
    received.welcome(makeWelcome(random));
    expect(() => received.welcome(makeWelcome(random))).toThrow('welcomed');
  });
});

describe('the key exchange', () => {
  const portable: CryptoSuite = { ...nodeCrypto, exchangeKey: portableCrypto.exchangeKey };
  const smallOrder = fromHex('e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800');

  it.each([
    ['node:crypto', nodeCrypto],
    ['tweetnacl', portable],
  ])('with an ephemeral key of small order is refused by the agent (%s)', (_, suite) => {
    for (const ephH of [new Uint8Array(32), smallOrder])
      expect(() => meetChallenge({ ephH }, suite)).toThrow(code('bad_key_exchange'));
  });

  it.each([
    ['node:crypto', nodeCrypto],
    ['tweetnacl', portable],
  ])('with an ephemeral key of small order is refused by the hub (%s)', (_, suite) => {
    const opening = makeOpening(random);
    const offer = offerChallenge(opening, { hubTime: NOW }, { party: parties.hub, crypto: suite, random });
    // An agent that has the node's key, and sends an ephemeral key whose every multiple is zero.
    const weak: CryptoSuite = {
      ...suite,
      exchangeKey: () => ({ publicKey: smallOrder, shared: () => new Uint8Array(32) }),
    };
    const { hello } = answerChallenge(offer.challenge, opening, {
      party: parties.agent,
      crypto: weak,
      random,
    });
    const received = offer.receive(hello);
    received.verify(crypto.verifier(keys.node.publicKey));
    expect(() => received.welcome(makeWelcome(random))).toThrow(code('bad_key_exchange'));
  });
});

describe('an agent refuses a first frame', () => {
  function welcomeWith(change: Partial<ReturnType<typeof makeWelcome>>) {
    const { offer, answer } = begin(parties);
    const agent = answer();
    const hub = offer.receive(agent.hello);
    hub.verify(crypto.verifier(keys.node.publicKey));
    const { frame, session } = hub.welcome({ ...makeWelcome(random), ...change });
    return { agent, frame, session };
  }

  it('changed in any one byte', () => {
    const { frame } = welcomeWith({});
    for (let at = 0; at < frame.length; at += 11) {
      const { agent, frame: own } = welcomeWith({});
      const altered = own.slice();
      altered[at]! ^= 0x40;
      expect(() => agent.welcome(altered)).toThrow(code('bad_tag'));
    }
  });

  it('of another session', () => {
    const [one, other] = [welcomeWith({}), welcomeWith({})];
    expect(() => one.agent.welcome(other.frame)).toThrow(code('bad_tag'));
  });

  it('that is not the first', () => {
    const { agent, session } = welcomeWith({});
    const { type, payload } = encodeHubMessage('pong', { hubTime: 1 });
    expect(() => agent.welcome(session.seal(type, payload))).toThrow(code('bad_sequence'));
  });

  it('that is no Welcome, though the hub sealed it', () => {
    const derived: Uint8Array[] = [];
    const listening: CryptoSuite = {
      ...crypto,
      hkdf(...inputs) {
        const keys = crypto.hkdf(...inputs);
        derived.push(keys);
        return keys;
      },
    };
    const { offer, answer } = begin({ ...parties, crypto: listening });
    const agent = answer();
    offer.receive(agent.hello);
    const secrets = derived.find((bytes) => bytes.length === 96)!;
    const session = new Session(
      { send: secrets.slice(32, 64), receive: secrets.slice(0, 32), version: 1 },
      crypto,
    );
    const { type, payload } = encodeHubMessage('pong', { hubTime: 1 });
    expect(() => agent.welcome(session.seal(type, payload))).toThrow(code('malformed'));
  });

  it('of another version than the one agreed on', () => {
    const { agent, frame } = welcomeWith({ version: 2 });
    expect(() => agent.welcome(frame)).toThrow(code('unsupported_version'));
  });
});
