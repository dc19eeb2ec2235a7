import type { ParamValues } from '@stoa/protocol';
import type { Clock } from '../clock.ts';
import type { HubJob, HubWork } from '../jobs/index.ts';
import type { SshJob } from './ssh-job.ts';

const RENEW_MS = 20_000;
const WRITE_MS = 500;

/** What a job under way says: its step, its log, and that it lives. Hears of cancels and of a lost lease. */
export class JobNotes {
  readonly #row: HubJob;
  readonly #work: HubWork;
  readonly #clock: Clock;
  readonly #stop: AbortSignal;
  readonly #ended = new AbortController();
  #at = { step: 'begin', progress: 0 };
  #lines = '';
  #writing: Promise<void> = Promise.resolve();
  #cancelWrite: (() => void) | undefined;
  #cancelRenew: () => void;
  /** Why somebody wants it ended. */
  cancelled: string | undefined;

  constructor(by: { row: HubJob; work: HubWork; clock: Clock; stop: AbortSignal }) {
    this.#row = by.row;
    this.#work = by.work;
    this.#clock = by.clock;
    this.#stop = by.stop;
    this.#cancelRenew = this.#renewLater();
  }

  /** The worker stops, or its lease of the queue is lost. */
  get stopped(): boolean {
    return this.#stop.aborted;
  }

  job(params: ParamValues): SshJob {
    return {
      row: this.#row,
      params,
      signal: AbortSignal.any([this.#ended.signal, this.#stop]),
      say: (line) => this.say(line),
      step: async (step, progress) => {
        this.#stop.throwIfAborted();
        this.#at = { step, progress };
        this.say(`-- ${step}`);
        await this.#renew();
        this.#ended.signal.throwIfAborted();
      },
      become: (nodeId) => this.#work.become(this.#row, nodeId),
    };
  }

  say(line: string): void {
    this.#lines += `${new Date(this.#clock.now()).toISOString()} ${line}\n`;
    this.#cancelWrite ??= this.#clock.after(WRITE_MS, () => void this.#write());
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    await this.#write();
  }

  end(): void {
    this.#cancelRenew();
    this.#cancelWrite?.();
    this.#ended.abort(new Error('the job has ended'));
  }

  #write(): Promise<void> {
    this.#cancelWrite?.();
    this.#cancelWrite = undefined;
    const lines = this.#lines;
    this.#lines = '';
    // A log that can't be written costs the log, not the job.
    if (lines !== '')
      this.#writing = this.#writing.then(() => this.#work.log(this.#row, lines)).catch(() => undefined);
    return this.#writing;
  }

  async #renew(): Promise<void> {
    const held = await this.#work.renew(this.#row, this.#at);
    this.cancelled = held?.cancel;
    if (held === undefined) this.#ended.abort(new Error('the lease of this job is lost'));
    else if (held.cancel !== undefined) this.#ended.abort(new Error(held.cancel));
  }

  #renewLater(): () => void {
    return this.#clock.after(RENEW_MS, () => {
      void this.#renew()
        // A database that is away for a moment: the lease lasts for four of these.
        .catch(() => undefined)
        .then(() => {
          if (!this.#ended.signal.aborted) this.#cancelRenew = this.#renewLater();
        });
    });
  }
}
