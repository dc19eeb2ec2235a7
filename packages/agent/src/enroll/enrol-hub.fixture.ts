import {
  decodeExact,
  encode,
  enrolReply,
  enrolRequest,
  equalBytes,
  formatJoinToken,
  fromBase64Url,
  type HubOffer,
  type JoinToken,
  type OwnerKey,
  offerChallenge,
  toHex,
  verifyEnrolRequest,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Http, HttpRequest, HttpResponse } from '#http.ts';
import { HttpError } from '#http-error.ts';
import { type RegionFixture, seededRandom } from '#identity/region.fixture.ts';

const HOST = 'hub.example';

/** The two endpoints of an enrolment, with single-use tokens: a token is answered for the key that first used it. */
export class EnrolHub {
  readonly region: RegionFixture;
  readonly asked: string[] = [];
  /** Hex node ids by hex token id. */
  readonly enrolled: Map<string, string> = new Map();
  /** Loses so many answers of `enrol` after the hub has acted. */
  loseAnswers = 0;
  /** Answers instead of the hub. */
  instead: ((request: HttpRequest) => HttpResponse | HttpError | undefined) | undefined;
  /** Of the owner, as the hub names it. */
  ownerKey: OwnerKey | undefined;
  /** Who the hub says it is. */
  host: string = HOST;
  readonly #random = seededRandom('enrol hub');
  readonly #offers = new Map<string, HubOffer>();
  readonly #secrets = new Map<string, Uint8Array>();

  constructor(region: RegionFixture) {
    this.region = region;
  }

  token(changes: Partial<JoinToken> = {}): string {
    const token: JoinToken = {
      hub: `https://${HOST}`,
      region: this.region.name,
      owner: 'owner@example.org',
      rootFingerprint: this.region.rootFingerprint,
      tokenId: this.#random(16),
      secret: this.#random(32),
      expiresAt: 0,
      ...changes,
    };
    this.#secrets.set(toHex(token.tokenId), token.secret);
    return formatJoinToken(token);
  }

  readonly http: Http = {
    request: async (request) => {
      this.asked.push(new URL(request.url).pathname);
      const instead = this.instead?.(request);
      if (instead instanceof Error) throw instead;
      return instead ?? this.#answer(request);
    },
    stream: () => Promise.reject(new Error('an enrolment streams nothing')),
  };

  #answer(request: HttpRequest): HttpResponse {
    if (request.url.endsWith('/agent/v1/enrol/challenge')) return this.#challenge(request);
    const answer = this.#enrol(request);
    if (this.loseAnswers === 0) return answer;
    this.loseAnswers -= 1;
    throw new HttpError('http_reset', 'POST');
  }

  #challenge({ headers }: HttpRequest): HttpResponse {
    const offer = offerChallenge(
      { nonceA: fromBase64Url(headers?.['stoa-nonce'] ?? ''), transport: 'enrol' },
      { hubTime: 1 },
      {
        party: {
          key: this.region.hubKey,
          chain: this.region.chain(),
          binding: { mode: 'terminator', value: this.host },
          capabilities: 0,
        },
        crypto: nodeCrypto,
        random: this.#random,
      },
    );
    const exchange = String(this.#offers.size);
    this.#offers.set(exchange, offer);
    return { status: 200, headers: { 'stoa-exchange': exchange }, body: offer.challenge };
  }

  #enrol({ headers, body }: HttpRequest): HttpResponse {
    const { transcript } = this.#offers.get(headers?.['stoa-exchange'] ?? '')!;
    const received = decodeExact(enrolRequest, body as Uint8Array);
    verifyEnrolRequest(received, transcript, nodeCrypto);
    const { tokenId, tokenSecret, publicKey } = received.claim;
    const secret = this.#secrets.get(toHex(tokenId));
    if (!secret || !equalBytes(secret, tokenSecret)) return refusal(404, 'join_token_unknown');
    const nodeId = toHex(nodeCrypto.hash(publicKey));
    const known = this.enrolled.get(toHex(tokenId)) ?? nodeId;
    if (known !== nodeId) return refusal(410, 'join_token_used');
    this.enrolled.set(toHex(tokenId), nodeId);
    const reply = {
      credential: this.region.credential(publicKey),
      region: this.region.name,
      owner: 'owner@example.org',
      label: 'node-1',
      ownerKey: this.ownerKey,
    };
    return { status: 200, headers: {}, body: encode(enrolReply, reply) };
  }
}

export function refusal(status: number, code: string): HttpResponse {
  const body = new TextEncoder().encode(JSON.stringify({ code, message: 'as told', retry: false }));
  return { status, headers: {}, body };
}
