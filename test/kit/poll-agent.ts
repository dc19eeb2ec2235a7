import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import {
  type AGENT_FRAMES,
  type AgentFrameName,
  answerChallenge,
  type Decoded,
  decodeHubMessage,
  encodeAgentMessage,
  FRAME,
  type HubMessage,
  joinBatch,
  readPlain,
  type Session,
  splitBatch,
  type Transport,
  toBase64Url,
  type Welcome,
  writePlain,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { keep, partyOf, random, type WireIdentity } from './wire-agent.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Post {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Breaks the connection. */
  readonly signal?: AbortSignal;
  /** Announced instead of the body's own length: then the request never ends by itself. */
  readonly contentLength?: number;
}

/** The protocol over HTTP long-poll, one request a step: the counterpart of WireAgent where WebSockets are blocked. */
export class PollAgent {
  readonly id: string;
  readonly origin: string;
  /** Of the last poll. */
  number = 0;
  session: Session | undefined;
  welcome: Welcome | undefined;
  readonly #identity: WireIdentity;
  readonly #nonceA: Uint8Array;
  readonly #challenge: Uint8Array;

  private constructor(by: {
    origin: string;
    identity: WireIdentity;
    id: string;
    nonceA: Uint8Array;
    challenge: Uint8Array;
  }) {
    this.origin = by.origin;
    this.id = by.id;
    this.#identity = by.identity;
    this.#nonceA = by.nonceA;
    this.#challenge = by.challenge;
  }

  /** As far as the hub's Challenge. */
  static async open(origin: string, identity: WireIdentity): Promise<PollAgent> {
    const nonceA = random(32);
    const headers = {
      'stoa-nonce': toBase64Url(nonceA),
      ...(identity.cookie !== undefined && { 'stoa-cookie': toBase64Url(identity.cookie) }),
    };
    const answer = await post(origin, { path: 'poll/open', headers });
    const [challenge] = splitBatch(answer.body);
    const id = answer.headers['stoa-session'];
    if (challenge === undefined || typeof id !== 'string')
      throw new Error(`no session: ${answer.status} ${answer.body.toString()}`);
    return new PollAgent({ origin, identity, id, nonceA, challenge });
  }

  /** The whole handshake. */
  static async connect(origin: string, identity: WireIdentity): Promise<PollAgent> {
    const agent = await PollAgent.open(origin, identity);
    const { hello, finish } = agent.prepare();
    const [welcome] = await agent.poll([hello]);
    finish(welcome!);
    return agent;
  }

  /** The sealed Hello, without sending it. */
  prepare(transport: Transport = 'long-poll'): { hello: Uint8Array; finish: (frame: Uint8Array) => void } {
    const { type, payload } = readPlain(this.#challenge);
    if (type !== FRAME.challenge) throw new Error(`frame type ${type} where a Challenge is expected`);
    const answer = answerChallenge(
      payload,
      { nonceA: this.#nonceA, transport },
      { party: partyOf(this.#identity), crypto: nodeCrypto, random },
    );
    return {
      hello: writePlain(FRAME.hello, answer.hello),
      finish: (frame) => {
        const { welcome, session } = answer.welcome(frame);
        this.session = session;
        this.welcome = welcome;
        keep(this.#identity, welcome);
      },
    };
  }

  seal<N extends AgentFrameName>(name: N, value: Decoded<(typeof AGENT_FRAMES)[N]>): Uint8Array {
    const { type, payload } = encodeAgentMessage(name, value);
    return this.session!.seal(type, payload);
  }

  /** Opens what the hub said, in order. */
  read(messages: readonly Uint8Array[]): HubMessage[] {
    return messages.map((message) => {
      const { type, payload } = this.session!.open(message);
      return decodeHubMessage(type, payload);
    });
  }

  /** The next poll. @returns what the hub says. @throws where it says that the session is over, with the close code. */
  async poll(messages: readonly Uint8Array[] = []): Promise<Uint8Array[]> {
    this.number += 1;
    const answer = await this.post(joinBatch(messages));
    if (answer.status !== 200)
      throw new Error(`poll answered with ${answer.status}, closed with ${answer.headers['stoa-close']}`);
    return splitBatch(answer.body);
  }

  /** Polls until a message of the kind comes; others are dropped. */
  async expect<N extends HubMessage['name']>(
    name: N,
    messages: readonly Uint8Array[] = [],
  ): Promise<Extract<HubMessage, { name: N }>['value']> {
    for (let batch = messages; ; batch = []) {
      const found = this.read(await this.poll(batch)).find((message) => message.name === name);
      if (found !== undefined) return found.value as never;
    }
  }

  /** A poll as it is told, of the last number unless told. */
  post(body: Uint8Array, change: Partial<Post> & { number?: number } = {}): Promise<Answer> {
    const { number = this.number, ...rest } = change;
    const headers = { 'stoa-session': this.id, 'stoa-poll': String(number) };
    return post(this.origin, { path: 'poll', headers, body, ...rest });
  }

  async close(): Promise<void> {
    await post(this.origin, { path: 'poll/close', headers: { 'stoa-session': this.id } });
  }
}

/** Each on a connection of its own, as through a proxy that keeps none. */
export function post(origin: string, { path, headers, body, signal, contentLength }: Post): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(
    `${origin}/agent/v1/${path}`,
    {
      method: 'POST',
      headers: { ...headers, 'content-length': contentLength ?? body?.length ?? 0 },
      agent: new Agent({ keepAlive: false }),
      ...(signal && { signal }),
    },
    (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      );
    },
  );
  sent.on('error', reject);
  if (contentLength === undefined) sent.end(body);
  else sent.write(body ?? new Uint8Array(0));
  return promise;
}
