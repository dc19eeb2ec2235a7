import { equalBytes, toHex } from '@stoa/protocol';
import {
  openCertificates,
  parseCertificates,
  REGION_ROLES,
  type RegionCertificates,
} from '#authority/certificates.ts';
import {
  journalFiles,
  REGION_FILES,
  type RegionPlace,
  readConfig,
  readPublicKeys,
} from '#authority/region.ts';
import { ROOT_FILES, readRootKey, rootJournal } from '#authority/root.ts';
import { readText } from '#disk.ts';
import { SignerError } from '#error.ts';
import { type JournalFiles, type ReadJournal, readJournal, type Visit } from '#journal/hash-chain.ts';
import { DAY_MS, RegionState, requireRegion } from '#journal/region-state.ts';

/** A running signer writes while it is read: that many times a change underneath is waited out. */
const READ_ATTEMPTS = 10;

export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was found, or what is wrong and what to do. */
  readonly detail: string;
}

/** @throws SignerError `file_missing`, `journal_missing`, `journal_damaged`. */
export async function readRegionState(
  place: RegionPlace,
): Promise<{ state: RegionState; read: ReadJournal }> {
  const { region } = await readConfig(place);
  const { found: state, read } = await readQuietly(journalFiles(place), () => {
    const found = new RegionState();
    return { found, visit: (entry) => found.replay(entry) };
  });
  requireRegion(state, region);
  return { state, read };
}

/** All that can be checked without opening a key: modes, forms, chains of hashes, chains of certificates. */
export async function verifyRegion(place: RegionPlace, now: number): Promise<Check[]> {
  const { dir } = place;
  return [
    await check('config', async () => `region '${(await readConfig(place)).region}'`),
    await check('keys', async () => {
      await readPublicKeys(place);
      return `${REGION_ROLES.join(', ')}: sealed, mode 0600`;
    }),
    await check('certificates', async () => {
      const opened = openCertificates(await readCertificates(place), {
        region: (await readConfig(place)).region,
        keys: await readPublicKeys(place),
      });
      const notAfter = Math.min(...Object.values(opened).map((cert) => cert.notAfter));
      if (notAfter <= now)
        throw new SignerError(
          'bad_certificate',
          `they ended on ${new Date(notAfter).toISOString()}: run 'signer region renew' where the root key is`,
        );
      return `signed by the root, ${Math.floor((notAfter - now) / DAY_MS)} days left`;
    }),
    await check('journal', async () => {
      const { state, read } = await readRegionState(place);
      return `${read.head.entries} entries in one chain, the last of ${new Date(state.at).toISOString()}${read.tornBytes > 0 ? '; an unfinished line was never answered' : ''} (${REGION_FILES.journal(dir)})`;
    }),
  ];
}

/** The root's own directory, and whether a region's certificates are the ones it recorded. */
export async function verifyRoot(root: RegionPlace, region: RegionPlace | undefined): Promise<Check[]> {
  const checks = [
    await check('root key', async () => `${toHex(await readRootKey(root))}: sealed, mode 0600`),
    await check('root journal', async () => {
      const { read } = await readQuietly(rootJournal(root), () => ({
        found: undefined,
        visit: () => undefined,
      }));
      return `${read.head.entries} entries in one chain (${ROOT_FILES.journal(root.dir)})`;
    }),
  ];
  if (region === undefined) return checks;
  const matches = await check('root of the certificates', async () => {
    const certificates = await readCertificates(region);
    if (!equalBytes(certificates.root, await readRootKey(root)))
      throw new SignerError(
        'bad_certificate',
        `the certificates are of the root ${toHex(certificates.root)}`,
      );
    return 'this root';
  });
  return [...checks, matches];
}

async function readCertificates(place: RegionPlace): Promise<RegionCertificates> {
  const path = REGION_FILES.certificates(place.dir);
  const text = await readText(place.disk, path);
  if (text === undefined)
    throw new SignerError('file_missing', `${path} does not exist: run 'signer region install'`);
  return parseCertificates(text);
}

async function check(name: string, examine: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, detail: await examine() };
  } catch (error) {
    if (error instanceof SignerError) return { name, ok: false, detail: error.message };
    throw error;
  }
}

/**
 * Two files are read one after the other: a finding stands once nothing moved between two looks.
 * @param begin what is gathered, begun anew for each look
 */
async function readQuietly<T>(
  files: JournalFiles,
  begin: () => { found: T; visit: Visit },
): Promise<{ found: T; read: ReadJournal }> {
  for (let attempt = 1; ; attempt += 1) {
    const before = await files.disk.stat(files.path);
    const { found, visit } = begin();
    try {
      return { found, read: await readJournal(files, visit) };
    } catch (error) {
      const after = await files.disk.stat(files.path);
      if (attempt === READ_ATTEMPTS || before?.bytes === after?.bytes) throw error;
    }
  }
}
