import { type JobMessage, kindOf, MAX_RESULT_BYTES } from '@stoa/protocol';
import type { Clock, Timer } from '#clock.ts';
import { describeError } from '#error.ts';
import { redactText, redactValue } from '#redact.ts';
import { fit } from '#reports/text.ts';
import type { Admitted } from '#work/gatekeeper.ts';
import type { JobHandlers } from '#work/handler.ts';
import type { HostLock } from '#work/host-lock.ts';
import { JobError } from '#work/job-error.ts';
import type { JobLog } from '#work/job-log.ts';
import type { Outcome } from '#work/results.ts';

export interface RunnerOptions {
  clock: Clock;
  handlers: JobHandlers;
  /** Held while a benchmark runs: two nodes of one host must not measure each other. */
  benchmarks: HostLock;
}

export interface Progress {
  readonly percent: number | undefined;
  readonly step: string;
}

export interface Run {
  readonly admitted: Admitted;
  readonly message: JobMessage;
  readonly log: JobLog;
  readonly signal: AbortSignal;
  progress(progress: Progress): void;
}

export type Verdict = Pick<Outcome, 'outcome' | 'code' | 'message' | 'report'>;

const MEASURES = new Set(['benchmark-node', 'drive-benchmark']);
/** From the abort: TERM, 10 s, KILL, and the handler's own tidying. */
const LET_GO_MS = 30_000;
const MESSAGE_BYTES = 255;

/** Why a run was cut off from here: what came of it is told by this, whatever the handler throws then. */
export const CUT = {
  cancelled: (reason: string): JobError => new JobError('cancelled', reason || 'somebody cancelled it'),
  leaseLost: (): JobError => new JobError('lease_lost', 'the hub has given the lease to another attempt'),
  stopping: (): JobError => new JobError('agent_stopping', 'the agent was told to stop while this job ran'),
};

/** Runs handlers: within their limit, until they are cut off, and with an outcome whatever they do. */
export class Runner {
  readonly #options: RunnerOptions;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /**
   * Never rejects.
   * @returns the verdict, and when the handler has really let go: until then its slot is not free.
   */
  start(run: Run): { verdict: Promise<Verdict>; gone: Promise<void> } {
    const { clock } = this.#options;
    const { kind } = run.admitted;
    const cut = new AbortController();
    const limit = clock.after(kindOf(kind).limitMs, () =>
      cut.abort(
        new JobError('limit', `${kind} may take ${kindOf(kind).limitMs / 60_000} min, and took longer`),
      ),
    );
    const signal = AbortSignal.any([run.signal, cut.signal]);
    const work = this.#handle(run, signal);
    const gone = work.then(
      () => undefined,
      () => undefined,
    );
    const verdict = Promise.race([work, this.#patience(signal, gone)]).then(
      (report) => succeeded(report),
      (error: unknown) => failed(error, signal),
    );
    void gone.then(() => limit.cancel());
    return { verdict, gone };
  }

  async #handle({ admitted, message, log, progress }: Run, signal: AbortSignal): Promise<string> {
    const { handlers, benchmarks } = this.#options;
    const { kind, params, job } = admitted;
    signal.throwIfAborted();
    const release = MEASURES.has(kind)
      ? await benchmarks.acquire(signal, () =>
          progress({ percent: undefined, step: 'another node of this host is being measured' }),
        )
      : undefined;
    try {
      const { report } = await handlers[kind]!.run({
        kind,
        params,
        lease: job,
        message,
        signal,
        log: (line) => log.line(line),
        progress: (percent, step) => progress({ percent, step: fit(redactText(step), 64) }),
      });
      const text = JSON.stringify(redactValue(report));
      if (Buffer.byteLength(text) > MAX_RESULT_BYTES) log.line(text);
      return text;
    } finally {
      await release?.();
    }
  }

  /** Rejects when a handler that was cut off does not let go in time (F29). */
  #patience(signal: AbortSignal, gone: Promise<void>): Promise<never> {
    const { clock } = this.#options;
    return new Promise((_resolve, reject) => {
      let timer: Timer | undefined;
      const count = (): void => {
        timer = clock.after(LET_GO_MS, () => reject(signal.reason));
      };
      if (signal.aborted) count();
      else signal.addEventListener('abort', count, { once: true });
      void gone.then(() => {
        timer?.cancel();
        signal.removeEventListener('abort', count);
      });
    });
  }
}

function succeeded(report: string): Verdict {
  if (Buffer.byteLength(report) <= MAX_RESULT_BYTES)
    return { outcome: 'succeeded', code: '', message: '', report: report === '{}' ? '' : report };
  const message = `the report has ${Buffer.byteLength(report)} bytes, a result holds ${MAX_RESULT_BYTES}: it is in the log only`;
  return { outcome: 'succeeded', code: '', message, report: '' };
}

function failed(error: unknown, signal: AbortSignal): Verdict {
  const cause: unknown = signal.aborted ? signal.reason : error;
  const { code, message } = describeError(cause);
  const outcome =
    code === 'cancelled'
      ? 'cancelled'
      : code === 'lease_lost' || code === 'agent_stopping'
        ? 'interrupted'
        : 'failed';
  return { outcome: signal.aborted ? outcome : 'failed', ...faultOf(code, message) };
}

/** As a signed result may carry it. */
export function faultOf(code: string, message: string): Pick<Verdict, 'code' | 'message' | 'report'> {
  return { code: fit(code, 48), message: fit(redactText(message), MESSAGE_BYTES), report: '' };
}
