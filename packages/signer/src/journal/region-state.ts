import { SignerError } from '#error.ts';
import { type Entry, parseEntry } from '#journal/entry.ts';
import { SlidingWindow } from '#journal/sliding-window.ts';

export const HOUR_MS: number = 3_600_000;
export const DAY_MS: number = 24 * HOUR_MS;

export interface Registration {
  readonly publicKey: string;
  readonly registeredAt: number;
  readonly certified: SlidingWindow;
}

export interface AdminListing {
  readonly publicKey: string;
  readonly addedAt: number;
  readonly certified: SlidingWindow;
}

export interface NewestKey {
  readonly at: number;
  readonly publicKey: string;
  readonly keyGeneration: number;
  readonly replaces: number;
}

/**
 * What a region's signer knows: the fold of its journal, and of nothing else, so that quotas, serials and time survive
 * every restart. `apply` is the only way to change it.
 *
 * Invariants: time and instance serials never go back; an instance has one key, and so has an admin; a node has one key per generation.
 */
export class RegionState {
  region = '';
  /** Time of the last act: the signer's time never goes below it. */
  at = 0;
  instanceSerial = 0;
  minInstanceSerial = 0;
  certificateSerial = 0;
  lastTime: { readonly at: number; readonly minInstanceSerial: number } | undefined;
  readonly instances: Map<string, Registration> = new Map();
  /** By instance, retired ones included: when its last order was given. */
  readonly orders: Map<string, number> = new Map();
  /** By e-mail: whose key may be certified for orders. */
  readonly adminKeys: Map<string, AdminListing> = new Map();
  /** By admin, removed ones included: when the last order about the key was given. */
  readonly adminOrders: Map<string, number> = new Map();
  readonly enrolled: SlidingWindow = new SlidingWindow(HOUR_MS);
  readonly rotated: SlidingWindow = new SlidingWindow(HOUR_MS);
  readonly refused: SlidingWindow = new SlidingWindow(HOUR_MS);
  /** By node, of the last hour, in the order of time. */
  readonly enrolments: Map<string, { at: number; tokenId: string; ownerGeneration: number }> = new Map();
  readonly enrolmentsByToken: Map<string, number> = new Map();
  /** By node: the newest key that was certified, once it has rotated, and which key asked for it. */
  readonly rotations: Map<string, NewestKey> = new Map();

  /** For an entry as it was read. @throws SignerError `journal_damaged` for what this version never wrote. */
  replay(entry: unknown): void {
    this.apply(parseEntry(entry));
  }

  /** @throws SignerError `journal_damaged` where the entry breaks an invariant. */
  apply(entry: Entry): void {
    this.#require(entry.at >= this.at, `time goes back to ${entry.at} from ${this.at}`);
    this.at = entry.at;
    switch (entry.kind) {
      case 'opened':
        this.region = entry.region;
        return;
      case 'clock-accepted':
      case 'artefacts-signed':
        return;
      case 'certificates-installed':
        this.certificateSerial = entry.serial;
        return;
      case 'instance-registered':
        this.#register(entry);
        return;
      case 'instance-retired':
        this.instances.delete(entry.instance);
        this.orders.set(entry.instance, entry.orderedAt);
        this.minInstanceSerial = Math.max(this.minInstanceSerial, entry.minInstanceSerial);
        return;
      case 'instance-certified':
        this.#certify(entry);
        return;
      case 'admin-key-added':
        this.#addAdmin(entry);
        return;
      case 'admin-key-removed':
        this.adminKeys.delete(entry.admin);
        this.adminOrders.set(entry.admin, entry.orderedAt);
        return;
      case 'admin-key-certified':
        this.#certifyAdmin(entry);
        return;
      case 'node-enrolled':
        this.#enrol(entry);
        return;
      case 'node-rotated':
        this.#rotate(entry);
        return;
      case 'node-refused':
        this.refused.add(entry.at);
        return;
      case 'time-signed':
        this.lastTime = entry;
        return;
    }
  }

  #register({ instance, publicKey, at, orderedAt }: Entry & { kind: 'instance-registered' }): void {
    this.#require(!this.instances.has(instance), `instance '${instance}' is registered twice`);
    this.instances.set(instance, { publicKey, registeredAt: at, certified: new SlidingWindow(DAY_MS) });
    this.orders.set(instance, orderedAt);
  }

  #certify({ instance, at, serial }: Entry & { kind: 'instance-certified' }): void {
    this.#require(
      serial > this.instanceSerial,
      `instance serial goes from ${this.instanceSerial} to ${serial}`,
    );
    this.instanceSerial = serial;
    const registration = this.instances.get(instance);
    this.#require(registration !== undefined, `instance '${instance}' was never registered`);
    registration?.certified.add(at);
  }

  #addAdmin({ admin, publicKey, at, orderedAt }: Entry & { kind: 'admin-key-added' }): void {
    this.#require(!this.adminKeys.has(admin), `a key of ${admin} is listed twice`);
    this.adminKeys.set(admin, { publicKey, addedAt: at, certified: new SlidingWindow(DAY_MS) });
    this.adminOrders.set(admin, orderedAt);
  }

  #certifyAdmin({ admin, publicKey, at }: Entry & { kind: 'admin-key-certified' }): void {
    const listing = this.adminKeys.get(admin);
    this.#require(listing?.publicKey === publicKey, `a key of ${admin} was certified that is not listed`);
    listing?.certified.add(at);
  }

  #enrol({ nodeId, tokenId, ownerGeneration, at }: Entry & { kind: 'node-enrolled' }): void {
    this.enrolled.add(at);
    this.enrolmentsByToken.set(tokenId, (this.enrolmentsByToken.get(tokenId) ?? 0) + 1);
    this.enrolments.delete(nodeId);
    this.enrolments.set(nodeId, { at, tokenId, ownerGeneration });
    for (const [oldest, { at: then }] of this.enrolments) {
      if (then > at - HOUR_MS) break;
      this.enrolments.delete(oldest);
    }
  }

  #rotate({ nodeId, at, publicKey, keyGeneration, replaces }: Entry & { kind: 'node-rotated' }): void {
    this.rotations.set(nodeId, { at, publicKey, keyGeneration, replaces: replaces ?? keyGeneration - 1 });
    this.rotated.add(at);
  }

  #require(holds: boolean, finding: string): void {
    if (!holds) throw new SignerError('journal_damaged', `the journal contradicts itself: ${finding}`);
  }
}

/** @throws SignerError `journal_damaged` where the journal is another region's. */
export function requireRegion(state: RegionState, region: string): void {
  if (state.region !== region)
    throw new SignerError(
      'journal_damaged',
      `the journal is of region '${state.region}', signer.json names '${region}'`,
    );
}
