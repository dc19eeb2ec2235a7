import { StringDecoder } from 'node:string_decoder';
import type { Client, ClientChannel } from 'ssh2';
import { cancelled, type DialDeps, lost, orCancelled, within } from './dial.ts';
import { SshError } from './error.ts';
import { shellQuote } from './shell-quote.ts';
import type { RunOptions, SshOutput, SshSession } from './ssh-pool.ts';

const MAX_OUTPUT = 64 * 1024;
const MAX_LINE = 4 * 1024;
/** OpenSSH allows ten channels a connection, and counts those that are just closing. */
const CHANNELS = 4;
/** Between TERM and the end of the connection, which ends what would not hear it. */
const TERM_MS = 10_000;
/** The first may come before the server's child has a group that a signal could go to, and is lost then. */
const TERM_AGAIN_MS = 1_000;
const GOOD_BYE_MS = 2_000;

/** Commands over one connection, each in a channel of its own. */
export class ConnectedSession implements SshSession {
  readonly #client: Client;
  readonly #place: string;
  readonly #deps: Omit<DialDeps, 'resolver'>;
  readonly #waiting: (() => void)[] = [];
  #open = 0;
  /** A command hung or the connection broke: nobody else shall have it. */
  spoiled = false;

  constructor(client: Client, by: { place: string; deps: Omit<DialDeps, 'resolver'> }) {
    this.#client = client;
    this.#place = by.place;
    this.#deps = by.deps;
  }

  async run(command: string, options: RunOptions): Promise<SshOutput> {
    await this.#takeSlot(options.signal);
    try {
      return await this.#follow(await this.#opened(command, options), options);
    } catch (error) {
      if (error instanceof SshError) this.spoiled = true;
      throw error;
    } finally {
      this.#freeSlot();
    }
  }

  /** A host that does not answer to the good-bye is left all the same. */
  end(): void {
    this.#client.end();
    const cancel = this.#deps.clock.after(GOOD_BYE_MS, () => this.#client.destroy());
    this.#client.once('close', cancel);
  }

  /** Runs it once the connection is gone. */
  onClose(act: () => void): void {
    this.#client.once('close', act);
  }

  /** A slot that is freed goes to the one that waited longest, and to nobody that came meanwhile. */
  async #takeSlot(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) throw cancelled(this.#place, signal);
    if (this.#open < CHANNELS) {
      this.#open += 1;
      return;
    }
    const free = Promise.withResolvers<void>();
    this.#waiting.push(free.resolve);
    try {
      await orCancelled(free.promise, { signal, place: this.#place });
    } catch (error) {
      const at = this.#waiting.indexOf(free.resolve);
      if (at >= 0) this.#waiting.splice(at, 1);
      else this.#freeSlot();
      throw error;
    }
  }

  #freeSlot(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#open -= 1;
    else next();
  }

  /**
   * Not cut short by the signal: a command whose channel nobody waited for would run on, and nobody could end it. One that
   * opens after its time is closed.
   */
  async #opened(command: string, options: RunOptions): Promise<Running> {
    const opening = this.#start(command, options);
    try {
      return await within(opening, { phase: 'channel', place: this.#place, deps: this.#deps });
    } catch (error) {
      opening.then(
        ({ channel }) => {
          channel.signal('TERM');
          channel.close();
        },
        () => undefined,
      );
      throw error;
    }
  }

  /** Listens before it returns: all of a short command may come in one packet. */
  #start(command: string, { onLine, stdin }: RunOptions): Promise<Running> {
    // Under the one shell that scripts are written for, whatever the user's own is.
    const line = `exec sh -c ${shellQuote(command)}${stdin === undefined ? ' </dev/null' : ''}`;
    return new Promise((resolve, reject) => {
      const failed = (cause: unknown) => reject(lost(this.#place, 'channel', cause));
      try {
        this.#client.exec(line, (error, channel) => {
          if (error) failed(error);
          else resolve(listen(channel, { onLine, place: this.#place }));
        });
      } catch (cause) {
        // A connection that is gone by now throws, and calls nobody back.
        failed(cause);
      }
    });
  }

  async #follow(running: Running, { timeoutMs, stdin, signal }: RunOptions): Promise<SshOutput> {
    const { channel } = running;
    const late = Promise.withResolvers<never>();
    const { clock } = this.#deps;
    const cancels = [
      clock.after(timeoutMs, () => {
        channel.signal('KILL');
        late.reject(
          new SshError('ssh_timeout', `a command on ${this.#place} ran for more than ${timeoutMs} ms`, {
            ...{ retry: true, phase: 'command' },
          }),
        );
      }),
    ];
    const term = () => {
      channel.signal('TERM');
      cancels.push(clock.after(TERM_AGAIN_MS, term));
    };
    const cancel = () => {
      term();
      cancels.push(clock.after(TERM_MS, () => late.reject(cancelled(this.#place, signal))));
    };
    // Aborted while the channel opened: no event comes any more.
    if (signal?.aborted) cancel();
    else signal?.addEventListener('abort', cancel, { once: true });
    // Not ended: behind an end ssh2 sends no more signals.
    if (stdin !== undefined) channel.write(stdin);
    try {
      const output = await Promise.race([running.ended, late.promise]);
      if (signal?.aborted) throw cancelled(this.#place, signal);
      return output;
    } finally {
      signal?.removeEventListener('abort', cancel);
      for (const each of cancels) each();
    }
  }
}

interface Running {
  readonly channel: ClientChannel;
  readonly ended: Promise<SshOutput>;
}

function listen(
  channel: ClientChannel,
  { onLine, place }: { onLine: RunOptions['onLine']; place: string },
): Running {
  const [stdout, stderr] = [new Output(onLine), new Output(onLine)];
  channel.on('data', (chunk: Buffer) => stdout.take(chunk));
  channel.stderr.on('data', (chunk: Buffer) => stderr.take(chunk));
  const ended = Promise.withResolvers<SshOutput>();
  ended.promise.catch(() => undefined);
  let exit: { code: number | undefined } | undefined;
  channel.on('exit', (code: number | null) => {
    exit = { code: code ?? undefined };
  });
  channel.on('error', (error: Error) => ended.reject(lost(place, 'command', error)));
  channel.on('close', () => {
    if (exit === undefined) ended.reject(lost(place, 'command'));
    else ended.resolve({ exitCode: exit.code, stdout: stdout.end(), stderr: stderr.end() });
  });
  return { channel, ended: ended.promise };
}

/** One stream: kept up to its bound, told by the line. */
class Output {
  readonly #onLine: ((line: string) => void) | undefined;
  readonly #decoder = new StringDecoder('utf8');
  #kept = '';
  #line = '';

  constructor(onLine: ((line: string) => void) | undefined) {
    this.#onLine = onLine;
  }

  take(chunk: Buffer): void {
    const text = this.#decoder.write(chunk);
    if (this.#kept.length < MAX_OUTPUT) this.#kept += text.slice(0, MAX_OUTPUT - this.#kept.length);
    if (this.#onLine === undefined) return;
    const lines = (this.#line + text).split('\n');
    this.#line = (lines.pop() ?? '').slice(0, MAX_LINE);
    for (const line of lines) this.#onLine(line.slice(0, MAX_LINE).replace(/\r$/, ''));
  }

  end(): string {
    if (this.#line !== '') this.#onLine?.(this.#line);
    return this.#kept;
  }
}
