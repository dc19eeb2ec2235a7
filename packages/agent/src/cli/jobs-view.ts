import { duration, mark, type Tone } from '#cli/style.ts';
import type { EndedStatus, RunningStatus, WorkStatus } from '#work/work-status.ts';

const TONE: Readonly<Record<string, Tone>> = {
  succeeded: 'ok',
  failed: 'fail',
  refused: 'warn',
  cancelled: 'skip',
  interrupted: 'warn',
};

/** For people: whether work is taken, what runs, and what came of the last jobs. */
export function renderJobs(work: WorkStatus, color: boolean): string {
  const lines = [
    `work      ${takesWork(work)}`,
    ...(work.policyFault === ''
      ? []
      : [`policy    ${mark('fail', color)} nothing is allowed: ${work.policyFault}`]),
    ...(work.fault === undefined ? [] : [`disk      ${mark('fail', color)} ${work.fault.message}`]),
    ...(work.waiting === 0 ? [] : [`results   ${work.waiting} wait for the hub`]),
    ...(work.running.length === 0 ? ['running   nothing'] : work.running.map(runningLine)),
    ...work.recent.map((ended) => endedLine(ended, color)),
  ];
  return `${lines.join('\n')}\n`;
}

function takesWork({ paused, maintenanceUntil }: WorkStatus): string {
  if (!paused) return 'is taken as the hub sends it and the local policy allows';
  if (maintenanceUntil === undefined) return 'is paused: stoa-agent resume';
  return `is paused for maintenance until ${new Date(maintenanceUntil).toISOString()}: stoa-agent resume ends it`;
}

function runningLine({ kind, jobId, percent, step, forMs }: RunningStatus): string {
  const progress = percent === undefined ? '' : `, ${Math.round(percent)} %`;
  return `running   ${kind} for ${duration(forMs)}${progress}${step && `, ${step}`}  (${jobId})`;
}

function endedLine(
  { kind, jobId, outcome, code, message, durationMs, acknowledged }: EndedStatus,
  color: boolean,
): string {
  const why = code === '' ? '' : ` ${code}: ${message}`;
  const told = acknowledged ? '' : ', not yet told';
  const head = `${mark(TONE[outcome] ?? 'unknown', color)} ${kind} ${outcome} in ${duration(durationMs)}${told}`;
  return `ended     ${head}${why}  (${jobId})`;
}
