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
import type { Clock } from '../clock.ts';
import type { HttpFeature } from '../http.ts';
import { notFound } from '../http-error.ts';
import type { MultipartStorage } from './multipart.ts';
import type { UploadStore } from './upload-store.ts';

export interface UploadDeskDeps {
  /** Of the region; undefined where it has none. */
  readonly storage: MultipartStorage | undefined;
  readonly store: Pick<UploadStore, 'find'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly crypto: Signatures;
  /** Of each part but the last; more where an archive would have too many. 64 MiB unless said. */
  readonly partBytes?: number;
}

const MIB = 2 ** 20;
const PART_BYTES = 64 * MIB;

/**
 * Lets a node send its backup to the region's storage part by part. It keeps nothing: what was begun is known by the
 * storage, what was sent by the node, so any instance answers, and URLs that have ended are asked for anew.
 */
export class UploadDesk {
  readonly #deps: UploadDeskDeps;

  constructor(deps: UploadDeskDeps) {
    this.#deps = deps;
  }

  /**
   * @param sealed `uploadAskKind`.
   * @throws {HttpError} `not_found` unless the node that asks runs such a job, whose backup goes to this storage.
   * @throws StorageError
   */
  async plan(sealed: Uint8Array): Promise<UploadPlan> {
    const { ask, object, storage } = await this.#verified(sealed);
    const { bytes } = ask;
    const known = ask.upload !== '' && (await storage.knows(object, ask.upload));
    // Completed, and the answer was lost: then the storage has forgotten the upload, and has the object.
    if (!known && ask.upload !== '' && (await storage.isWhole(object))) return WHOLE;
    const upload = known ? ask.upload : await storage.begin(object);
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

  async #verified(
    sealed: Uint8Array,
  ): Promise<{ ask: UploadAsk; object: string; storage: MultipartStorage }> {
    const { storage, store, clock, crypto } = this.#deps;
    const claimed = readable(() => peek(uploadAskKind, sealed));
    if (storage === undefined || claimed === undefined) throw notFound('This upload');
    const named = { ...claimed, nodeId: toHex(claimed.nodeId), jobId: toHex(claimed.jobId) };
    const backup = await store.find(named, clock.now());
    const url = URL.parse(backup?.to ?? '');
    const object = url === null ? '' : `${url.origin}${url.pathname}`;
    const asks = backup?.keys.map((key) => readable(() => open(uploadAskKind, sealed, crypto, key))) ?? [];
    const ask = asks.find((opened) => opened !== undefined);
    if (ask === undefined || !storage.holds(object)) throw notFound('This upload');
    return { ask, object, storage };
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
