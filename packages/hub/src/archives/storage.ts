import { AwsV4Signer } from 'aws4fetch';
import type { Clock } from '../clock.ts';
import { HubError } from '../error.ts';
import { PrivateFile } from '../private-file.ts';

/** How long a URL is good for: a job may wait a day for its node, and an archive takes hours to make. */
export const URL_GOOD_MS = 72 * 3_600_000;
/** Of a job's parameter (`backup-stoachain`). */
const MOST_URL = 380;
/** Below the node's own prefix; to the second, as hubs named them before. */
const PLACE_NAME = /^\d{8}T\d{6}(\d{3})?$/;

export interface ArchiveStorage {
  /** Where a new backup of the node goes, by any PUT within `URL_GOOD_MS`. @throws HubError `archives_url_too_long`. */
  place(nodeId: string): Promise<string>;
  /**
   * Whether it is a place that this storage gives to backups of that node, exactly. What a job or a report names is
   * whatever an operator or a node likes: the hub's key signs for no other.
   */
  holds(nodeId: string, url: string): boolean;
  /** By which it is fetched, by ranges too. @param url without what signs it. */
  link(url: string, goodMs?: number): Promise<string>;
  /** @param url below this storage, with the query that belongs to the request. */
  sign(method: SignedMethod, url: string, goodMs: number): Promise<string>;
}

export type SignedMethod = 'GET' | 'HEAD' | 'POST' | 'PUT';

export interface ArchiveStorageConfig {
  readonly archivesUrl: URL | undefined;
  readonly archivesRegion: string;
  readonly archivesKeyFile: string | undefined;
}

/** @returns undefined where none is set. @throws HubError `bad_archives_url`, `bad_archives_key`, `archives_url_too_long`. */
export async function openArchiveStorage(
  config: ArchiveStorageConfig,
  clock: Pick<Clock, 'now'>,
): Promise<ArchiveStorage | undefined> {
  const { archivesUrl, archivesRegion: region, archivesKeyFile: file } = config;
  if (archivesUrl === undefined) return undefined;
  if (archivesUrl.protocol !== 'https:')
    throw new HubError(
      'bad_archives_url',
      `ARCHIVES_URL is ${archivesUrl.origin}: nodes send backups by https alone`,
      { retry: false },
    );
  const text = file && (await new PrivateFile(file).load());
  const [, accessKeyId, secretAccessKey] =
    /^([^:\s]{1,128}):(\S{1,256})\s*$/.exec(text ? Buffer.from(text).toString() : '') ?? [];
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new HubError(
      'bad_archives_key',
      `ARCHIVES_URL is set, and ARCHIVES_KEY_FILE '${file ?? ''}' holds no key: one line, ACCESS_KEY_ID:SECRET`,
      { retry: false },
    );
  const storage = new S3Storage({ base: archivesUrl, region, accessKeyId, secretAccessKey, clock });
  // What is too long for a job is told at the start, and not to whoever asks for a backup.
  await storage.place('0'.repeat(64));
  return storage;
}

/** Presigned URLs (AWS Signature Version 4) of one bucket: nodes and browsers talk to the storage itself, never through the hub. */
export class S3Storage implements ArchiveStorage {
  readonly #base: string;
  readonly #key: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly region: string };
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: {
    base: URL;
    region: string;
    accessKeyId: string;
    secretAccessKey: string;
    clock: Pick<Clock, 'now'>;
  }) {
    const { base, region, accessKeyId, secretAccessKey, clock } = by;
    this.#base = `${base.origin}${base.pathname.replace(/\/*$/, '')}/`;
    this.#key = { accessKeyId, secretAccessKey, region };
    this.#clock = clock;
  }

  async place(nodeId: string): Promise<string> {
    const at = new Date(this.#clock.now()).toISOString().replaceAll(/[-:.Z]/g, '');
    const url = await this.sign('PUT', `${this.#prefixOf(nodeId)}${at}`, URL_GOOD_MS);
    if (url.length > MOST_URL)
      throw new HubError(
        'archives_url_too_long',
        `a URL of the storage has ${url.length} characters, and a job takes ${MOST_URL}: shorten the prefix in ARCHIVES_URL`,
        { retry: false },
      );
    return url;
  }

  holds(nodeId: string, url: string): boolean {
    const prefix = this.#prefixOf(nodeId);
    return url.startsWith(prefix) && PLACE_NAME.test(url.slice(prefix.length));
  }

  link(url: string, goodMs: number = URL_GOOD_MS): Promise<string> {
    return this.sign('GET', url, goodMs);
  }

  async sign(method: SignedMethod, address: string, goodMs: number): Promise<string> {
    const url = new URL(address);
    url.searchParams.set('X-Amz-Expires', String(goodMs / 1_000));
    const datetime = new Date(this.#clock.now()).toISOString().replaceAll(/[-:]|\.\d+/g, '');
    const signer = new AwsV4Signer({
      ...this.#key,
      method,
      url: url.href,
      datetime,
      service: 's3',
      signQuery: true,
    });
    return (await signer.sign()).url.href;
  }

  #prefixOf(nodeId: string): string {
    return `${this.#base}${nodeId.slice(0, 16)}/`;
  }
}
