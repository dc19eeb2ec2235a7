import type { Identity } from '@stoa/agent';
import type { DbAdapter, Hub } from '@stoa/hub';
import { type JoinToken, parseJoinToken, type Random } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { SignerClient } from '@stoa/signer/client';
import type { Place } from './places.ts';

export interface EnrolmentDeps {
  readonly hub: Hub;
  readonly database: Pick<DbAdapter, 'sql'>;
  readonly signer: Pick<SignerClient, 'enrol'>;
  /** For keys: whoever could guess them could speak as a neighbour. */
  readonly random: Random;
  readonly signal?: AbortSignal;
}

const CREATOR = 'simulated-world';
/** The signer forces each enrolment to its disk: a few at once share that. */
const AT_ONCE = 16;
/** Uses of one token that a signer certifies. */
const USES_A_TOKEN = 1_000;

/** Neighbours are made anew at each start: what is left of earlier ones goes, with all that hangs on them. */
export async function forgetEarlier({ sql }: Pick<DbAdapter, 'sql'>): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`create temporary table gone on commit drop as select node_id from nodes where simulated`;
    await tx`delete from node_events where node_id in (select node_id from gone)`;
    await tx`delete from node_status where node_id in (select node_id from gone)`;
    await tx`delete from metrics_5m where node_id in (select node_id from gone)`;
    await tx`delete from metrics_1h where node_id in (select node_id from gone)`;
    await tx`delete from nodes where node_id in (select node_id from gone)`;
    await tx`delete from join_tokens where created_by = ${CREATOR}`;
  });
}

/** Registers a node at each place, as simulated, and returns what its agent would have on its disk. */
export async function enrolAll(places: readonly Place[], deps: EnrolmentDeps): Promise<Identity[]> {
  const tokens = new TokenPool(deps.hub, places.length);
  const identities: Identity[] = [];
  const waiting = places.map((place, index) => ({ place, index }));
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      deps.signal?.throwIfAborted();
      identities[next.index] = await enrol(next.place, await tokens.take(next.place.owner), deps);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return identities;
}

async function enrol(place: Place, token: JoinToken, deps: EnrolmentDeps): Promise<Identity> {
  const { hub, signer, random } = deps;
  const { label, owner, tags } = place;
  const seed = random(32);
  const { publicKey } = nodeCrypto.signingKey(seed);
  const credential = await signer.enrol({ publicKey, tokenId: token.tokenId });
  await hub.registry.add(credential, { label, owner, tags }, true);
  return { seed, credential, installId: random(16), region: token.region, owner, label, hubs: [token.hub] };
}

/** One token an owner, as a person with a rack of machines would make it. */
class TokenPool {
  readonly #hub: Hub;
  readonly #uses: number;
  readonly #tokens = new Map<string, { token: Promise<JoinToken>; left: number }>();

  constructor(hub: Hub, nodes: number) {
    this.#hub = hub;
    this.#uses = Math.min(USES_A_TOKEN, nodes);
  }

  take(owner: string): Promise<JoinToken> {
    const held = this.#tokens.get(owner);
    if (held !== undefined && held.left > 0) {
      held.left -= 1;
      return held.token;
    }
    const token = this.#hub.tokens
      .create({ owner, createdBy: CREATOR, uses: this.#uses })
      .then((text) => parseJoinToken(text));
    this.#tokens.set(owner, { token, left: this.#uses - 1 });
    return token;
  }
}
