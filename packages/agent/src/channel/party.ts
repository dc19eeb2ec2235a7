import type { AgentParty, Welcome } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { type RegionTrust, readRegionTime } from '#channel/region-time.ts';
import type { IdentityStore } from '#identity/identity-store.ts';
import type { Log } from '#log.ts';

export interface PartyOptions {
  store: IdentityStore;
  log: Log;
  agentVersion: string;
  /** What this agent offers (`CAPABILITY`). */
  capabilities: number;
  /** Random at each start of the process. */
  bootId: Uint8Array;
  /** Time proven by the node's own verified chain tips, ms since 1970. */
  provenChainTime: () => number | undefined;
}

/** A rotated key that the hub refuses so often was not committed: back to the old one. */
const CANDIDATE_TRIES = 3;

/** Who speaks for this node in a handshake, and what it takes along from one session to the next. */
export class Party {
  readonly #options: PartyOptions;
  #withCandidate = false;
  #candidateRefusals = 0;

  constructor(options: PartyOptions) {
    this.#options = options;
  }

  get nodeId(): Uint8Array {
    return this.#options.store.nodeId;
  }

  /** What signatures of the region are checked against; the time floor is the latest time known to be proven. */
  get trust(): RegionTrust {
    const { identity, floors } = this.#options.store;
    const { root } = identity.credential;
    return {
      root,
      rootFingerprint: nodeCrypto.hash(root),
      region: identity.region,
      timeFloor: Math.max(floors.timeFloor, this.#options.provenChainTime() ?? 0),
    };
  }

  /** Speaks with a rotated key as soon as the hub has accepted it: the first session on it commits. */
  speak(): Omit<AgentParty, 'acceptsBinding'> {
    const { store, agentVersion, bootId, capabilities } = this.#options;
    const { identity, session, floors, candidate } = store;
    const accepted = candidate?.credential;
    this.#withCandidate = accepted !== undefined && this.#candidateRefusals < CANDIDATE_TRIES;
    const rotated = this.#withCandidate && candidate !== undefined && accepted !== undefined;
    return {
      key: rotated ? nodeCrypto.signingKey(candidate.seed) : store.key,
      credential: rotated ? accepted : identity.credential,
      nodeId: store.nodeId,
      ratchet: session.ratchet,
      reportedEpoch: session.epoch,
      bootId,
      installId: identity.installId,
      agentVersion,
      capabilities,
      policy: { ...this.trust, minInstanceSerial: floors.minInstanceSerial },
      versionFloor: floors.versionFloor,
    };
  }

  /** The hub did not take the key that signed our Hello. */
  refused(): void {
    if (this.#withCandidate) this.#candidateRefusals += 1;
  }

  /**
   * Takes along what a Welcome brings. Resolves when it is on the medium; a full disk costs only that, since the hub
   * accepts the last secret that was proven.
   * @throws ProtocolError at once where the region's time is not signed as it must be.
   */
  welcomed(welcome: Welcome): Promise<void> {
    const regionTime = readRegionTime(welcome, this.trust);
    const { store } = this.#options;
    const saved = store.saveSession({
      ratchet: welcome.ratchet.slice(),
      epoch: welcome.epoch,
      cookie: welcome.cookie.slice(),
      versionFloor: welcome.version,
      timeFloor: Math.max(regionTime?.at ?? 0, this.trust.timeFloor),
      minInstanceSerial: regionTime?.minInstanceSerial ?? 0,
    });
    return saved.then(() => this.#settleCandidate());
  }

  async #settleCandidate(): Promise<void> {
    const { store, log } = this.#options;
    if (store.candidate?.credential === undefined) return;
    if (this.#withCandidate) {
      await store.commitCandidate();
      log.info('identity-rotated', { keyId: Buffer.from(store.key.publicKey).toString('hex').slice(0, 16) });
    } else {
      await store.dropCandidate();
      log.warn('identity-rotation-dropped', { why: 'the hub did not take the new key' });
    }
    this.#candidateRefusals = 0;
  }
}
