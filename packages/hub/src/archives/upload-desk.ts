import {
  encode,
  MAX_UPLOAD_PARTS,
  MAX_UPLOAD_URLS,
  open,
  ProtocolError,
  peek,
  type Signatures,
  toHex,
  UPLOAD_PATH,
  type UploadAsk,
  type UploadPlan,
  uploadAskKind,
  uploadPlan,
} from '@stoa/protocol';
import type { AuditLog } from '#audit/index.ts';
import type { Clock } from '../clock.ts';
import type { HttpFeature } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import { objectOf } from './keepsakes.ts';
import type { MultipartStorage } from './multipart.ts';
import type { UploadStore } from './upload-store.ts';

export interface UploadDeskDeps {
  /** Of the region; undefined where it has none. */
  readonly storage: MultipartStorage | undefined;
  readonly store: Pick<UploadStore, 'find'>;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly crypto: Signatures;
  /** Of each part but the last; more where an archive would have too many. 64 MiB unless said. */
  readonly partBytes?: number;
}

const MIB = 2 ** 20;
const PART_BYTES = 64 * MIB;
/** By one attempt: answers get lost, and the storage may forget. What nobody ends costs whoever runs the storage. */
const MOST_BEGUN = 8;
/** Attempts that are remembered, the last to begin an upload. */
const MOST_ATTEMPTS = 10_000;

interface VerifiedAsk {
  readonly ask: UploadAsk;
  readonly nodeId: string;
  readonly jobId: string;
  readonly owner: string;
  /** Its address, without a query. */
  readonly object: string;
  readonly storage: MultipartStorage;
}

/**
 * Lets a node send its backup to the region's storage part by part. What was begun is known by the storage,
 * what was sent by the node, so any instance answers, and URLs that have ended are asked for anew.
 */
export class UploadDesk {
  readonly #deps: UploadDeskDeps;
  /** How often, by attempt. */
  readonly #begun = new Map<string, number>();

  constructor(deps: UploadDeskDeps) {
    this.#deps = deps;
  }

  /**
   * @param sealed `uploadAskKind`.
   * @throws {HttpError} `not_found` unless the node that asks runs such a job, whose backup goes to its
   *   place in this storage; `too_many_uploads`.
   * @throws StorageError
   */
  async plan(sealed: Uint8Array): Promise<UploadPlan> {
    const verified = await this.#verified(sealed);
    const { ask, object, storage } = verified;
    const { bytes } = ask;
    const known = ask.upload !== '' && (await storage.knows(object, ask.upload));
    // Completed, and the answer was lost: then the storage has forgotten the upload, and has the object.
    if (!known && ask.upload !== '' && (await storage.isWhole(object, bytes))) return WHOLE;
    const upload = known ? ask.upload : await this.#begin(verified);
    const partBytes = partBytesOf(bytes, this.#deps.partBytes ?? PART_BYTES);
    const from = known ? ask.from : 1;
    const left = Math.max(0, Math.ceil(bytes / partBytes) - from + 1);
    const numbers = Array.from({ length: Math.min(left, MAX_UPLOAD_URLS) }, (_, index) => from + index);
    return {
      upload,
      partBytes,
      parts: await Promise.all(numbers.map((number) => storage.partUrl(object, upload, number))),
      complete: await storage.completeUrl(object, upload),
      whole: false,
    };
  }

  /** Audited before, as each way to the storage is: what is given out later is for parts of it alone. */
  async #begin({ ask, nodeId, jobId, owner, object, storage }: VerifiedAsk): Promise<string> {
    const attempt = `${jobId} ${ask.attempt}`;
    const count = this.#begun.get(attempt) ?? 0;
    if (count >= MOST_BEGUN)
      throw new HttpError(429, 'too_many_uploads', `This attempt has begun ${count} uploads already.`, {
        fix: 'Run the backup once more.',
      });
    this.#begun.delete(attempt);
    this.#begun.set(attempt, count + 1);
    const [oldest] = this.#begun.size > MOST_ATTEMPTS ? this.#begun.keys() : [];
    if (oldest !== undefined) this.#begun.delete(oldest);
    const detail = { object, job: jobId, attempt: ask.attempt };
    await this.#deps.audit.append({
      ...{ actor: 'hub', act: 'backup.upload', subject: nodeId, detail },
      ...(owner !== '' && { owner }),
    });
    return storage.begin(object);
  }

  async #verified(sealed: Uint8Array): Promise<VerifiedAsk> {
    const { storage, store, clock, crypto } = this.#deps;
    const claimed = readable(() => peek(uploadAskKind, sealed));
    if (storage === undefined || claimed === undefined) throw notFound('This upload');
    const named = { ...claimed, nodeId: toHex(claimed.nodeId), jobId: toHex(claimed.jobId) };
    const backup = await store.find(named, clock.now());
    const object = backup && objectOf(backup.to);
    const asks = backup?.keys.map((key) => readable(() => open(uploadAskKind, sealed, crypto, key))) ?? [];
    const ask = asks.find((opened) => opened !== undefined);
    if (backup === undefined || object === undefined || ask === undefined) throw notFound('This upload');
    if (!storage.holds(named.nodeId, object)) throw notFound('This upload');
    return { ask, object, storage, nodeId: named.nodeId, jobId: backup.jobId, owner: backup.owner };
  }
}

/** What nodes ask of the region's storage. */
export function uploadRoutes(deps: UploadDeskDeps): HttpFeature {
  const desk = new UploadDesk(deps);
  return {
    mount(app) {
      app.post(UPLOAD_PATH, async (c) => {
        const plan = await desk.plan(new Uint8Array(await c.req.arrayBuffer()));
        return c.body(new Uint8Array(encode(uploadPlan, plan)), 200, {
          'content-type': 'application/octet-stream',
          'cache-control': 'no-store',
        });
      });
    },
  };
}

const WHOLE: UploadPlan = { upload: '', partBytes: MIB, parts: [], complete: '', whole: true };

/** The same for the same archive, however often it is asked. */
function partBytesOf(bytes: number, usual: number): number {
  return Math.max(usual, Math.ceil(bytes / MAX_UPLOAD_PARTS / MIB) * MIB);
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}
