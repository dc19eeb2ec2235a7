import { type KindName, kindOf, type ParamValues } from '@stoa/protocol';
import { makeJob } from '#root/root.fixture.ts';
import type { RunningJob } from '#work/handler.ts';

export interface JobWatch {
  readonly job: RunningJob;
  readonly log: string[];
  readonly steps: string[];
}

/** A job under way, as the agent hands it to its handler. */
export function runningJob(kind: KindName, params: ParamValues = {}, signal?: AbortSignal): JobWatch {
  const log: string[] = [];
  const steps: string[] = [];
  const lease = { jobId: new Uint8Array(16).fill(9), nodeId: new Uint8Array(32) } as RunningJob['lease'];
  return {
    log,
    steps,
    job: {
      kind,
      params,
      lease,
      message: makeJob(
        kindOf(kind).root ? { kind, params } : { kind: 'stoachain-control', params: { action: 'stop' } },
      ),
      signal: signal ?? new AbortController().signal,
      log: (line) => void log.push(line),
      progress: (_percent, step) => void steps.push(step),
    },
  };
}
