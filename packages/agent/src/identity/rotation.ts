import {
  CONTEXT,
  type EncodedMessage,
  encodeAgentMessage,
  equalBytes,
  type NodeCredential,
  ProtocolError,
  type Random,
  rotationKind,
  seal,
  signIn,
  toHex,
  verifyNodeCredential,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Disk } from '#disk.ts';
import { IdentityBusyError } from '#identity/error.ts';
import { certOf } from '#identity/identity.ts';
import { IdentityStore } from '#identity/identity-store.ts';
import type { Log } from '#log.ts';

export interface RotationState {
  /** Hex. */
  readonly nodeId: string;
  readonly oldKeyId: string;
  readonly newKeyId: string;
  /** requested: the running agent offers it with its next heartbeat. accepted: the next session commits it. */
  readonly state: 'requested' | 'accepted';
}

function keyId(seed: Uint8Array): string {
  return toHex(nodeCrypto.hash(nodeCrypto.signingKey(seed).publicKey));
}

/**
 * Makes a new key and leaves it where the agent of this identity finds it, be it another process or a later one.
 * @throws IdentityBusyError while an earlier rotation is under way.
 */
export async function requestRotation(disk: Disk, directory: string, random: Random): Promise<RotationState> {
  const store = await IdentityStore.open(disk, directory);
  if (store.candidate !== undefined)
    throw new IdentityBusyError(
      `a rotation to key ${keyId(store.candidate.seed)} is under way: it ends with the agent's next sessions`,
    );
  await store.saveCandidate({ seed: random(32), credential: undefined });
  return rotationOf(store)!;
}

export function rotationOf(store: IdentityStore): RotationState | undefined {
  const { candidate, identity, nodeId } = store;
  if (candidate === undefined) return undefined;
  return {
    nodeId: toHex(nodeId),
    oldKeyId: keyId(identity.seed),
    newKeyId: keyId(candidate.seed),
    state: candidate.credential === undefined ? 'requested' : 'accepted',
  };
}

export interface RotationOptions {
  store: IdentityStore;
  log: Log;
  send: (message: EncodedMessage) => void;
  /** Whether every checkpoint has its receipt: what the old key signed should be settled under it. */
  settled: () => boolean;
  /** The hub's time, ms since 1970. */
  hubNow: () => number | undefined;
  /** The hub has accepted the key: the next session is to speak with it. */
  accepted: () => void;
}

interface Offer {
  readonly seed: Uint8Array;
  readonly keyGeneration: number;
  /** The hub's time, ms since 1970. */
  readonly at: number;
}

/** A signer that is away, or has given its quota for the hour, is asked again. */
const REPEAT_MS = 3_600_000;

/**
 * Offers a requested key to the hub: the wish is signed by the old key and by the new one. The old key stays in force
 * until a session stands on the new one (see `Party`), so an answer that is lost costs nothing.
 *
 * A generation has one key for ever, also where its rotation came to nothing: cancelled, or dropped by this node, or
 * another's who holds a copy of the key. Whoever is in session has the key in force, so it takes the next one.
 */
export class Rotation {
  readonly #options: RotationOptions;
  #offer: Offer | undefined;
  /** The highest generation that the signer has refused as taken. */
  #spent = 0;

  constructor(options: RotationOptions) {
    this.#options = options;
  }

  /** A session stands: what was offered in the last one may not have arrived. */
  opened(): void {
    this.#offer = undefined;
  }

  /** Looks for a request, and offers it once an hour in a session. @throws RecordDamagedError, DiskError */
  async look(): Promise<void> {
    const { store, settled, hubNow } = this.#options;
    const candidate = await store.refreshCandidate();
    if (candidate === undefined || candidate.credential !== undefined || !settled()) return;
    const { seed } = candidate;
    const at = Math.round(hubNow() ?? 0);
    const last = this.#offer;
    if (last && equalBytes(last.seed, seed) && at < last.at + REPEAT_MS) return;
    const keyGeneration = Math.max(certOf(store.identity).keyGeneration, this.#spent) + 1;
    this.#send({ seed, keyGeneration, at });
  }

  /** The hub passes on the signer's refusal: a generation that is taken is left at the next look. */
  refused({ code }: { readonly code: string }): void {
    if (this.#offer === undefined) return;
    const taken = code === 'rotation_conflict';
    this.#spent = taken ? this.#offer.keyGeneration : 0;
    if (taken) this.#offer = undefined;
  }

  #send(offer: Offer): void {
    const { store, send, log } = this.#options;
    const { seed, keyGeneration, at } = offer;
    this.#offer = offer;
    const key = nodeCrypto.signingKey(seed);
    const rotation = { nodeId: store.nodeId, newPublicKey: key.publicKey, keyGeneration, at };
    const sealed = seal(rotationKind, rotation, store.key);
    log.info('rotation-offered', { newKeyId: keyId(seed), keyGeneration });
    send(encodeAgentMessage('keyRotate', { sealed, proof: signIn(CONTEXT.rotate, key, sealed) }));
  }

  /** @throws ProtocolError where the certificate is not the one that was asked for; DiskError. */
  async take(credential: NodeCredential): Promise<void> {
    const { store, accepted, log } = this.#options;
    const candidate = await store.refreshCandidate();
    if (candidate === undefined) return;
    const { identity, nodeId, floors } = store;
    const { root } = identity.credential;
    const cert = verifyNodeCredential(
      credential,
      { rootFingerprint: nodeCrypto.hash(root), region: identity.region, timeFloor: floors.timeFloor },
      nodeCrypto,
    );
    const { publicKey } = nodeCrypto.signingKey(candidate.seed);
    const fits = equalBytes(cert.publicKey, publicKey) && equalBytes(cert.nodeId, nodeId);
    if (!fits || cert.keyGeneration !== this.#offer?.keyGeneration)
      throw new ProtocolError('bad_signature', 'the hub certified another key than the one that was offered');
    await store.saveCandidate({ seed: candidate.seed, credential });
    log.info('rotation-accepted', { newKeyId: keyId(candidate.seed) });
    accepted();
  }
}
