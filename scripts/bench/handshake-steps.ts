import { diffieHellman, generateKeyPairSync } from 'node:crypto';
import {
  answerChallenge,
  EphemeralKeys,
  type HubAnswer,
  type HubOffer,
  type Opening,
  offerChallenge,
  requireKey,
} from '@stoa/protocol';
import { makeOpening, makeParties, makeWelcome, NOW } from '@stoa/protocol/fixtures';
import { cpuMicros, perSecond } from './measure.ts';
import { type BenchOptions, type BenchResult, result, round } from './result.ts';

const CALLS = 200;

const parties = makeParties('bench: handshake');
const { crypto, random, keys } = parties;
const ratchet = { current: parties.agent.ratchet, previous: undefined };

/**
 * Handshakes of the hub cut into its steps. Each step works through a row of exchanges that the step before left, since
 * an offer is answered once.
 */
class Row {
  readonly #ephemerals: EphemeralKeys | undefined;
  #offers: HubOffer[] = [];
  #hellos: Uint8Array[] = [];
  #answers: HubAnswer[] = [];
  #openings: Opening[] = [];
  #at = 0;

  constructor(ephemerals?: EphemeralKeys) {
    this.#ephemerals = ephemerals;
  }

  /** What the agents do in between, outside of the measurement. */
  answer(): void {
    const by = { party: parties.agent, crypto, random };
    this.#hellos = this.#offers.map(
      (offer, i) => answerChallenge(offer.challenge, this.#openings[i]!, by).hello,
    );
    this.#answers = [];
    this.#at = 0;
  }

  begin(): void {
    this.#openings = Array.from({ length: CALLS }, () => makeOpening(random));
    this.#offers = [];
    this.#at = 0;
  }

  readonly offer = (): void => {
    const by = { party: parties.hub, crypto, random };
    const opening = this.#openings[this.#offers.length]!;
    const withKeys = this.#ephemerals === undefined ? by : { ...by, ephemerals: this.#ephemerals };
    this.#offers.push(offerChallenge(opening, { hubTime: NOW }, withKeys));
  };

  readonly receive = (): void => {
    const i = this.#answers.length;
    this.#answers.push(this.#offers[i]!.receive(this.#hellos[i]!));
  };

  /** As for a node that comes back: its key is read anew, its signature and its ratchet are checked. */
  readonly verify = (): void => {
    const answer = this.#answers[this.#at++]!;
    requireKey(answer.hello, keys.node.publicKey, crypto);
    answer.verify(crypto.verifier(keys.node.publicKey));
    answer.ratchet(ratchet);
    if (this.#at === CALLS) this.#at = 0;
  };

  readonly welcome = (): void => {
    this.#answers[this.#at++]!.welcome(welcome);
  };
}

const welcome = makeWelcome(random);

function measureRow(row: Row): Record<string, number> {
  const once = (name: string, run: () => void) => {
    const before = process.cpuUsage();
    for (let call = 0; call < CALLS; call += 1) run();
    const { user, system } = process.cpuUsage(before);
    return [name, (user + system) / CALLS] as const;
  };
  row.begin();
  const offer = once('offer', row.offer);
  row.answer();
  return Object.fromEntries([
    offer,
    once('receive', row.receive),
    once('key, signature, ratchet', row.verify),
    once('session and Welcome', row.welcome),
  ]);
}

function medians(rows: readonly Record<string, number>[]): Record<string, number> {
  return Object.fromEntries(
    Object.keys(rows[0]!).map((step) => {
      const sorted = rows.map((row) => row[step]!).toSorted((a, b) => a - b);
      return [step, sorted[Math.floor(sorted.length / 2)]!];
    }),
  );
}

function sum(steps: Record<string, number>): number {
  return Object.values(steps).reduce((total, micros) => total + micros, 0);
}

/** What no hub can do without: one signature made, one checked, one key exchange, all keys at hand. */
function leastMicros(rounds: number): number {
  const message = random(300);
  const signature = keys.node.sign(message);
  const verify = crypto.verifier(keys.node.publicKey);
  const pair = generateKeyPairSync('x25519');
  const parts = cpuMicros(
    [
      { name: 'sign', run: () => keys.instance.sign(message) },
      { name: 'verify', run: () => verify(message, signature) },
      { name: 'exchange', run: () => diffieHellman(pair) },
    ],
    { rounds, calls: CALLS },
  );
  return sum(Object.fromEntries(parts));
}

/**
 * `handshake-steps`: the protocol's share of a handshake at the hub, step by step. The target is half of what the bare
 * signatures would allow in the same run: 450 us where they take 225.
 */
export async function benchHandshakeSteps(options: BenchOptions): Promise<BenchResult> {
  const rounds = options.long ? 41 : 11;
  options.say(`${rounds} interleaved rounds of ${CALLS} handshakes`);
  const shared = new Row(new EphemeralKeys({ crypto, random }));
  const fresh = new Row();
  const turns = Array.from({ length: rounds + 2 }, () => ({
    shared: measureRow(shared),
    fresh: measureRow(fresh),
  }));
  const counted = turns.slice(2);
  const steps = medians(counted.map((turn) => turn.shared));
  const alone = medians(counted.map((turn) => turn.fresh));
  const least = leastMicros(rounds);
  const show = (of: Record<string, number>) =>
    Object.fromEntries(Object.entries(of).map(([step, micros]) => [step, round(micros)]));
  return result({
    bench: 'handshake-steps',
    value: perSecond(sum(steps)),
    unit: 'handshakes per CPU second, without the connection and the database',
    target: Math.round(perSecond(least) / 2),
    better: 'higher',
    peer: { name: 'one sign, one verify, one X25519', value: perSecond(least) },
    detail: {
      micros: round(sum(steps)),
      steps: show(steps),
      with_a_fresh_ephemeral_key: { micros: round(sum(alone)), steps: show(alone) },
      least_micros: round(least),
    },
  });
}
