import { join } from 'node:path';
import { equalBytes, initialRatchet, type SigningKey, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Disk } from '#disk.ts';
import { NodeRevokedError, NotEnrolledError } from '#identity/error.ts';
import {
  type Candidate,
  candidateKind,
  certOf,
  formerKind,
  type Identity,
  identityKind,
  type Revocation,
  revokedKind,
  type SessionState,
  sessionKind,
} from '#identity/identity.ts';
import { followOwnerKey, type OwnerKeyPin, readOwnerKeyPin } from '#identity/owner-key-pin.ts';
import { appendRecord, RecordDamagedError, readRecord, writeRecord } from '#record-line.ts';

/**
 * One identity on disk.
 *
 * Invariants: `identity` is replaced in one atomic write, which is what an enrolment or a rotation commits with, so at
 * every moment the disk holds a key that the hub knows. Everything that belongs to one node id (session, candidate,
 * evidence) lies in a directory named after it, so that enrolling anew cannot mix two nodes. What `session` and
 * `identity` return is on the medium; a write that failed changes neither.
 */
export class IdentityStore {
  readonly directory: string;
  readonly nodeDirectory: string;
  readonly nodeId: Uint8Array;
  readonly #disk: Disk;
  #identity: Identity;
  #key: SigningKey;
  #session: SessionState;
  /** Floors that are known but could not be written yet. */
  #wanted: SessionState;
  #candidate: Candidate | undefined;
  #ownerKey: OwnerKeyPin | undefined;
  #following: Promise<void> = Promise.resolve();
  #saving: Promise<void> = Promise.resolve();

  private constructor(disk: Disk, directory: string, identity: Identity) {
    this.#disk = disk;
    this.directory = directory;
    this.#identity = identity;
    this.#key = nodeCrypto.signingKey(identity.seed);
    this.nodeId = certOf(identity).nodeId;
    this.nodeDirectory = nodeDirectory(directory, this.nodeId);
    this.#session = firstSession(this.nodeId);
    this.#wanted = this.#session;
  }

  /** @throws NotEnrolledError, NodeRevokedError, RecordDamagedError, DiskError */
  static async open(disk: Disk, directory: string): Promise<IdentityStore> {
    const identity = await readRecord(disk, identityPath(directory), identityKind);
    const revocation = await readRecord(disk, revokedPath(directory), revokedKind);
    if (identity === undefined) {
      if (revocation !== undefined) throw revokedError(revocation);
      throw new NotEnrolledError(directory);
    }
    const store = new IdentityStore(disk, directory, identity);
    if (revocation !== undefined && equalBytes(revocation.nodeId, store.nodeId)) {
      // The process ended between the note and the wipe.
      await store.#wipe();
      throw revokedError(revocation);
    }
    await store.#load();
    return store;
  }

  get identity(): Identity {
    return this.#identity;
  }

  get key(): SigningKey {
    return this.#key;
  }

  get session(): SessionState {
    return this.#session;
  }

  /** The owner's key that this host has pinned. */
  get ownerKey(): OwnerKeyPin | undefined {
    return this.#ownerKey;
  }

  /** One change after the other, as they come. @throws ProtocolError, RecordDamagedError, DiskError. */
  followOwnerKey(sealed: Uint8Array): Promise<void> {
    const following = this.#following.then(() => this.#follow(sealed));
    this.#following = following.catch(() => undefined);
    return following;
  }

  /** A key rotation under way. */
  get candidate(): Candidate | undefined {
    return this.#candidate;
  }

  /** Paths whose mode must keep others out. */
  get keyFiles(): string[] {
    return [identityPath(this.directory), this.#sessionPath, this.#candidatePath];
  }

  /** Latest floors known, written or not. */
  get floors(): Pick<SessionState, 'timeFloor' | 'versionFloor' | 'minInstanceSerial'> {
    return this.#wanted;
  }

  /** Floors only rise. @throws DiskError, after which `session` is as it was and the next call tries again. */
  async saveSession(patch: Partial<SessionState>): Promise<void> {
    const known = this.#wanted;
    const next = { ...known, ...patch };
    next.timeFloor = Math.max(known.timeFloor, next.timeFloor);
    next.versionFloor = Math.max(known.versionFloor, next.versionFloor);
    next.minInstanceSerial = Math.max(known.minInstanceSerial, next.minInstanceSerial);
    this.#wanted = next;
    const saving = this.#write(next);
    this.#saving = saving.catch(() => undefined);
    await saving;
  }

  /**
   * Resolves when no write of the session is under way. To be awaited before a Hello: were it to prove a ratchet secret
   * while a newer one is being written, a crash could leave the one that the hub has just forgotten.
   */
  settled(): Promise<void> {
    return this.#saving;
  }

  /** Looks for a candidate that another process asked for. */
  async refreshCandidate(): Promise<Candidate | undefined> {
    this.#candidate = await readRecord(this.#disk, this.#candidatePath, candidateKind);
    return this.#candidate;
  }

  async saveCandidate(candidate: Candidate): Promise<void> {
    await writeRecord(this.#disk, this.#candidatePath, candidateKind, candidate);
    this.#candidate = candidate;
  }

  async dropCandidate(): Promise<void> {
    await this.#disk.remove(this.#candidatePath);
    this.#candidate = undefined;
  }

  /** The candidate becomes the node's key: its first session stands, so the hub has committed it. */
  async commitCandidate(): Promise<void> {
    const candidate = this.#candidate;
    if (candidate?.credential === undefined) return;
    const next = { ...this.#identity, seed: candidate.seed, credential: candidate.credential };
    // Before it is in force: a crash between the two leaves a line that says it twice.
    const former = { credential: this.#identity.credential, at: this.#wanted.timeFloor };
    await appendRecord(this.#disk, formerPath(this.nodeDirectory), formerKind, former);
    await storeIdentity(this.#disk, this.directory, next);
    this.#identity = next;
    this.#key = nodeCrypto.signingKey(next.seed);
    await this.dropCandidate();
  }

  /** On a root-signed Revoke alone. The evidence stays: it is the owner's proof of what was earned. */
  async revoke(revocation: Revocation): Promise<void> {
    await writeRecord(this.#disk, revokedPath(this.directory), revokedKind, revocation);
    await this.#wipe();
  }

  /** Where none is pinned there is nothing to follow: a hub could name any key. */
  async #follow(sealed: Uint8Array): Promise<void> {
    const { owner, region } = this.#identity;
    const pin = this.#ownerKey;
    if (pin === undefined) return;
    try {
      this.#ownerKey = await followOwnerKey(this.#disk, this.directory, { pin, owner, region, sealed });
    } catch (error) {
      // What was refused is on record there.
      this.#ownerKey = await readOwnerKeyPin(this.#disk, this.directory);
      throw error;
    }
  }

  async #write(next: SessionState): Promise<void> {
    await writeRecord(this.#disk, this.#sessionPath, sessionKind, next);
    this.#session = next;
  }

  get #sessionPath(): string {
    return join(this.nodeDirectory, 'session');
  }

  get #candidatePath(): string {
    return join(this.nodeDirectory, 'candidate');
  }

  async #load(): Promise<void> {
    this.#session = (await readRecord(this.#disk, this.#sessionPath, sessionKind)) ?? this.#session;
    this.#wanted = this.#session;
    this.#ownerKey = await readOwnerKeyPin(this.#disk, this.directory);
    const candidate = await this.refreshCandidate();
    // The process ended between the commit and the removal.
    if (candidate && equalBytes(candidate.seed, this.#identity.seed)) await this.dropCandidate();
  }

  async #wipe(): Promise<void> {
    for (const path of this.keyFiles) await this.#disk.remove(path);
  }
}

/** Enrolling anew keeps the old identity beside the evidence of its node. */
export async function storeIdentity(disk: Disk, directory: string, identity: Identity): Promise<void> {
  const old = await readWhole(disk, identityPath(directory));
  const oldId = old && certOf(old).nodeId;
  if (old && oldId && !equalBytes(oldId, certOf(identity).nodeId))
    await writeRecord(disk, join(nodeDirectory(directory, oldId), 'identity'), identityKind, old);
  await writeRecord(disk, identityPath(directory), identityKind, identity);
}

/** A damaged identity is of no use to anybody, so replacing it loses nothing. */
async function readWhole(disk: Disk, path: string): Promise<Identity | undefined> {
  try {
    return await readRecord(disk, path, identityKind);
  } catch (error) {
    if (error instanceof RecordDamagedError) return undefined;
    throw error;
  }
}

export function identityPath(directory: string): string {
  return join(directory, 'identity');
}

/** @param directory of the node. */
export function formerPath(directory: string): string {
  return join(directory, 'former-keys');
}

function revokedPath(directory: string): string {
  return join(directory, 'revoked');
}

export function nodeDirectory(directory: string, nodeId: Uint8Array): string {
  return join(directory, toHex(nodeId).slice(0, 16));
}

function revokedError({ nodeId }: Revocation): NodeRevokedError {
  return new NodeRevokedError(toHex(nodeId));
}

function firstSession(nodeId: Uint8Array): SessionState {
  return {
    ratchet: initialRatchet(nodeId, nodeCrypto),
    epoch: 0,
    versionFloor: 0,
    timeFloor: 0,
    minInstanceSerial: 0,
    cookie: new Uint8Array(),
  };
}
