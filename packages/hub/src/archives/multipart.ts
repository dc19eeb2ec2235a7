import { HubError } from '../error.ts';
import type { ArchiveStorage } from './storage.ts';

/** fetch, as far as it is needed here. */
export type StorageFetch = (
  url: string,
  init: { method: string; signal: AbortSignal; redirect: 'error' },
) => Promise<Response>;

const ASK_MS = 30_000;
/** Of what the hub itself asks. */
const OWN_GOOD_MS = 60_000;
/** For a part on a slow line, and not for long: whoever has the URL may write that part. */
const PART_GOOD_MS = 6 * 3_600_000;

export class StorageError extends HubError<'storage_failed'> {
  override readonly name = 'StorageError';

  constructor(what: string, cause?: unknown) {
    super('storage_failed', `the storage of backups ${what}: see ARCHIVES_URL and its key`, {
      retry: true,
      cause,
    });
  }
}

/** Uploads in parts, as S3 has them. The hub sends no archive: it begins the upload, and signs URLs for who sends it. */
export class MultipartStorage {
  readonly #storage: Pick<ArchiveStorage, 'holds' | 'sign'>;
  readonly #fetch: StorageFetch;

  constructor(by: { storage: Pick<ArchiveStorage, 'holds' | 'sign'>; fetch: StorageFetch }) {
    this.#storage = by.storage;
    this.#fetch = by.fetch;
  }

  holds(nodeId: string, object: string): boolean {
    return this.#storage.holds(nodeId, object);
  }

  /** The storage's own name for a new upload of this object. @throws StorageError */
  async begin(object: string): Promise<string> {
    const answer = await this.#ask('POST', object, { uploads: '' });
    const [, upload] = /<UploadId>([^<]+)<\/UploadId>/.exec(await answer.text()) ?? [];
    if (!answer.ok || upload === undefined)
      throw new StorageError(`answered ${answer.status} to a new upload`);
    return upload.replaceAll('&amp;', '&');
  }

  /** Whether it takes parts of this upload still. @throws StorageError */
  async knows(object: string, upload: string): Promise<boolean> {
    return (await this.#find('GET', object, { uploadId: upload, 'max-parts': '1' })) !== undefined;
  }

  /** Whether the object is there, made of parts of so many bytes: an earlier archive there is not this one. @throws StorageError */
  async isWhole(object: string, bytes: number): Promise<boolean> {
    const answer = await this.#find('HEAD', object, {});
    return answer?.headers.get('content-length') === String(bytes);
  }

  partUrl(object: string, upload: string, part: number): Promise<string> {
    return this.#sign('PUT', object, { partNumber: String(part), uploadId: upload }, PART_GOOD_MS);
  }

  completeUrl(object: string, upload: string): Promise<string> {
    return this.#sign('POST', object, { uploadId: upload }, PART_GOOD_MS);
  }

  #sign(
    method: 'GET' | 'HEAD' | 'POST' | 'PUT',
    object: string,
    ...[query, goodMs]: [Readonly<Record<string, string>>, number]
  ): Promise<string> {
    return this.#storage.sign(method, `${object}?${new URLSearchParams(query)}`, goodMs);
  }

  async #find(
    method: 'GET' | 'HEAD',
    object: string,
    query: Record<string, string>,
  ): Promise<Response | undefined> {
    const answer = await this.#ask(method, object, query);
    await answer.body?.cancel();
    // Whom it lets list nothing, Amazon refuses to say that there is no such object.
    const absent = answer.status === 404 || (method === 'HEAD' && answer.status === 403);
    if (!answer.ok && !absent)
      throw new StorageError(`answered ${answer.status} when it was asked for an upload`);
    return answer.ok ? answer : undefined;
  }

  async #ask(
    method: 'GET' | 'HEAD' | 'POST',
    object: string,
    query: Readonly<Record<string, string>>,
  ): Promise<Response> {
    const url = await this.#sign(method, object, query, OWN_GOOD_MS);
    try {
      return await this.#fetch(url, { method, signal: AbortSignal.timeout(ASK_MS), redirect: 'error' });
    } catch (cause) {
      throw new StorageError('can not be reached', cause);
    }
  }
}
