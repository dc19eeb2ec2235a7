import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import {
  decodeExact,
  fixed,
  list,
  MAX_UPLOAD_PARTS,
  record,
  seal,
  text,
  toHex,
  UPLOAD_PATH,
  type UploadPlan,
  u64,
  uploadAskKind,
  uploadPlan,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { sleep } from '#clock.ts';
import { describeError } from '#error.ts';
import { type HttpResponse, textOf } from '#http.ts';
import { ifWhole, type RecordKind, readRecord, writeRecord } from '#record-line.ts';
import type { RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import { backupDirectory } from '#work/kinds/archive-file.ts';
import type { KindDeps } from '#work/kinds/deps.ts';

export interface BackupArchive {
  readonly path: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
  readonly snapshot: string;
  /** The owner's key, hex. */
  readonly sealedTo: string;
}

/** An archive that is finished and not yet sent whole: the next attempt of its job goes on with it. */
export interface Unsent extends BackupArchive {
  readonly jobId: Uint8Array;
  /** The storage's own name for the upload; empty before there is one. */
  readonly upload: string;
  /** Of each part but the last of that upload: where a part begins that is still to be sent. */
  readonly partBytes: number;
  /** What the storage answered for each part that it has, from the first. */
  readonly parts: string[];
}

const unsentKind: RecordKind<Unsent> = {
  name: 'stoa-unsent-2',
  codec: record({
    jobId: fixed(16),
    path: text(1_024),
    bytes: u64,
    sha256: text(64),
    snapshot: text(20),
    sealedTo: text(64),
    upload: text(1_024),
    partBytes: u64,
    parts: list(text(128), MAX_UPLOAD_PARTS),
  }),
};

const ASK_MS = 60_000;
const PART_MS = 3_600_000;
const WHOLE_MS = 6 * 3_600_000;
/** Of an upload. */
const NOT_BEGUN = { upload: '', partBytes: 0, parts: [] };
const TRIES = 5;
const PAUSE_MS = 5_000;

function unsentPath({ config }: Pick<KindDeps, 'config'>): string {
  return join(backupDirectory(config), 'unsent');
}

/** Of an earlier attempt at this job; one of another job is forgotten, its archive stays on the disk. */
export async function findUnsent(
  deps: Pick<KindDeps, 'disk' | 'config'>,
  job: RunningJob,
): Promise<Unsent | undefined> {
  const found = await ifWhole(readRecord(deps.disk, unsentPath(deps), unsentKind));
  if (found === undefined) return undefined;
  const there = (await deps.disk.stat(found.path))?.bytes === found.bytes;
  if (there && toHex(found.jobId) === toHex(job.lease.jobId)) return found;
  await deps.disk.remove(unsentPath(deps));
  return undefined;
}

/** On the medium before the first byte is sent. */
export async function noteUnsent(
  deps: Pick<KindDeps, 'disk' | 'config'>,
  job: RunningJob,
  archive: BackupArchive,
): Promise<Unsent> {
  const unsent = { ...archive, jobId: job.lease.jobId, ...NOT_BEGUN };
  await writeRecord(deps.disk, unsentPath(deps), unsentKind, unsent);
  return unsent;
}

/**
 * To storage of the region in parts, by URLs that the hub signs a few at a time: what the storage has is not sent again, by
 * this attempt or the next. To any other URL whole, since that one takes a single request.
 * @throws JobError `upload_refused`, HttpError.
 */
export async function sendArchive(deps: KindDeps, job: RunningJob, unsent: Unsent): Promise<void> {
  const upload = new Upload(deps, job, unsent);
  for (let left = TRIES; ; left -= 1) {
    const before = upload.sent;
    try {
      if (await upload.advance()) break;
      left = TRIES + 1;
    } catch (error) {
      job.signal.throwIfAborted();
      // As long as it gets on, it is not over.
      if (upload.sent > before) left = TRIES;
      if (left <= 1 || (error instanceof JobError && error.code === 'upload_refused')) throw error;
      job.log(`${describeError(error).message}; trying again`);
      await sleep(deps.clock, PAUSE_MS, job.signal);
    }
  }
  await deps.disk.remove(unsentPath(deps));
}

class Upload {
  readonly #deps: KindDeps;
  readonly #job: RunningJob;
  #unsent: Unsent;

  constructor(deps: KindDeps, job: RunningJob, unsent: Unsent) {
    this.#deps = deps;
    this.#job = job;
    this.#unsent = unsent;
  }

  get sent(): number {
    return this.#unsent.parts.length;
  }

  /** As far as one answer of the hub goes. @returns whether the storage has it all. */
  async advance(): Promise<boolean> {
    const plan = await this.#ask();
    if (plan === undefined) return this.#sendWhole();
    if (plan.whole) return true;
    const { upload, partBytes } = plan;
    if (upload !== this.#unsent.upload) await this.#note({ upload, partBytes, parts: [] });
    else if (partBytes !== this.#unsent.partBytes) {
      // Another hub, or a newer one: parts of two sizes make no archive.
      await this.#note(NOT_BEGUN);
      return false;
    } else if (this.sent > 0) this.#job.log(`going on with the upload at part ${this.sent + 1}`);
    for (const url of plan.parts) await this.#sendPart(url, plan);
    if (this.sent < Math.ceil(this.#unsent.bytes / plan.partBytes)) return false;
    await this.#complete(plan);
    return true;
  }

  /**
   * Undefined where the hub has nothing to do with that storage, or does not know of parts. What it has begun is not for it
   * to forget: then it does not know of this attempt just now, and is asked again.
   */
  async #ask(): Promise<UploadPlan | undefined> {
    const { http, hub, nodeSeed } = this.#deps;
    const { jobId, nodeId, attempt } = this.#job.lease;
    const { bytes, upload } = this.#unsent;
    const ask = {
      nodeId,
      jobId,
      attempt,
      bytes,
      upload,
      from: this.sent + 1,
    };
    const { status, body } = await http.request({
      method: 'POST',
      url: `${await hub()}${UPLOAD_PATH}`,
      body: seal(uploadAskKind, ask, nodeCrypto.signingKey(await nodeSeed())),
      headers: { 'content-type': 'application/octet-stream' },
      timeoutMs: ASK_MS,
      signal: this.#job.signal,
    });
    if (status === 404 && upload === '') return undefined;
    if (status !== 200) throw new JobError('upload_unplanned', `the hub answered ${status} to an upload`);
    return decodeExact(uploadPlan, body);
  }

  async #sendPart(url: string, { partBytes }: UploadPlan): Promise<void> {
    const { bytes, parts } = this.#unsent;
    const start = this.sent * partBytes;
    const end = Math.min(start + partBytes, bytes);
    this.#job.progress(Math.floor((99 * start) / bytes), `upload part ${this.sent + 1}`);
    const answer = await this.#put(url, { start, end, timeoutMs: PART_MS });
    const etag = answer.headers['etag'];
    // Its URL has ended, or the storage has forgotten the upload: the hub says how to go on.
    if (!isOk(answer) || etag === undefined)
      throw new JobError('upload_cut', `the storage answered ${answer.status} to part ${this.sent + 1}`);
    await this.#note({ parts: [...parts, etag] });
  }

  async #complete({ complete }: UploadPlan): Promise<void> {
    const parts = this.#unsent.parts.map(
      (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`,
    );
    const answer = await this.#deps.http.request({
      method: 'POST',
      url: complete,
      body: `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`,
      headers: { 'content-type': 'application/xml' },
      timeoutMs: PART_MS,
      signal: this.#job.signal,
    });
    // S3 may tell of a failure in the body of an answer that began well.
    if (!isOk(answer) || textOf(answer).includes('<Error>'))
      throw new JobError('upload_cut', `the storage answered ${answer.status} to the end of the upload`);
  }

  async #sendWhole(): Promise<true> {
    this.#job.progress(undefined, 'upload');
    const { bytes: end } = this.#unsent;
    const url = String(this.#job.params['to']);
    const answer = await this.#put(url, { start: 0, end, timeoutMs: WHOLE_MS });
    if (isOk(answer)) return true;
    throw new JobError(
      'upload_refused',
      `the storage answered ${answer.status}: the archive is kept on disk`,
    );
  }

  #put(
    url: string,
    { start, end, timeoutMs }: { start: number; end: number; timeoutMs: number },
  ): Promise<HttpResponse> {
    return this.#deps.http.request({
      method: 'PUT',
      url,
      headers: { 'content-length': String(end - start), 'content-type': 'application/octet-stream' },
      body: createReadStream(this.#unsent.path, { start, end: end - 1 }) as AsyncIterable<Uint8Array>,
      timeoutMs,
      signal: this.#job.signal,
    });
  }

  async #note(change: Partial<Pick<Unsent, 'upload' | 'partBytes' | 'parts'>>): Promise<void> {
    this.#unsent = { ...this.#unsent, ...change };
    await writeRecord(this.#deps.disk, unsentPath(this.#deps), unsentKind, this.#unsent);
  }
}

function isOk({ status }: Pick<HttpResponse, 'status'>): boolean {
  return status >= 200 && status < 300;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
