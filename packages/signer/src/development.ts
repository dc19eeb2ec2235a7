import { join } from 'node:path';
import { type Random, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { formatCertificates, openCertificates, parseCertificates } from '#authority/certificates.ts';
import {
  createRegion,
  REGION_FILES,
  type RegionPlace,
  readConfig,
  readPublicKeys,
} from '#authority/region.ts';
import { createRoot, openRoot, ROOT_FILES, type Root, rootJournal } from '#authority/root.ts';
import type { CeremonyReport } from '#client/process.ts';
import { createDisk, type Disk, readText } from '#disk.ts';
import { SignerError } from '#error.ts';
import { Journal } from '#journal/journal.ts';
import { DAY_MS } from '#journal/region-state.ts';
import { createUnlockKeyFile, type Unlock, unlockWithKeyFile } from '#keys/unlock.ts';
import type { SignerPolicy } from '#policy.ts';
import { openSignerService, type SignerService } from '#service.ts';
import type { Clock } from '#steady-clock.ts';

const CERTIFICATE_DAYS = 365;
const RENEW_BEFORE_MS = 30 * DAY_MS;

export interface DevelopmentOptions {
  readonly dir: string;
  readonly region: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly disk?: Disk;
  readonly policy?: Partial<SignerPolicy>;
  /** Hub instances to be registered. */
  readonly instances?: readonly { instance: string; publicKey: Uint8Array }[];
}

/** Where a key is, and where it belongs in production. */
export interface KeyHome {
  readonly key: string;
  readonly path: string;
  readonly belongs: string;
}

export interface DevelopmentKeys {
  /** False where they were there before. */
  readonly created: boolean;
  readonly region: string;
  readonly root: Uint8Array;
  readonly rootFingerprint: Uint8Array;
  readonly unlock: Unlock;
  readonly places: readonly KeyHome[];
}

/** The file that opens a development directory; production has a passphrase instead. */
export function developmentUnlockPath(dir: string): string {
  return join(dir, 'unlock.key');
}

/**
 * The whole ceremony in one directory: root, region keys, certificates, registered instances. Every step is skipped
 * where its result exists, so a call that was cut off is finished by the next, and certificates renew by themselves.
 * While a signer serves the directory, nothing is changed.
 * @throws SignerError as `openSignerService` does; `bad_argument` where the directory is another region's.
 */
export async function createDevelopmentKeys(options: DevelopmentOptions): Promise<DevelopmentKeys> {
  const { dir, region, disk = createDisk() } = options;
  const place = { dir, disk };
  const rootPlace = { dir: join(dir, 'root'), disk };
  const created = (await disk.stat(REGION_FILES.certificates(dir))) === undefined;
  await ensureKeys({ place, rootPlace }, options);
  const unlock = await unlockWithKeyFile(developmentUnlockPath(dir), disk);
  const root = await openRoot(rootPlace, unlock);
  await ensureService({ place, unlock, root, options });
  return {
    created,
    region,
    root: root.publicKey,
    rootFingerprint: nodeCrypto.hash(root.publicKey),
    unlock,
    places: keyHomes(dir),
  };
}

/** Alone in the directory, or not at all: two ceremonies at once would each overwrite what opens the other's keys. */
async function ensureKeys(
  { place, rootPlace }: { place: RegionPlace; rootPlace: RegionPlace },
  options: DevelopmentOptions,
): Promise<void> {
  const { dir, disk } = place;
  const { random, clock } = options;
  const lock = await unlessServed(async () => disk.lock?.(dir));
  if (lock === 'served') return;
  try {
    const unlock = await ensureUnlock(developmentUnlockPath(dir), { disk, random });
    await ensureRoot(rootPlace, { unlock, random, now: clock.now() });
    await ensureRegion(place, { ...options, disk, unlock });
  } finally {
    await lock?.release();
  }
}

/** A signer that serves the directory was made whole before it started. */
async function unlessServed<T>(task: () => Promise<T>): Promise<T | 'served'> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof SignerError && error.code === 'directory_in_use') return 'served';
    throw error;
  }
}

async function ensureUnlock(path: string, by: { disk: Disk; random: Random }): Promise<Unlock> {
  const exists = (await by.disk.stat(path)) !== undefined;
  return exists ? unlockWithKeyFile(path, by.disk) : createUnlockKeyFile(path, by);
}

async function ensureRoot(
  place: RegionPlace,
  by: { unlock: Unlock; random: Random; now: number },
): Promise<void> {
  if (await Journal.isBegun(rootJournal(place))) return;
  // A root without its journal has signed nothing yet.
  await createRoot(place, { ...by, force: true });
}

async function ensureRegion(place: RegionPlace, by: DevelopmentOptions & { unlock: Unlock }): Promise<void> {
  if ((await place.disk.stat(REGION_FILES.config(place.dir))) === undefined) return createRegion(place, by);
  const { region } = await readConfig(place);
  if (region !== by.region)
    throw new SignerError(
      'bad_argument',
      `${place.dir} holds the keys of region '${region}', '${by.region}' was asked for: take another directory`,
    );
}

async function ensureService(by: {
  place: RegionPlace;
  unlock: Unlock;
  root: Root;
  options: DevelopmentOptions;
}): Promise<void> {
  const { clock, instances = [] } = by.options;
  const { dir, disk } = by.place;
  const service = await unlessServed(() =>
    openSignerService({ dir, disk, clock, unlock: by.unlock, acceptClockLeap: true }),
  );
  if (service === 'served') return;
  try {
    await ensureCertificates(service, by);
    for (const instance of instances) await service.registerInstance(instance);
  } finally {
    await service.close();
  }
}

async function ensureCertificates(
  service: SignerService,
  by: { place: RegionPlace; root: Root; options: DevelopmentOptions },
): Promise<void> {
  const { place, root, options } = by;
  const { region, clock } = options;
  const keys = await readPublicKeys(place);
  const text = await readText(place.disk, REGION_FILES.certificates(place.dir));
  if (text !== undefined) {
    const { instances } = openCertificates(parseCertificates(text), { region, keys });
    if (instances.notAfter - clock.now() > RENEW_BEFORE_MS) return;
  }
  const certificates = await root.certify({ region, keys }, { now: clock.now(), days: CERTIFICATE_DAYS });
  await service.call('install', { certificates: Buffer.from(formatCertificates(certificates)) });
}

function keyHomes(dir: string): KeyHome[] {
  return [
    {
      key: 'root',
      path: ROOT_FILES.key(join(dir, 'root')),
      belongs: 'on a stick in a safe, with a copy elsewhere: needed once a year, and after a theft',
    },
    {
      key: 'instances',
      path: REGION_FILES.key(dir, 'instances'),
      belongs: "on the signer's host, under its own account",
    },
    {
      key: 'enrol',
      path: REGION_FILES.key(dir, 'enrol'),
      belongs: "on the signer's host, under its own account",
    },
    {
      key: 'authority',
      path: REGION_FILES.key(dir, 'authority'),
      belongs: "on the signer's host, under its own account",
    },
    {
      key: 'unlock',
      path: developmentUnlockPath(dir),
      belongs: 'nowhere in production: a passphrase takes its place (it opens all the keys above)',
    },
  ];
}

export function reportCeremony({
  created,
  region,
  root,
  rootFingerprint,
  places,
}: DevelopmentKeys): CeremonyReport {
  return { created, region, root: toHex(root), rootFingerprint: toHex(rootFingerprint), places };
}
