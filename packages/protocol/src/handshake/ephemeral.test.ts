import { describe, expect, it } from 'vitest';
import { nodeCrypto as crypto } from '../crypto/node.ts';
import { makeOpening, makeParties, makeWelcome, NOW } from '../fixtures/parties.ts';
import { seededRandom } from '../fixtures/random.ts';
import { answerChallenge } from './agent.ts';
import { openChallenge } from './challenge.ts';
import { EphemeralKeys } from './ephemeral.ts';
import { offerChallenge } from './hub.ts';

describe('the ephemeral keys of a hub instance', () => {
  const keys = () => new EphemeralKeys({ crypto, random: seededRandom('ephemeral') });

  it('live for one second', () => {
    const ephemerals = keys();
    const first = ephemerals.at(NOW);
    expect(ephemerals.at(NOW + 999)).toBe(first);
    const second = ephemerals.at(NOW + 1_000);
    expect(second.publicKey).not.toEqual(first.publicKey);
    expect(ephemerals.at(NOW + 1_999)).toBe(second);
  });

  it('are not kept when the clock goes back', () => {
    const ephemerals = keys();
    const first = ephemerals.at(NOW);
    expect(ephemerals.at(NOW - 1)).not.toBe(first);
  });

  it('serve the handshakes of that second, each with a session of its own', () => {
    const parties = makeParties('ephemeral');
    const { random } = parties;
    const ephemerals = keys();
    const sessions = [0, 1].map(() => {
      const opening = makeOpening(random);
      const by = { party: parties.hub, crypto, random, ephemerals };
      const offer = offerChallenge(opening, { hubTime: NOW }, by);
      const { challenge } = openChallenge(offer.challenge, opening, { policy: parties.agent.policy, crypto });
      const agent = answerChallenge(offer.challenge, opening, { party: parties.agent, crypto, random });
      const answer = offer.receive(agent.hello);
      answer.verify(crypto.verifier(parties.keys.node.publicKey));
      const { frame, session: hub } = answer.welcome(makeWelcome(random));
      return { ephH: challenge.ephH, hub, agent: agent.welcome(frame).session };
    });
    const [first, second] = [sessions[0]!, sessions[1]!];
    expect(first.ephH).toEqual(second.ephH);
    const frame = first.agent.seal(2, new Uint8Array(1));
    expect(() => second.hub.open(frame)).toThrow(expect.objectContaining({ code: 'bad_tag' }));
    expect(first.hub.open(frame)).toMatchObject({ seq: 0 });
  });
});
