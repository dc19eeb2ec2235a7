import { type Clock, type JobHandlers, sleep } from '@stoa/agent';
import type { Machine } from './machine.ts';

/** How long chainweb-node takes to stop or to start here. */
const CONTROL_MS = 300;

/**
 * What a simulated machine can do of the kinds of work: the agent around these handlers is the real one (F34).
 * `ran` counts what was really done, by kind and job: a test of double effects reads it.
 */
export function machineHandlers(
  machine: Machine,
  clock: Clock,
  ran?: (kind: string, jobId: Uint8Array) => void,
): JobHandlers {
  const { host, disk } = machine;
  return {
    'system-probe': {
      async run({ kind, lease, log }) {
        ran?.(kind, lease.jobId);
        const { totalBytes, freeBytes } = await disk.space('/');
        log(`${host.cores} cores of ${host.cpuModel}`);
        return {
          report: {
            cpuModel: host.cpuModel,
            cores: host.cores,
            memoryBytes: host.memoryTotalBytes,
            diskBytes: totalBytes,
            diskFreeBytes: freeBytes,
            supervision: machine.chainwebUp ? 'docker' : 'none',
          },
        };
      },
    },
    'node-test': {
      async run({ kind, lease, log }) {
        ran?.(kind, lease.jobId);
        const api = machine.chainwebUp ? 'ok' : 'fail';
        log(`API of chainweb-node: ${api}`);
        return { report: { result: api, api } };
      },
    },
    'stoachain-control': {
      async run({ kind, lease, params, signal, log, progress }) {
        ran?.(kind, lease.jobId);
        const { action } = params;
        for (const [at, up] of stepsOf(String(action)).entries()) {
          progress(at * 50, up ? 'starting' : 'stopping');
          log(`docker ${up ? 'start' : 'stop'} chainweb`);
          await sleep(clock, CONTROL_MS, signal);
          machine.chainwebUp = up;
        }
        return { report: { action: String(action), running: machine.chainwebUp } };
      },
    },
  };
}

function stepsOf(action: string): boolean[] {
  if (action === 'restart') return [false, true];
  return [action === 'start'];
}
