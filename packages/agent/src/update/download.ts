import { createHash } from 'node:crypto';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { type Clock, DeadlineError, sleep, withDeadline } from '#clock.ts';
import { describeError } from '#error.ts';
import type { Http, HttpStream } from '#http.ts';
import { UpdateError } from '#update/error.ts';
import { writeWhole } from '#update/whole-file.ts';

const OPEN_MS = 30_000;
/** A source that is silent for so long is as good as cut. */
const IDLE_MS = 30_000;
/**
 * Whoever brings less than this in a window is as good as silent, pauses and new attempts included: one byte a second would
 * take a year, and one byte an attempt as well.
 */
const WINDOW_MS = 60_000;
const WINDOW_BYTES = 16 * 1024;
/** However it gets on, one source has so long: another may do better, and goes on where it ended. */
const LONGEST_MS = 30 * 60_000;
/** Attempts in a row that brought nothing. */
const TRIES = 3;
const PAUSE_MS = 2_000;

export interface Source {
  readonly http: Http;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told what was moved, for the bench and the log. */
  readonly received?: (bytes: number) => void;
}

/**
 * Appends what is missing of `url` to the file `part`, going on where an earlier attempt was cut (Range). What the bytes are
 * is for whoever knows their hash.
 * @returns false where there is no such file. @throws UpdateError, DiskError; `http_aborted` where the signal aborts.
 */
export async function fetchInto(
  source: Source,
  url: string,
  to: { part: string; maxBytes: number },
): Promise<boolean> {
  const pace = new Pace(source.clock, url);
  let got = await sizeOf(to.part);
  for (let tries = 1; ; tries += 1) {
    try {
      return await attempt(source, url, { ...to, pace });
    } catch (error) {
      source.signal.throwIfAborted();
      // Who is slow stays slow, and who sends too much goes on with it.
      const final = error instanceof UpdateError && error.code !== 'download_failed';
      const now = await sizeOf(to.part);
      // As long as it gets on, it is not over.
      if (now > got) tries = 0;
      got = now;
      if (final || tries >= TRIES) throw failed(url, error);
      await sleep(source.clock, PAUSE_MS, source.signal);
      pace.require();
    }
  }
}

function failed(url: string, error: unknown): unknown {
  const { code, message } = describeError(error);
  if (error instanceof UpdateError || code.startsWith('disk_')) return error;
  return new UpdateError('download_failed', `${url}: ${message}`, error);
}

async function attempt(
  { http, clock, signal, received }: Source,
  url: string,
  { part, maxBytes, pace }: { part: string; maxBytes: number; pace: Pace },
): Promise<boolean> {
  const from = await sizeOf(part);
  const headers = from > 0 ? { range: `bytes=${from}-` } : {};
  const stream = await http.stream({ url, headers, timeoutMs: OPEN_MS, signal });
  try {
    if (stream.status === 404 || stream.status === 403) return false;
    // The whole of it is here already.
    if (from > 0 && stream.status === 416) return true;
    const resumed = from > 0 && stream.status === 206 && startsAt(stream, from);
    if (stream.status !== 200 && !resumed)
      throw new UpdateError('download_failed', `${url} answered ${stream.status}`);
    const start = resumed ? from : 0;
    const file = await open(part, resumed ? 'r+' : 'w', 0o600);
    try {
      let at = start;
      for await (const chunk of paced(stream, { clock, url, pace })) {
        received?.(chunk.length);
        if (at + chunk.length > maxBytes)
          throw new UpdateError(
            'download_too_large',
            `${url} sends more than the ${maxBytes} bytes it may have`,
          );
        await writeWhole(file, chunk, at);
        at += chunk.length;
      }
      await requireAll(file, { stream, at, start, url });
    } finally {
      await file.close();
    }
    return true;
  } finally {
    stream.close();
  }
}

/** A connection that ends early looks like an end. */
async function requireAll(
  file: FileHandle,
  { stream, at, start, url }: { stream: HttpStream; at: number; start: number; url: string },
): Promise<void> {
  const length = Number(stream.headers['content-length'] ?? Number.NaN);
  if (Number.isFinite(length) && at - start !== length)
    throw new UpdateError('download_failed', `${url} ended after ${at - start} of ${length} bytes`);
  if (at === 0) throw new UpdateError('download_failed', `${url} is empty`);
  await file.sync();
}

/** The chunks, as long as they come fast enough. @throws UpdateError `download_slow`. */
async function* paced(
  { chunks }: HttpStream,
  { clock, url, pace }: { clock: Clock; url: string; pace: Pace },
): AsyncGenerator<Uint8Array> {
  const reader = chunks[Symbol.asyncIterator]();
  for (;;) {
    const { value, done } = await nextOf(reader, { clock, url });
    if (done) return;
    pace.brought(value.length);
    pace.require();
    yield value;
  }
}

/** What one source brings, over all attempts at it. */
class Pace {
  readonly #clock: Clock;
  readonly #url: string;
  readonly #began: number;
  #since: number;
  #bytes = 0;

  constructor(clock: Clock, url: string) {
    this.#clock = clock;
    this.#url = url;
    this.#began = clock.monotonic();
    this.#since = this.#began;
  }

  brought(bytes: number): void {
    this.#bytes += bytes;
  }

  /** @throws UpdateError `download_slow`. */
  require(): void {
    const now = this.#clock.monotonic();
    if (now - this.#began >= LONGEST_MS)
      throw new UpdateError(
        'download_slow',
        `${this.#url} was not through after ${LONGEST_MS / 60_000} minutes`,
      );
    if (now - this.#since < WINDOW_MS) return;
    if (this.#bytes < WINDOW_BYTES)
      throw new UpdateError('download_slow', `${this.#url} brought ${this.#bytes} bytes in a minute`);
    this.#since = now;
    this.#bytes = 0;
  }
}

async function nextOf(
  reader: AsyncIterator<Uint8Array>,
  { clock, url }: { clock: Clock; url: string },
): Promise<IteratorResult<Uint8Array>> {
  try {
    return await withDeadline(clock, { ms: IDLE_MS, what: url }, () => reader.next());
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    throw new UpdateError('download_slow', `${url} was silent for ${IDLE_MS / 1000} s`, error);
  }
}

/** A server that gives another part than was asked for would be pasted into the middle. */
function startsAt({ headers }: HttpStream, from: number): boolean {
  return headers['content-range']?.startsWith(`bytes ${from}-`) === true;
}

export async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0;
    throw error;
  }
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'r');
  try {
    for await (const chunk of file.createReadStream({ autoClose: false })) hash.update(chunk as Uint8Array);
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

export function forget(path: string): Promise<void> {
  return rm(path, { force: true });
}
