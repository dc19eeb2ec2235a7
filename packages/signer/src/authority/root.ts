import { join } from 'node:path';
import {
  fromHex,
  type Random,
  type RegionRole,
  regionCertKind,
  revokeKind,
  seal,
  toHex,
} from '@stoa/protocol';
import { REGION_ROLES, type RegionCertificates, type RegionPublicKeys } from '#authority/certificates.ts';
import type { RegionPlace, RegionRequest } from '#authority/region.ts';
import { SignerError } from '#error.ts';
import type { JournalFiles } from '#journal/hash-chain.ts';
import { Journal } from '#journal/journal.ts';
import { createKeyFile, openKeyFile, readKeyFile, type UnlockedKey } from '#keys/key-file.ts';
import type { Unlock } from '#keys/unlock.ts';

const DAY_MS = 24 * 3_600_000;
const MAX_DAYS = 3_660;

/** What the root has signed: its own record of which keys it vouches for. */
export type RootAct =
  | { readonly kind: 'root-made'; readonly publicKey: string }
  | {
      readonly kind: 'region-certified';
      readonly region: string;
      readonly serial: number;
      readonly notAfter: number;
      readonly keys: Readonly<Record<RegionRole, string>>;
    }
  | { readonly kind: 'nodes-revoked'; readonly serial: number; readonly nodeIds: readonly string[] };

export type RootEntry = RootAct & { readonly at: number };

export const ROOT_FILES = {
  key: (dir: string): string => join(dir, 'root.key'),
  journal: (dir: string): string => join(dir, 'journal'),
} as const;

/** @throws SignerError `key_exists` without `force`; with it the old key stays beside the new one. */
export async function createRoot(
  { dir, disk }: RegionPlace,
  by: { unlock: Unlock; random: Random; now: number; force?: boolean },
): Promise<Root> {
  const place = { path: ROOT_FILES.key(dir), purpose: 'root', unlock: by.unlock, disk } as const;
  const key = await createKeyFile(place, by);
  const made = { kind: 'root-made', at: by.now, publicKey: toHex(key.publicKey) } as const;
  const files = rootJournal({ dir, disk });
  if (!(await Journal.isBegun(files)))
    return new Root(key, { journal: await Journal.create(files, made), entries: [made] });
  const root = await openWith(key, files);
  await root.record(made);
  return root;
}

/** @throws SignerError as `openKeyFile` and `Journal.open` do. */
export async function openRoot({ dir, disk }: RegionPlace, unlock: Unlock): Promise<Root> {
  const key = await openKeyFile({ path: ROOT_FILES.key(dir), purpose: 'root', unlock, disk });
  return openWith(key, rootJournal({ dir, disk }));
}

/** Without unlocking. @throws SignerError as `readKeyFile` does. */
export async function readRootKey({ dir, disk }: RegionPlace): Promise<Uint8Array> {
  return fromHex((await readKeyFile(ROOT_FILES.key(dir), disk)).publicKey);
}

export function rootJournal({ dir, disk }: RegionPlace): JournalFiles {
  return { path: ROOT_FILES.journal(dir), disk };
}

async function openWith(key: UnlockedKey, files: JournalFiles): Promise<Root> {
  const entries: RootEntry[] = [];
  // Their shape is vouched for by the chain of hashes.
  const journal = await Journal.open(files, (entry) => entries.push(entry as RootEntry));
  return new Root(key, { journal, entries });
}

/** The offline root: it signs region certificates and revocations, and keeps a record of both. */
export class Root {
  readonly #key: UnlockedKey;
  readonly #journal: Journal;
  readonly #entries: RootEntry[];

  constructor(key: UnlockedKey, book: { journal: Journal; entries: readonly RootEntry[] }) {
    this.#key = key;
    this.#journal = book.journal;
    this.#entries = [...book.entries];
  }

  get publicKey(): Uint8Array {
    return this.#key.publicKey;
  }

  /**
   * Certifies a region's three keys.
   * @throws SignerError `bad_certificate` where the region is known with other keys and `replaceKeys` is not given.
   */
  async certify(
    { region, keys }: RegionRequest,
    by: { now: number; days: number; replaceKeys?: boolean },
  ): Promise<RegionCertificates> {
    requireDays(by.days);
    const hex = hexKeys(keys);
    const before = this.certified(region);
    if (
      before !== undefined &&
      by.replaceKeys !== true &&
      JSON.stringify(before.keys) !== JSON.stringify(hex)
    )
      throw new SignerError(
        'bad_certificate',
        `region '${region}' was certified with other keys: if they are lost or stolen, pass --replace-keys; nodes then follow the new ones`,
      );
    const notAfter = by.now + by.days * DAY_MS;
    const serial = this.#nextSerial(by.now);
    await this.record({ kind: 'region-certified', at: by.now, region, serial, notAfter, keys: hex });
    const sign = (role: RegionRole): Uint8Array =>
      seal(regionCertKind, { serial, region, role, publicKey: keys[role], notAfter }, this.#key);
    const sealed = { instances: sign('instances'), enrol: sign('enrol'), authority: sign('authority') };
    return { region, root: this.publicKey, sealed };
  }

  /** Certifies again the keys that it knows. @throws SignerError `bad_certificate` for an unknown region. */
  renew(region: string, by: { now: number; days: number }): Promise<RegionCertificates> {
    const before = this.certified(region);
    if (before === undefined)
      throw new SignerError(
        'bad_certificate',
        `this root has not certified a region '${region}' yet: use 'signer region issue'`,
      );
    const { instances, enrol, authority } = before.keys;
    const keys = { instances: fromHex(instances), enrol: fromHex(enrol), authority: fromHex(authority) };
    return this.certify({ region, keys }, by);
  }

  /** A Revoke: the nodes wipe their identity. Rare, and not to be taken back. */
  async revoke(nodeIds: readonly Uint8Array[], now: number): Promise<Uint8Array> {
    const serial = this.#nextSerial(now);
    await this.record({ kind: 'nodes-revoked', at: now, serial, nodeIds: nodeIds.map(toHex) });
    return seal(revokeKind, { serial, at: now, nodeIds: [...nodeIds] }, this.#key);
  }

  /** The newest certification of a region. */
  certified(region: string): (RootEntry & { kind: 'region-certified' }) | undefined {
    return this.#entries.findLast((entry) => entry.kind === 'region-certified' && entry.region === region) as
      | (RootEntry & { kind: 'region-certified' })
      | undefined;
  }

  async record(entry: RootEntry): Promise<void> {
    await this.#journal.append(entry);
    this.#entries.push(entry);
  }

  /** At least the time in seconds, so a root that lost its record still goes on above what it signed. */
  #nextSerial(now: number): number {
    const used = this.#entries.map((entry) => (entry.kind === 'root-made' ? 0 : entry.serial));
    return Math.max(Math.floor(now / 1000), ...used.map((serial) => serial + 1));
  }
}

function hexKeys(keys: RegionPublicKeys): Record<RegionRole, string> {
  return Object.fromEntries(REGION_ROLES.map((role) => [role, toHex(keys[role])])) as Record<
    RegionRole,
    string
  >;
}

function requireDays(days: number): void {
  if (!(Number.isInteger(days) && days >= 1 && days <= MAX_DAYS))
    throw new SignerError(
      'bad_argument',
      `a region certificate cannot live for ${days} days (expected 1 to ${MAX_DAYS})`,
    );
}
