import type { NodeAccess } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import { HttpError, notFound } from '../http-error.ts';
import type { Viewer } from '../viewer.ts';
import { type NodeBackup, objectOf } from './keepsakes.ts';
import type { ArchiveStorage } from './storage.ts';

/** The node, as far as the audit log names it. */
interface OwnedNode {
  readonly nodeId: string;
  readonly owner: string;
}

export type LinkUse = 'download' | 'seed-promote' | 'backup-restore';

/** Who may send a backup to the region's storage, and fetch one from there. Each URL is audited before it is given out. */
export class ArchiveDesk {
  readonly #storage: ArchiveStorage | undefined;
  readonly #access: NodeAccess;
  readonly #audit: Pick<AuditLog, 'append'>;

  /** @param by.storage of the region; undefined where it has none. */
  constructor(by: {
    storage: ArchiveStorage | undefined;
    access: NodeAccess;
    audit: Pick<AuditLog, 'append'>;
  }) {
    this.#storage = by.storage;
    this.#access = by.access;
    this.#audit = by.audit;
  }

  get hasStorage(): boolean {
    return this.#storage !== undefined;
  }

  may(viewer: Viewer, nodeId: string): Promise<boolean> {
    return this.#access.may(viewer, nodeId, 'operator');
  }

  /** Whether the hub can give a URL for it. */
  holds(nodeId: string, { place }: NodeBackup): boolean {
    return place.kind === 'storage' && this.#storage?.holds(nodeId, place.url) === true;
  }

  /** @returns the URL that the next backup goes to. @throws HttpError `not_found`, `no_storage`. */
  async place(viewer: Viewer, node: OwnedNode): Promise<string> {
    const storage = await this.#require(viewer, node);
    const url = await storage.place(node.nodeId);
    await this.#append(viewer, node, { act: 'backup.place', detail: { object: objectOf(url) } });
    return url;
  }

  /** @returns a URL that the backup can be fetched by. @throws HttpError `not_found`, `no_storage`. */
  async link(viewer: Viewer, node: OwnedNode, by: { backup: NodeBackup; use: LinkUse }): Promise<string> {
    const storage = await this.#require(viewer, node);
    const { place, sha256 } = by.backup;
    if (place.kind !== 'storage' || !storage.holds(node.nodeId, place.url)) throw noStorage();
    const detail = { object: place.url, sha256, use: by.use };
    await this.#append(viewer, node, { act: 'backup.link', detail });
    return storage.link(place.url);
  }

  async #require(viewer: Viewer, { nodeId }: OwnedNode): Promise<ArchiveStorage> {
    if (!(await this.may(viewer, nodeId))) throw notFound('This act');
    if (this.#storage === undefined) throw noStorage();
    return this.#storage;
  }

  async #append(
    viewer: Viewer,
    { nodeId, owner }: OwnedNode,
    by: { act: string; detail: Readonly<Record<string, unknown>> },
  ): Promise<void> {
    await this.#audit.append({ ...by, actor: viewer.email, subject: nodeId, ...(owner !== '' && { owner }) });
  }
}

function noStorage(): HttpError {
  return new HttpError(409, 'no_storage', 'This hub has no key of the storage that the backup is in.', {
    fix: 'Make a presigned URL where that key is, or have an admin set ARCHIVES_URL and ARCHIVES_KEY_FILE.',
  });
}
