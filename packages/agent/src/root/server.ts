import { createServer, type Server, type Socket } from 'node:net';
import { encode, type Job, jobKind, peek } from '@stoa/protocol';
import { type Clock, withDeadline } from '#clock.ts';
import { describeError } from '#error.ts';
import type { Executor } from '#root/executor.ts';
import type { Installs } from '#root/installs.ts';
import { RefusalError } from '#root/refusal.ts';
import { isStepName, STEPS } from '#root/steps.ts';
import {
  CHUNK_BYTES,
  drained,
  endReply,
  formatFrame,
  lineReply,
  type OpenRequest,
  parseOpen,
  ROOT_FRAME,
  type RootFrame,
  readFrames,
  refusedReply,
} from '#root/wire.ts';

const OPEN_MS = 5_000;
/** Longer than an agent that downloads what it streams waits for its source, tries and all. */
const INPUT_MS = 15 * 60_000;
/** What is installed lies on this host already: who hands it over more slowly keeps others from it, and this unit from ending. */
const INSTALL_MS = 5 * 60_000;
const MOST_CONNECTIONS = 4;
/** Of standard output that is not a stream of bytes: a step that says more is not listened to any longer. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;

export interface RootServerDeps {
  readonly clock: Clock;
  /** Undefined where what runs is for updating only: it may have a hole that a release has mended since. */
  readonly executor: Pick<Executor, 'run'> | undefined;
  /** Undefined where no launcher started this unit: there is nothing to install into. */
  readonly installs: Pick<Installs, 'run'> | undefined;
  /** The first connection, and the end of the last: nobody needs the unit any more. */
  readonly onBusy: () => void;
  readonly onIdle: () => void;
  readonly onRefusal: (code: string, message: string) => void;
  /** A step was run: for the host's own journal, which no hub writes. */
  readonly onRun: (step: string, job: Job, exitCode: number) => void;
  readonly onInstall: (what: string) => void;
}

/** One connection, one step or one act of installing. Closing the connection ends what it started, but for a step that is whole. */
export function createRootServer(deps: RootServerDeps): Server {
  let open = 0;
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    open += 1;
    deps.onBusy();
    void new Connection(socket, deps).serve().finally(() => {
      open -= 1;
      if (open === 0) deps.onIdle();
    });
  });
  server.maxConnections = MOST_CONNECTIONS;
  return server;
}

class Connection {
  readonly #socket: Socket;
  readonly #deps: RootServerDeps;
  readonly #gone = new AbortController();
  #lineBytes = 0;
  #installing = false;

  constructor(socket: Socket, deps: RootServerDeps) {
    this.#socket = socket;
    this.#deps = deps;
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#gone.abort(new Error('the agent hung up')));
  }

  async serve(): Promise<void> {
    const frames = readFrames(this.#socket as AsyncIterable<Uint8Array>);
    try {
      const { type, payload } = await this.#first(frames);
      await (type === ROOT_FRAME.install ? this.#install(payload, frames) : this.#step(payload, frames));
    } catch (error) {
      const { code, message } = describeError(error);
      this.#deps.onRefusal(code, message);
      const text = [...message].slice(0, 250).join('');
      await this.#send(
        formatFrame(ROOT_FRAME.refused, encode(refusedReply, { code: code.slice(0, 48), message: text })),
      );
      if (this.#installing) await this.#hearOut(frames);
    } finally {
      this.#socket.end();
      this.#socket.resume();
      this.#socket.destroySoon();
    }
  }

  async #first(frames: AsyncGenerator<RootFrame>): Promise<RootFrame> {
    const what = 'the request to the privileged unit';
    const { value, done } = await withDeadline(this.#deps.clock, { ms: OPEN_MS, what }, () => frames.next());
    if (done || (value.type !== ROOT_FRAME.open && value.type !== ROOT_FRAME.install))
      throw new RefusalError('root_malformed', 'a connection begins with a request');
    return value;
  }

  async #step(payload: Uint8Array, frames: AsyncGenerator<RootFrame>): Promise<void> {
    const { executor } = this.#deps;
    if (executor === undefined)
      throw new RefusalError(
        'root_below_floor',
        'this unit runs a version that does nothing but update: no step is done before it has',
      );
    const request = openRequest(payload);
    const takesInput = isStepName(request.step) && 'input' in STEPS[request.step];
    if (!takesInput) void this.#watch(frames);
    const exitCode = await executor.run(request, {
      signal: this.#gone.signal,
      onLine: (line, stream) => this.#line(line, stream),
      onBytes: (chunk) => this.#bytes(chunk),
      input: takesInput ? this.#input(frames) : nothing(),
    });
    this.#deps.onRun(request.step, peek(jobKind, request.message.sealed), exitCode);
    await this.#send(formatFrame(ROOT_FRAME.end, encode(endReply, { exitCode })));
  }

  async #install(payload: Uint8Array, frames: AsyncGenerator<RootFrame>): Promise<void> {
    this.#installing = true;
    const { clock, installs, onInstall } = this.#deps;
    if (installs === undefined)
      throw new RefusalError('root_no_launcher', 'no launcher started this unit: updates come by hand here');
    const { reply, told } = await withDeadline(
      clock,
      { ms: INSTALL_MS, what: 'what is to be installed' },
      () => installs.run(payload, this.#input(frames)),
    );
    if (told !== undefined) onInstall(told);
    await this.#send(formatFrame(ROOT_FRAME.installed, reply));
  }

  async *#input(frames: AsyncGenerator<RootFrame>): AsyncGenerator<Uint8Array> {
    const what = 'the next part of the archive';
    for (;;) {
      const { value, done } = await withDeadline(this.#deps.clock, { ms: INPUT_MS, what }, () =>
        frames.next(),
      ).catch((cause: unknown) => this.#cut('stalled', cause));
      if (done) return this.#cut('was cut before its end');
      if (value.type === ROOT_FRAME.inputEnd) break;
      if (value.type !== ROOT_FRAME.input)
        throw new RefusalError('root_malformed', 'an archive was expected');
      if (value.payload.length === 0) throw new RefusalError('root_malformed', 'a part without a byte');
      yield value.payload;
    }
    void this.#watch(frames);
  }

  /** What is still on its way is let in and dropped: to close now would take the refusal from who has not read it yet. */
  async #hearOut(frames: AsyncGenerator<RootFrame>): Promise<void> {
    const { clock } = this.#deps;
    const all = async (): Promise<void> => {
      while (!(await frames.next()).done);
    };
    await withDeadline(clock, { ms: OPEN_MS, what: 'the end of what was refused' }, all).catch(() =>
      this.#socket.destroy(),
    );
  }

  #cut(why: string, cause?: unknown): never {
    this.#gone.abort(new Error(`the archive ${why}`));
    throw new RefusalError('root_unproven_data', `the archive ${why}`, cause);
  }

  /** Nothing more is expected: what comes is passed over, and the end of it is the agent's going. */
  async #watch(frames: AsyncGenerator<RootFrame>): Promise<void> {
    try {
      while (!(await frames.next()).done);
    } catch {
      this.#socket.destroy();
    }
    this.#gone.abort(new Error('the agent hung up'));
  }

  #line(line: string, stream: 'stdout' | 'stderr'): void {
    this.#lineBytes += line.length;
    if (this.#lineBytes > MAX_LINE_BYTES) return;
    const reply = encode(lineReply, { stream: stream === 'stdout' ? 1 : 2, line });
    void this.#send(formatFrame(ROOT_FRAME.line, reply));
  }

  async #bytes(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.length; at += CHUNK_BYTES)
      await this.#send(formatFrame(ROOT_FRAME.bytes, chunk.subarray(at, at + CHUNK_BYTES)));
  }

  #send(frame: Uint8Array): Promise<void> {
    const socket = this.#socket;
    if (socket.destroyed || socket.writableEnded || socket.write(frame)) return Promise.resolve();
    return drained(socket);
  }
}

function openRequest(payload: Uint8Array): OpenRequest {
  try {
    return parseOpen(payload);
  } catch (cause) {
    throw new RefusalError('root_malformed', 'the request is none', cause);
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
