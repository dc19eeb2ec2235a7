import { sleep, withDeadline } from '#clock.ts';
import { describeError } from '#error.ts';
import type { RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import type { KindDeps } from '#work/kinds/deps.ts';

const OPEN_MS = 60_000;
/** A source that is silent for so long is as good as cut. */
const IDLE_MS = 90_000;
const TRIES = 8;
const PAUSE_MS = 5_000;

/**
 * The bytes of a URL, gone on with where the connection was cut (Range), with progress in the job. What they are is for
 * whoever knows their hash to say.
 * @throws JobError `download_failed`.
 */
export async function* download(
  { http, clock }: Pick<KindDeps, 'http' | 'clock'>,
  job: RunningJob,
  url: string,
): AsyncGenerator<Uint8Array> {
  const track: Track = { got: 0, size: undefined };
  for (let left = TRIES; !isWhole(track); left -= 1) {
    const before = track.got;
    try {
      yield* attempt({ http, clock }, job, { url, track });
    } catch (error) {
      job.signal.throwIfAborted();
      // As long as it gets on, it is not over.
      if (track.got > before) left = TRIES;
      if (left <= 1 || error instanceof JobError) throw asFailed(error);
      job.log(`${describeError(error).message}; going on at byte ${track.got}`);
      await sleep(clock, PAUSE_MS, job.signal);
    }
  }
}

interface Track {
  got: number;
  /** Known from the first answer; a source that doesn't tell it is whole when it ends. */
  size: number | undefined;
}

function isWhole({ got, size }: Track): boolean {
  return size !== undefined && got >= size;
}

function asFailed(error: unknown): JobError {
  return error instanceof JobError
    ? error
    : new JobError('download_failed', describeError(error).message, error);
}

async function* attempt(
  { http, clock }: Pick<KindDeps, 'http' | 'clock'>,
  job: RunningJob,
  { url, track }: { url: string; track: Track },
): AsyncGenerator<Uint8Array> {
  const headers = track.got > 0 ? { range: `bytes=${track.got}-` } : {};
  const stream = await http.stream({ url, headers, timeoutMs: OPEN_MS, signal: job.signal });
  try {
    if (stream.status !== (track.got > 0 ? 206 : 200))
      throw new JobError(
        'download_failed',
        `the source answered ${stream.status}${track.got > 0 ? ' to a range' : ''}`,
      );
    const length = Number(stream.headers['content-length'] ?? Number.NaN);
    if (Number.isFinite(length)) track.size ??= track.got + length;
    const chunks = stream.chunks[Symbol.asyncIterator]();
    for (;;) {
      const { value: chunk, done } = await withDeadline(clock, { ms: IDLE_MS, what: 'the source' }, () =>
        chunks.next(),
      );
      if (done) break;
      track.got += chunk.length;
      job.progress(
        track.size === undefined ? undefined : Math.floor((99 * track.got) / track.size),
        'downloading',
      );
      yield chunk;
    }
    track.size ??= track.got;
  } finally {
    stream.close();
  }
}
