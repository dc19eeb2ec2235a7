import { answerChallenge, equalBytes, offerChallenge, type Session } from '@stoa/protocol';
import { makeOpening, makeParties, makeWelcome, NOW } from '@stoa/protocol/fixtures';
import { mutate } from './mutation.ts';
import { attempt, demand, type Target, type Trace } from './oracle.ts';
import type { Prng } from './prng.ts';

const parties = makeParties('fuzz: handshake');
const { crypto, keys } = parties;
const verify = crypto.verifier(keys.node.publicKey);

type Step = 'challenge' | 'hello' | 'welcome';
const STEPS: readonly Step[] = ['challenge', 'hello', 'welcome'];
type Said = Record<Step, Uint8Array>;

/** Two whole exchanges of the same parties, for the middle to splice and replay from. */
const recorded: readonly Said[] = [converse(), converse()];

function converse(): Said {
  const opening = makeOpening(parties.random);
  const { random } = parties;
  const offer = offerChallenge(opening, { hubTime: NOW }, { party: parties.hub, crypto, random });
  const agent = answerChallenge(offer.challenge, opening, { party: parties.agent, crypto, random });
  const hub = offer.receive(agent.hello);
  hub.verify(verify);
  return { challenge: offer.challenge, hello: agent.hello, welcome: hub.welcome(makeWelcome(random)).frame };
}

/** A valid exchange, disturbed at one step by a middle that has listened to others before. */
class Middle {
  readonly #prng: Prng;
  readonly #trace: Trace;
  readonly #target: Step | undefined;
  /** What was said in this exchange so far, for repeats and reordering. */
  readonly #said: Uint8Array[] = [];

  constructor(prng: Prng, trace: Trace) {
    this.#prng = prng;
    this.#trace = trace;
    this.#target = prng.chance(8) ? undefined : prng.of(STEPS);
  }

  pass(step: Step, honest: Uint8Array): Uint8Array {
    const delivered = step === this.#target ? this.#disturb(step, honest) : honest;
    this.#said.push(honest);
    this.#trace(step, delivered);
    return delivered;
  }

  #disturb(step: Step, honest: Uint8Array): Uint8Array {
    const prng = this.#prng;
    const earlier = prng.of(recorded);
    if (prng.chance(10)) return earlier[step];
    if (prng.chance(10)) return prng.of([...this.#said, ...Object.values(earlier)]);
    return mutate(honest, prng, prng.of([earlier[step], ...this.#said]));
  }
}

const handshake: Target = {
  name: 'handshake, both sides',
  share: 18,
  run(prng, trace) {
    const middle = new Middle(prng, trace);
    const random = prng.bytes;
    let changed = false;
    const deliver = (step: Step, honest: Uint8Array) => {
      const delivered = middle.pass(step, honest);
      changed ||= !equalBytes(delivered, honest);
      return delivered;
    };
    const opening = makeOpening(random, prng.of(['websocket', 'long-poll'] as const));
    const offer = offerChallenge(opening, { hubTime: NOW }, { party: parties.hub, crypto, random });
    const outcome = attempt(() => {
      const challenge = deliver('challenge', offer.challenge);
      const agent = answerChallenge(challenge, opening, { party: parties.agent, crypto, random });
      demand(!changed, 'the agent answered a challenge that the hub did not make');
      const hub = offer.receive(deliver('hello', agent.hello));
      hub.verify(verify);
      demand(!changed, 'the hub took a Hello that the agent did not make');
      const { frame, session } = hub.welcome(makeWelcome(random));
      const welcomed = agent.welcome(deliver('welcome', frame));
      demand(!changed, 'the agent took a Welcome that the hub did not make');
      demandTogether(welcomed.session, session, prng);
    });
    demand((outcome === 'refused') === changed, 'an exchange that nobody touched was refused');
    return outcome;
  },
};

function demandTogether(agent: Session, hub: Session, prng: Prng): void {
  const payload = prng.bytes(prng.below(50));
  demand(equalBytes(hub.open(agent.seal(2, payload)).payload, payload), 'the sessions do not fit');
  demand(equalBytes(agent.open(hub.seal(66, payload)).payload, payload), 'the sessions do not fit');
}

/** A peer that sends anything at all to a hub which has just made its offer: never a session, never another error. */
const strangers: Target = {
  name: 'hub before a Hello',
  share: 12,
  run(prng, trace) {
    const { random } = { random: prng.bytes };
    const opening = {
      nonceA: prng.chance(10) ? prng.bytes(prng.below(200)) : prng.bytes(32),
      transport: 'websocket' as const,
    };
    return attempt(() => {
      const offer = offerChallenge(opening, { hubTime: NOW }, { party: parties.hub, crypto, random });
      demand(opening.nonceA.length === 32, 'a challenge was made for a nonce of another length');
      for (let tries = 1 + prng.below(2); tries > 0; tries -= 1) {
        const earlier = prng.of(recorded);
        const hello = mutate(prng.of([earlier.hello, earlier.challenge]), prng, earlier.hello);
        trace('hello', hello);
        offer.receive(hello).verify(verify);
        demand(false, 'a Hello of another exchange was taken');
      }
    });
  },
};

export const handshakeTargets: readonly Target[] = [handshake, strangers];
