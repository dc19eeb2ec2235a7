import { bool, type Codec, type Decoded, fixed, list, record, text, u16, u32, u64 } from '../codec/codec.ts';
import { CONTEXT } from '../contexts.ts';
import type { SignedKind } from '../signed.ts';

/** Where a node asks its hub, by POST of a sealed `uploadAskKind`. */
export const UPLOAD_PATH = '/work/v1/uploads';
/** Of one answer. */
export const MAX_UPLOAD_URLS = 32;
/** S3 takes so many for one object. */
export const MAX_UPLOAD_PARTS = 10_000;

const askBody = record({
  nodeId: fixed(32),
  jobId: fixed(16),
  attempt: u16,
  /** Of the whole archive. */
  bytes: u64,
  /** The storage's own name for the upload that was begun; empty for a new one. */
  upload: text(1_024),
  /** Number of the first part that is still to be sent, from 1. */
  from: u32,
});
export type UploadAsk = Decoded<typeof askBody>;

/** Signed by the node key: a job that runs on this node wants to send its archive to the region's storage. */
export const uploadAskKind: SignedKind<UploadAsk> = {
  context: CONTEXT.uploadAsk,
  body: askBody,
  title: 'ask for an upload',
};

const presigned = text(2_048);

export interface UploadPlan {
  /** Another one than was asked for where that is no more: what was sent to it is lost. */
  upload: string;
  /** Of each part but the last. */
  partBytes: number;
  /** Presigned PUT of `from` and those after it; fewer than are left where there are many. */
  parts: string[];
  /** Presigned POST that makes one object of all parts. */
  complete: string;
  /** The object is there, whole: nothing is to be sent. */
  whole: boolean;
}

/** What the hub answers; its URLs end, and are asked for anew. */
export const uploadPlan: Codec<UploadPlan> = record({
  upload: text(1_024),
  partBytes: u64,
  parts: list(presigned, MAX_UPLOAD_URLS),
  complete: presigned,
  whole: bool,
});
