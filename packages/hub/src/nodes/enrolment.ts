import {
  type CryptoSuite,
  decodeExact,
  encode,
  enrolReply,
  enrolRequest,
  type HubParty,
  type OwnerKey,
  offerChallenge,
  type Random,
  toBase64Url,
  toHex,
  verifyEnrolRequest,
} from '@stoa/protocol';
import type { SignerClient } from '@stoa/signer/client';
import type { Clock } from '../clock.ts';
import { RateLimit } from '../rate-limit.ts';
import { EnrolmentError } from './error.ts';
import type { NodeEventLog } from './event-log.ts';
import type { Admitted, Joiner, JoinTokens } from './join-tokens.ts';
import type { NodeRegistry } from './registry.ts';

const EXCHANGE_MS = 60_000;
const MAX_EXCHANGES = 10_000;
/** Steps of enrolments a minute: from one network (/24, /48), and in all. */
const STEPS = { perKey: 120, inAll: 1_200 };

/** Where a request comes from. */
export interface Origin {
  readonly address: string;
  /** Coarser than the address, as rates count it. */
  readonly network: string;
}

export interface EnrolmentDeps {
  readonly region: string;
  /** This instance's certificate, as of now. */
  party(): HubParty;
  readonly signer: Pick<SignerClient, 'enrol'>;
  readonly tokens: JoinTokens;
  readonly registry: NodeRegistry;
  /** The owner's key in force, which the node pins. */
  readonly ownerKeyOf: (owner: string) => Promise<OwnerKey | undefined>;
  /** Gives a node that another hub knew its past back. @returns its label from now on. */
  readonly recognise: (node: {
    nodeId: string;
    owner: string;
    label: string;
    hostname: string;
  }) => Promise<string>;
  readonly events: NodeEventLog;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: CryptoSuite;
  readonly onEnrolled: (nodeId: string) => void;
  /** How far a host got with a token: its key is proven, or more than that is refused. */
  readonly onStep: (tokenId: string, step: 'key' | 'refused', detail?: { code: string }) => void;
  readonly onEventLost: (error: unknown) => void;
}

/**
 * How a node gets its certificate, in two steps: the hub proves its root first, so that a token's secret is never sent to
 * a stranger; then the node proves its key and spends the token.
 */
export class Enrolment {
  readonly #deps: EnrolmentDeps;
  readonly #exchanges = new Map<string, { transcript: Uint8Array; until: number }>();
  readonly #steps: RateLimit;

  constructor(deps: EnrolmentDeps) {
    this.#deps = deps;
    this.#steps = new RateLimit({ clock: deps.clock, ...STEPS });
  }

  /** @throws EnrolmentError `join_throttled`. */
  challenge(nonceA: Uint8Array, from: Origin): { exchange: string; challenge: Uint8Array } {
    const { clock, random, crypto } = this.#deps;
    this.#requireRoom(from);
    const now = clock.now();
    this.#forget(now);
    const opening = { nonceA, transport: 'enrol' } as const;
    const offer = offerChallenge(opening, { hubTime: now }, { party: this.#deps.party(), crypto, random });
    const exchange = toBase64Url(random(16));
    this.#exchanges.set(exchange, { transcript: offer.transcript, until: now + EXCHANGE_MS });
    return { exchange, challenge: offer.challenge };
  }

  /** @throws EnrolmentError, ProtocolError, SignerError. */
  async enrol(exchange: string, body: Uint8Array, from: Origin): Promise<Uint8Array> {
    const { clock, crypto, signer, registry, events, onEventLost } = this.#deps;
    this.#requireRoom(from);
    const held = this.#exchanges.get(exchange);
    if (held === undefined || held.until < clock.now())
      throw new EnrolmentError(
        'exchange_unknown',
        'this enrolment took longer than a minute or began elsewhere: start it again',
      );
    const request = decodeExact(enrolRequest, body);
    verifyEnrolRequest(request, held.transcript, crypto);
    const { tokenId, tokenSecret, publicKey, facts } = request.claim;
    const nodeId = registry.nodeIdOf(publicKey);
    this.#deps.onStep(toHex(tokenId), 'key');
    const owner = await registry.ownerOf(nodeId);
    const joiner = { address: from.address, owner };
    const admitted = await this.#spend({ tokenId, tokenSecret }, nodeId, joiner);
    // Before the node is registered: where this fails, the join can be repeated.
    const ownerKey = await this.#deps.ownerKeyOf(admitted.owner);
    const credential = await signer.enrol({ publicKey, tokenId });
    await registry.add(credential, admitted, false);
    const label = await this.#recognise(nodeId, admitted, facts.hostname);
    // Once it is registered it has joined: what is told about it must not undo that.
    this.#exchanges.delete(exchange);
    const { hostname, platform, agentVersion: agent } = facts;
    events.append('enrolled', nodeId, { hostname, platform, agent }).catch(onEventLost);
    this.#deps.onEnrolled(nodeId);
    return encode(enrolReply, {
      credential,
      region: this.#deps.region,
      owner: admitted.owner,
      label,
      ownerKey,
    });
  }

  /** It has joined already: without its past where that cannot be had. */
  async #recognise(nodeId: string, { owner, label }: Admitted, hostname: string): Promise<string> {
    try {
      return await this.#deps.recognise({ nodeId, owner, label, hostname });
    } catch (error) {
      this.#deps.onEventLost(error);
      return label;
    }
  }

  async #spend(
    { tokenId, tokenSecret }: { tokenId: Uint8Array; tokenSecret: Uint8Array },
    nodeId: string,
    joiner: Joiner,
  ): Promise<Admitted> {
    try {
      return await this.#deps.tokens.spend(tokenId, tokenSecret, nodeId, joiner);
    } catch (error) {
      // A wrong secret is nothing to tell the token's maker of: whoever knows the id could cry wolf.
      if (error instanceof EnrolmentError && error.code !== 'join_token_unknown')
        this.#deps.onStep(toHex(tokenId), 'refused', { code: error.code });
      throw error;
    }
  }

  #requireRoom({ network }: Origin): void {
    if (!this.#steps.admit(network))
      throw new EnrolmentError(
        'join_throttled',
        'too many enrolments from this network: try again in a minute',
      );
  }

  #forget(now: number): void {
    if (this.#exchanges.size < MAX_EXCHANGES) return;
    for (const [id, { until }] of this.#exchanges) if (until < now) this.#exchanges.delete(id);
    if (this.#exchanges.size >= MAX_EXCHANGES)
      throw new EnrolmentError('join_throttled', 'too many enrolments are under way: try again in a minute');
  }
}
