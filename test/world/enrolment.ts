import type { Identity } from '@stoa/agent';
import type { DbAdapter, Hub } from '@stoa/hub';
import { type JoinToken, nodeCertKind, parseJoinToken, peek, type Random, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { SignerClient } from '@stoa/signer/client';
import type { Place } from './places.ts';

/** What of a hub takes part. */
export type Registrar = Pick<Hub, 'tokens'>;

export interface EnrolmentDeps {
  readonly hub: Registrar;
  readonly database: Pick<DbAdapter, 'sql'>;
  readonly signer: Pick<SignerClient, 'enrol'>;
  /** For keys: whoever could guess them could speak as a neighbour. */
  readonly random: Random;
  readonly clock: { now(): number };
  readonly signal?: AbortSignal;
}

const CREATOR = 'simulated-world';
/** The signer forces each enrolment to its disk: a few at once share that. */
const AT_ONCE = 16;
/** Uses of one token that a signer certifies. */
const USES_A_TOKEN = 1_000;
/** Nodes that one statement registers. */
const ROWS = 500;

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
      identities[next.index] = await certify(next.place, await tokens.take(next.place.owner), deps);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  for (let first = 0; first < places.length; first += ROWS) {
    deps.signal?.throwIfAborted();
    const rows = places
      .slice(first, first + ROWS)
      .map((place, i) => ({ place, identity: identities[first + i]! }));
    await register(rows, deps);
  }
  return identities;
}

async function certify({ label, owner }: Place, token: JoinToken, deps: EnrolmentDeps): Promise<Identity> {
  const { signer, random } = deps;
  const seed = random(32);
  const { publicKey } = nodeCrypto.signingKey(seed);
  const credential = await signer.enrol({ publicKey, tokenId: token.tokenId });
  return { seed, credential, installId: random(16), region: token.region, owner, label, hubs: [token.hub] };
}

/** What `NodeRegistry.add` does for one node, for many in a statement. */
async function register(
  nodes: readonly { readonly place: Place; readonly identity: Identity }[],
  { database: { sql }, clock }: EnrolmentDeps,
): Promise<void> {
  const rows = nodes.map(({ place, identity }) => {
    const cert = peek(nodeCertKind, identity.credential.node);
    return {
      node_id: toHex(cert.nodeId),
      label: place.label,
      owner: place.owner,
      region: cert.region,
      tags: place.tags,
      public_key: hex(cert.publicKey),
      key_generation: cert.keyGeneration,
      owner_generation: cert.ownerGeneration,
      node_cert: hex(identity.credential.node),
      token_id: toHex(cert.tokenId),
    };
  });
  await sql`insert into nodes (node_id, label, owner, region, tags, public_key, key_generation, owner_generation, node_cert,
      token_id, simulated, created_at)
    select node_id, label, owner, region, tags, public_key, key_generation, owner_generation, node_cert, token_id, true,
      ${new Date(clock.now())}
    from json_to_recordset(${JSON.stringify(rows)}::text::json) as n(node_id text, label text, owner text, region text,
      tags text[], public_key bytea, key_generation int, owner_generation int, node_cert bytea, token_id text)`;
}

function hex(bytes: Uint8Array): string {
  return `\\x${toHex(bytes)}`;
}

/** One token an owner, as a person with a rack of machines would make it. */
class TokenPool {
  readonly #hub: Registrar;
  readonly #uses: number;
  readonly #tokens = new Map<string, { token: Promise<JoinToken>; left: number }>();

  constructor(hub: Registrar, nodes: number) {
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
