import type { JobLog, JobLogs } from '../job-logs.ts';
import { LogCutError } from '../log-peers.ts';

/** Of a log's end, on its page. */
const TAIL_BYTES = 16 * 1024;

export function logId(jobId: string): string {
  return `log-${jobId}`;
}

/** The end of a log; the browser keeps it in sight as it grows. */
export function LogTail({
  jobId,
  text,
  none = 'Nothing was written yet.',
}: {
  jobId: string;
  text: string;
  /** Why there is no text. */
  none?: string;
}) {
  return (
    <pre class="log" id={logId(jobId)} tabindex={0} data-follow="">
      <code>{text === '' ? none : text}</code>
    </pre>
  );
}

/** Whole lines of its end. */
export async function readTail(logs: Pick<JobLogs, 'open'>, jobId: string): Promise<string> {
  const log = await logs.open(jobId);
  if (log === undefined || log.size === 0) return '';
  const first = Math.max(0, log.size - TAIL_BYTES);
  const text = await textOf(log, first);
  return first === 0 ? text : `…\n${text.slice(text.indexOf('\n') + 1)}`;
}

async function textOf(log: JobLog, first: number): Promise<string> {
  const pieces: Uint8Array[] = [];
  try {
    for await (const piece of log.bytes(first, log.size - 1)) pieces.push(piece);
  } catch (error) {
    // What came is shown: the page stands without the rest, and its stream asks again.
    if (!(error instanceof LogCutError)) throw error;
  }
  return Buffer.concat(pieces).toString('utf8');
}
