import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  type AGENT_FRAMES,
  type AgentFrameName,
  type AgentParty,
  answerChallenge,
  type Decoded,
  decodeHubMessage,
  encodeAgentMessage,
  FRAME,
  type HubMessage,
  initialRatchet,
  type NodeCredential,
  readPlain,
  type Session,
  type SigningKey,
  SUBPROTOCOL,
  toBase64Url,
  type Welcome,
  writePlain,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { WebSocket } from 'ws';

export const random = (count: number): Uint8Array => new Uint8Array(randomBytes(count));

/** What a node keeps between sessions. */
export interface WireIdentity {
  /** Hash of the first key: it outlives rotations. */
  readonly id: Uint8Array;
  readonly key: SigningKey;
  readonly credential: NodeCredential;
  readonly rootFingerprint: Uint8Array;
  readonly region: string;
  ratchet: Uint8Array;
  bootId: Uint8Array;
  cookie?: Uint8Array;
}

export function wireIdentity(
  key: SigningKey,
  credential: NodeCredential,
  region: { name: string; rootFingerprint: Uint8Array },
): WireIdentity {
  const id = nodeCrypto.hash(key.publicKey);
  return {
    id,
    key,
    credential,
    region: region.name,
    rootFingerprint: region.rootFingerprint,
    ratchet: initialRatchet(id, nodeCrypto),
    bootId: random(16),
  };
}

/** Who speaks in the identity's next Hello. */
export function partyOf(identity: WireIdentity): AgentParty {
  return {
    key: identity.key,
    nodeId: identity.id,
    credential: identity.credential,
    ratchet: identity.ratchet,
    reportedEpoch: 0,
    bootId: identity.bootId,
    installId: new Uint8Array(16),
    agentVersion: '0.0.0-wire',
    capabilities: 0,
    policy: {
      rootFingerprint: identity.rootFingerprint,
      region: identity.region,
      timeFloor: 0,
      minInstanceSerial: 0,
    },
    versionFloor: 1,
    acceptsBinding: () => true,
  };
}

/** What a Welcome leaves with the node. */
export function keep(identity: WireIdentity, { ratchet, cookie }: Welcome): void {
  identity.ratchet = ratchet;
  identity.cookie = cookie;
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/**
 * The protocol over a bare socket, one call a step, for load and for doing what no agent would. It is not the agent:
 * flows that stand for nodes use packages/agent.
 */
export class WireAgent {
  readonly socket: WebSocket;
  readonly closed: Promise<Closed>;
  session: Session | undefined;
  welcome: Welcome | undefined;
  readonly #identity: WireIdentity;
  readonly #nonceA = random(32);
  readonly #waiting: ((message: Uint8Array) => void)[] = [];
  readonly #arrived: Uint8Array[] = [];
  #listener: ((message: HubMessage) => void) | undefined;

  /** @param extra headers of the upgrade, as a proxy on the way would add them. */
  constructor(origin: string, identity: WireIdentity, extra: Readonly<Record<string, string>> = {}) {
    this.#identity = identity;
    const headers: Record<string, string> = { ...extra, 'stoa-nonce': toBase64Url(this.#nonceA) };
    if (identity.cookie !== undefined) headers['stoa-cookie'] = toBase64Url(identity.cookie);
    this.socket = new WebSocket(`${origin.replace(/^http/, 'ws')}/agent/v1`, SUBPROTOCOL, {
      headers,
      perMessageDeflate: false,
      skipUTF8Validation: true,
    });
    this.socket.on('message', (data: Buffer) => this.#take(data));
    this.closed = new Promise((resolve) => {
      this.socket.on('error', () => undefined);
      this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
  }

  get nodeId(): Uint8Array {
    return this.#identity.id;
  }

  /** The next message as it came; for what the hub says before a session. */
  next(): Promise<Uint8Array> {
    const arrived = this.#arrived.shift();
    return arrived === undefined
      ? new Promise((resolve) => this.#waiting.push(resolve))
      : Promise.resolve(arrived);
  }

  /** The sealed Hello that answers the hub's Challenge, without sending it. */
  async prepare(
    change: Partial<AgentParty> = {},
  ): Promise<{ hello: Uint8Array; finish: (frame: Uint8Array) => void }> {
    const { type, payload } = readPlain(await this.next());
    if (type !== FRAME.challenge) throw new Error(`frame type ${type} where a Challenge is expected`);
    const identity = this.#identity;
    const answer = answerChallenge(
      payload,
      { nonceA: this.#nonceA, transport: 'websocket' },
      { party: { ...partyOf(identity), ...change }, crypto: nodeCrypto, random },
    );
    return {
      hello: writePlain(FRAME.hello, answer.hello),
      finish: (frame) => {
        const { welcome, session } = answer.welcome(frame);
        this.session = session;
        this.welcome = welcome;
        keep(identity, welcome);
      },
    };
  }

  /** The whole handshake. Rejects with what the hub said or how it closed instead. */
  async connect(change: Partial<AgentParty> = {}): Promise<this> {
    const refused = this.closed.then(({ code, reason }) => {
      throw new Error(`closed with ${code} ${reason}`);
    });
    const handshake = async () => {
      const { hello, finish } = await this.prepare(change);
      this.socket.send(hello);
      finish(await this.next());
    };
    await Promise.race([handshake(), refused]);
    return this;
  }

  send<N extends AgentFrameName>(name: N, value: Decoded<(typeof AGENT_FRAMES)[N]>): void {
    const { type, payload } = encodeAgentMessage(name, value);
    this.sendSealed(type, payload);
  }

  sendSealed(type: number, payload: Uint8Array): void {
    if (this.session === undefined) throw new Error('no session');
    this.socket.send(this.session.seal(type, payload));
  }

  /** From now on every message is opened and handed to the listener. */
  listen(listener: (message: HubMessage) => void): void {
    this.#listener = listener;
    for (const message of this.#arrived.splice(0)) this.#take(message);
  }

  /** The next message of a kind; earlier ones of other kinds are dropped. */
  async expect<N extends HubMessage['name']>(name: N): Promise<Extract<HubMessage, { name: N }>['value']> {
    for (;;) {
      const opened = this.session!.open(await this.next());
      const message = decodeHubMessage(opened.type, opened.payload);
      if (message.name === name) return message.value as never;
    }
  }

  async close(): Promise<Closed> {
    if (this.socket.readyState === WebSocket.CONNECTING)
      await once(this.socket, 'open').catch(() => undefined);
    this.socket.close();
    return this.closed;
  }

  #take(data: Uint8Array): void {
    if (this.#listener !== undefined && this.session !== undefined) {
      const { type, payload } = this.session.open(data);
      this.#listener(decodeHubMessage(type, payload));
      return;
    }
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#arrived.push(data);
    else waiter(data);
  }
}
