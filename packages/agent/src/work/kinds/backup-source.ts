import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '@stoa/protocol';
import { HEADER_PREFIX_BYTES, headerLength, openHeader, parseHeader } from '@stoa/protocol/archive';
import type { RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import { archiveName, backupDirectory } from '#work/kinds/archive-file.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { download } from '#work/kinds/download.ts';

export interface OpenedBackup {
  /** All of the archive, header and all. */
  readonly sealed: AsyncIterable<Uint8Array>;
  /** Hex. */
  readonly contentKey: string;
}

/** Reads as far as the header, which tells by the node's own key what opens the rest. @throws JobError, ProtocolError */
export async function openBackup(deps: KindDeps, job: RunningJob): Promise<OpenedBackup> {
  const chunks = (await sourceOf(deps, job))[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array();
  const need = async (count: number): Promise<void> => {
    while (head.length < count) {
      const { done, value } = await chunks.next();
      if (done) throw new JobError('bad_backup', 'the backup ends before its header does');
      head = Buffer.concat([head, value]);
    }
  };
  await need(HEADER_PREFIX_BYTES);
  const length = headerLength(head);
  await need(length);
  const contentKey = toHex(openHeader(parseHeader(head.subarray(0, length)), await deps.nodeSeed()));
  return { sealed: whole(head, chunks), contentKey };
}

async function sourceOf(deps: KindDeps, job: RunningJob): Promise<AsyncIterable<Uint8Array>> {
  const { from, sha256 } = job.params;
  if (from !== 'disk') return download(deps, job, String(from));
  const path = join(backupDirectory(deps.config), archiveName(String(sha256)));
  if ((await deps.disk.stat(path)) === undefined)
    throw new JobError('no_backup', `there is no ${path}: name the URL of the backup instead`);
  return createReadStream(path) as AsyncIterable<Uint8Array>;
}

async function* whole(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  yield* { [Symbol.asyncIterator]: () => rest };
}
