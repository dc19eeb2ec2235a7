import {
  type AGENT_FRAMES,
  type AgentMessage,
  CLOSE,
  checkpointKind,
  type Decoded,
  decodeAgentMessage,
  encode,
  encodeHubMessage,
  equalBytes,
  FRAME,
  type Hello,
  HUB_FRAMES,
  type HubAnswer,
  type HubFrameName,
  type HubParty,
  initialRatchet,
  nodeCertKind,
  offerChallenge,
  open,
  peek,
  readPlain,
  receiptKind,
  type Session,
  seal,
  type Welcome,
  writePlain,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { MemoryConnection } from '#channel/memory.ts';
import type { Clock } from '#clock.ts';
import { type RegionFixture, seededRandom } from '#identity/region.fixture.ts';

const HOUR_MS = 3_600_000;
const WEEK_MS = 7 * 24 * HOUR_MS;

/** What the hub does with one connection. */
export type Act =
  | 'welcome'
  /** Accepts, and never says a word. */
  | 'silent'
  /** Says its Challenge and never answers the Hello. */
  | 'mute'
  /** Welcomes, and asks to leave at once. */
  | 'drain'
  | { say: 'throttle' | 'error' | 'refuse' | 'revoke'; value: unknown }
  | { close: number };

interface Secrets {
  current: Uint8Array;
  previous: Uint8Array | undefined;
}

export interface Conversed {
  readonly connection: MemoryConnection;
  /** Monotonic ms at which it was accepted. */
  readonly at: number;
  hello?: Hello;
  session?: Session;
  sessionId?: Uint8Array;
  closed?: number;
  readonly received: AgentMessage[];
}

/**
 * A hub in miniature for tests of the agent: the real handshake from @stoa/protocol, and for the rest what a test tells
 * it. Answers pings, heartbeats and checkpoints by itself.
 */
export class ScriptedHub {
  readonly connections: Conversed[] = [];
  /** Decides what happens to the n-th connection, from 0. */
  act: (n: number) => Act = () => 'welcome';
  terms: Partial<Welcome> = {};
  party: Partial<HubParty> = {};
  /** Whether pings, heartbeats and checkpoints are answered. */
  answers = true;
  receipts = true;
  /** A Hello that this key signed is refused. */
  refuseKey: Uint8Array | undefined;
  /** The hub's clock is right, whatever the host's is. */
  wall: () => number;
  readonly #clock: Clock;
  readonly #region: RegionFixture;
  readonly #random = seededRandom('hub');
  readonly #secrets = new Map<string, Secrets>();
  #epoch = 0;

  constructor(clock: Clock, region: RegionFixture) {
    this.#clock = clock;
    this.#region = region;
    const start = clock.now() - clock.monotonic();
    this.wall = () => Math.round(start + clock.monotonic());
  }

  get last(): Conversed {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error('nobody has connected');
    return last;
  }

  get sessions(): Conversed[] {
    return this.connections.filter(({ session }) => session !== undefined);
  }

  readonly accept = (connection: MemoryConnection): void => {
    const conversed: Conversed = { connection, at: this.#clock.monotonic(), received: [] };
    const act = this.act(this.connections.length);
    this.connections.push(conversed);
    connection.onClose = (code) => {
      conversed.closed = code;
    };
    if (act === 'silent') return;
    if (typeof act === 'object') this.#say(connection, act);
    else this.#greet(conversed, act);
  };

  send<N extends HubFrameName>(
    name: N,
    value: Decoded<(typeof HUB_FRAMES)[N]>,
    to: Conversed = this.last,
  ): void {
    const { type, payload } = encodeHubMessage(name, value);
    if (to.session === undefined) throw new Error('that connection has no session');
    to.connection.send(to.session.seal(type, payload));
  }

  received<N extends keyof AgentFrames>(name: N): Decoded<AgentFrames[N]>[] {
    return this.connections.flatMap((conversed) => receivedOf(conversed, name));
  }

  #say(connection: MemoryConnection, act: Exclude<Act, string>): void {
    if ('close' in act) {
      connection.close(act.close, 'as told');
      return;
    }
    const codec = HUB_FRAMES[act.say] as Parameters<typeof encode>[0];
    connection.send(writePlain(FRAME[act.say], encode(codec, act.value)));
  }

  #greet(conversed: Conversed, act: Exclude<Act, 'silent' | object>): void {
    const { connection } = conversed;
    const { nonceA } = connection.request;
    const party: HubParty = {
      key: this.#region.hubKey,
      chain: this.#region.chain(),
      binding: { mode: 'terminator', value: connection.request.host },
      capabilities: 0,
      ...this.party,
    };
    const offer = offerChallenge(
      { nonceA, transport: connection.transport },
      { hubTime: this.wall() },
      { party, crypto: nodeCrypto, random: this.#random },
    );
    connection.onMessage = (message) => {
      if (act === 'mute') return;
      const answer = offer.receive(readPlain(message).payload);
      this.#admit(conversed, answer);
      if (act === 'drain') this.send('goAway', { delayMs: 0, alternates: [] }, conversed);
    };
    connection.send(writePlain(FRAME.challenge, offer.challenge));
  }

  #admit(conversed: Conversed, answer: HubAnswer): void {
    const { connection } = conversed;
    const { hello } = answer;
    const cert = peek(nodeCertKind, hello.credential.node);
    if (this.refuseKey && equalBytes(cert.publicKey, this.refuseKey)) {
      connection.close(CLOSE.badHandshake, 'bad_signature');
      return;
    }
    answer.verify(nodeCrypto.verifier(cert.publicKey));
    conversed.hello = hello;
    const id = Buffer.from(hello.nodeId).toString('hex');
    const secrets = this.#secrets.get(id) ?? {
      current: initialRatchet(hello.nodeId, nodeCrypto),
      previous: undefined,
    };
    const proof = answer.ratchet(secrets);
    if (proof === undefined) {
      const value = { code: 'stale_copy', retry: true, message: 'a stale copy of this node' };
      connection.send(writePlain(FRAME.error, encode(HUB_FRAMES.error, value)));
      connection.close(CLOSE.quarantined, 'stale copy');
      return;
    }
    const ratchet = this.#random(32);
    const proven = proof === 'current' ? secrets.current : secrets.previous;
    this.#secrets.set(id, { current: ratchet, previous: proven });
    this.#epoch += 1;
    const hubTime = this.wall();
    const { frame, session } = answer.welcome({
      sessionId: this.#random(16),
      epoch: this.#epoch,
      version: hello.version,
      capabilities: 0,
      heartbeatMs: 30_000,
      pingMs: 20_000,
      credits: 0,
      reconnectWindowMs: 60_000,
      ratchet,
      cookie: this.#random(48),
      ...this.#region.time(Math.floor(hubTime / 3_600_000) * 3_600_000),
      hubTime,
      hubHour: Math.floor(hubTime / 3_600_000),
      label: 'node',
      quarantined: false,
      ...this.terms,
    });
    conversed.session = session;
    connection.onMessage = (message) => this.#frame(conversed, message, cert.publicKey);
    connection.send(frame);
  }

  #frame(conversed: Conversed, bytes: Uint8Array, publicKey: Uint8Array): void {
    const { type, payload } = conversed.session!.open(bytes);
    const message = decodeAgentMessage(type, payload);
    conversed.received.push(message);
    if (!this.answers) return;
    const hubTime = this.wall();
    if (message.name === 'ping') this.send('pong', { hubTime }, conversed);
    if (message.name === 'heartbeat') this.send('heartbeatAck', { hubTime }, conversed);
    if (message.name === 'checkpoint' && this.receipts)
      this.send('receipt', this.receiptFor(message.value.sealed, publicKey), conversed);
    if (message.name === 'disconnect') conversed.connection.close(1000, 'bye');
  }

  receiptFor(
    sealed: Uint8Array,
    publicKey: Uint8Array,
    revision = 0,
  ): Decoded<(typeof HUB_FRAMES)['receipt']> {
    const checkpoint = open(checkpointKind, sealed, nodeCrypto, publicKey);
    const { nodeId, hubHour, minutes } = checkpoint;
    const { region, instance } = this.#region.chain({ notAfter: hubHour * HOUR_MS + WEEK_MS });
    const body = {
      checkpoint: nodeCrypto.hash(sealed),
      nodeId,
      hubHour,
      minutes,
      gateFailures: [],
      evidence: [],
      scoreVersion: 0,
      account: '',
      revision,
    };
    return { sealed: seal(receiptKind, body, this.#region.hubKey), region, instance };
  }
}

type AgentFrames = typeof AGENT_FRAMES;

export function receivedOf<N extends keyof AgentFrames>(
  conversed: Conversed,
  name: N,
): Decoded<AgentFrames[N]>[] {
  return conversed.received
    .filter((message) => message.name === name)
    .map(({ value }) => value as Decoded<AgentFrames[N]>);
}
