import { join } from 'node:path';
import { fromHex, type Random, type RegionRole, toHex } from '@stoa/protocol';
import { REGION_ROLES, type RegionPublicKeys } from '#authority/certificates.ts';
import { type Disk, readText } from '#disk.ts';
import { SignerError } from '#error.ts';
import type { JournalFiles } from '#journal/hash-chain.ts';
import { Journal } from '#journal/journal.ts';
import { createKeyFile, openKeyFile, readKeyFile, type UnlockedKey } from '#keys/key-file.ts';
import type { Unlock } from '#keys/unlock.ts';
import { DEFAULT_POLICY, parsePolicy, type SignerPolicy } from '#policy.ts';
import type { Clock } from '#steady-clock.ts';

/** `signer.json`: what a person may edit. */
export interface RegionConfig {
  readonly region: string;
  readonly policy: SignerPolicy;
}

export const REGION_FILES = {
  config: (dir: string): string => join(dir, 'signer.json'),
  key: (dir: string, role: RegionRole): string => join(dir, 'keys', `${role}.key`),
  certificates: (dir: string): string => join(dir, 'certificates.json'),
  journal: (dir: string): string => join(dir, 'journal'),
  socket: (dir: string): string => join(dir, 'signer.sock'),
} as const;

export interface RegionPlace {
  readonly dir: string;
  readonly disk: Disk;
}

/**
 * Makes the three keys of a region, its journal and its `signer.json`. Interrupted, it goes on where it was.
 * @throws SignerError `key_exists` where the directory holds a whole region.
 */
export async function createRegion(
  { dir, disk }: RegionPlace,
  by: { region: string; unlock: Unlock; clock: Clock; random: Random; policy?: Partial<SignerPolicy> },
): Promise<void> {
  requireRegionName(by.region);
  const config = REGION_FILES.config(dir);
  if ((await disk.stat(config)) !== undefined)
    throw new SignerError('key_exists', `${dir} holds the keys of a region already: take another directory`);
  for (const purpose of REGION_ROLES) {
    const place = { path: REGION_FILES.key(dir, purpose), purpose, unlock: by.unlock, disk };
    if ((await disk.stat(place.path)) === undefined) await createKeyFile(place, by);
    else await openKeyFile(place);
  }
  const journal = journalFiles({ dir, disk });
  if (!(await Journal.isBegun(journal)))
    await Journal.create(journal, { kind: 'opened', at: by.clock.now(), region: by.region });
  const content = { version: 1, region: by.region, policy: parsePolicy(by.policy ?? {}) };
  await disk.writeAtomic(config, `${JSON.stringify(content, undefined, 2)}\n`);
}

/** @throws SignerError `bad_argument`. */
export function requireRegionName(region: string): void {
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(region))
    throw new SignerError(
      'bad_argument',
      `'${region}' is no region name (lower case letters, digits, '-'; 32 at most; for instance 'eu')`,
    );
}

/** @throws SignerError `file_missing`, `bad_argument`. */
export async function readConfig({ dir, disk }: RegionPlace): Promise<RegionConfig> {
  const path = REGION_FILES.config(dir);
  const text = await readText(disk, path);
  if (text === undefined)
    throw new SignerError(
      'file_missing',
      `${path} does not exist: make the region's keys with 'signer region init --dir ${dir} --region NAME'`,
    );
  const { version, region, policy } = parseObject(text, path);
  if (version !== 1 || typeof region !== 'string')
    throw new SignerError('bad_argument', `${path} must hold "version": 1 and a "region"`);
  requireRegionName(region);
  return {
    region,
    policy: parsePolicy(typeof policy === 'object' && policy !== null ? policy : DEFAULT_POLICY),
  };
}

/** @throws SignerError as `openKeyFile` does. */
export async function openRegionKeys(
  { dir, disk }: RegionPlace,
  unlock: Unlock,
): Promise<Record<RegionRole, UnlockedKey>> {
  const open = (purpose: RegionRole): Promise<UnlockedKey> =>
    openKeyFile({ path: REGION_FILES.key(dir, purpose), purpose, unlock, disk });
  const [instances, enrol, authority] = await Promise.all([
    open('instances'),
    open('enrol'),
    open('authority'),
  ]);
  return { instances, enrol, authority };
}

/** Without unlocking anything. @throws SignerError as `readKeyFile` does. */
export async function readPublicKeys({ dir, disk }: RegionPlace): Promise<RegionPublicKeys> {
  const read = async (role: RegionRole): Promise<Uint8Array> =>
    fromHex((await readKeyFile(REGION_FILES.key(dir, role), disk)).publicKey);
  return {
    instances: await read('instances'),
    enrol: await read('enrol'),
    authority: await read('authority'),
  };
}

export function journalFiles({ dir, disk }: RegionPlace): JournalFiles {
  return { path: REGION_FILES.journal(dir), disk };
}

/** What goes to the holder of the root key, on paper if need be: public throughout. */
export interface RegionRequest {
  readonly region: string;
  readonly keys: RegionPublicKeys;
}

export function formatRequest({ region, keys }: RegionRequest): string {
  const hex = Object.fromEntries(REGION_ROLES.map((role) => [role, toHex(keys[role])]));
  return `${JSON.stringify({ version: 1, region, keys: hex }, undefined, 2)}\n`;
}

/** @throws SignerError `bad_argument`. */
export function parseRequest(text: string): RegionRequest {
  const { version, region, keys } = parseObject(text, 'the request');
  const fields: Record<string, unknown> = typeof keys === 'object' && keys !== null ? { ...keys } : {};
  const keyOf = (role: RegionRole): Uint8Array => {
    const hex = fields[role];
    if (typeof hex === 'string' && /^[0-9a-f]{64}$/.test(hex)) return fromHex(hex);
    throw new SignerError('bad_argument', `the request brings no ${role} key of 64 hex digits`);
  };
  if (version !== 1 || typeof region !== 'string')
    throw new SignerError('bad_argument', 'the request must hold "version": 1 and a "region"');
  requireRegionName(region);
  return {
    region,
    keys: { instances: keyOf('instances'), enrol: keyOf('enrol'), authority: keyOf('authority') },
  };
}

function parseObject(text: string, what: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch (cause) {
    throw new SignerError('bad_argument', `${what} is not JSON`, { cause });
  }
  throw new SignerError('bad_argument', `${what} is no JSON object`);
}
