import type { HubContext } from '../../http.ts';
import { HttpError } from '../../http-error.ts';
import { storableText } from '../../storable.ts';
import { isUuid, type JobCursor, type JobFilter } from '../job-reader.ts';
import { JOB_STATES, type JobState } from '../state.ts';

const MOST_TYPED = 80;

/** The filter in a list's address. @param kinds that there are. @throws {HttpError} `bad_filter`. */
export function readFilter(c: HubContext, kinds: readonly string[]): JobFilter {
  const states = (c.req.queries('state') ?? []).filter((state) => state !== '');
  const kind = c.req.query('kind') ?? '';
  const batchId = c.req.query('batch') ?? '';
  const q = storableText((c.req.query('q') ?? '').trim().slice(0, MOST_TYPED));
  const wrong = states.find((state) => !isState(state));
  if (wrong !== undefined) throw badFilter(`There is no state '${wrong.slice(0, 40)}' of jobs.`, JOB_STATES);
  if (kind !== '' && !kinds.includes(kind))
    throw badFilter(`There is no kind '${kind.slice(0, 40)}' of jobs.`, []);
  return {
    ...(states.length > 0 && { states: states.filter(isState) }),
    ...(kind !== '' && { kind }),
    ...(batchId !== '' && { batchId }),
    ...(q !== '' && { q }),
  };
}

/** @throws {HttpError} `bad_cursor`. */
export function readCursor(c: HubContext): JobCursor | undefined {
  const text = c.req.query('after');
  if (text === undefined) return undefined;
  const [, createdAt, jobId] = /^(\d{1,15})\.(.+)$/.exec(text) ?? [];
  if (jobId === undefined || !isUuid(jobId))
    throw new HttpError(400, 'bad_cursor', 'This page of the list is none.', {
      fix: 'Start from the first page.',
    });
  return { createdAt: Number(createdAt), jobId };
}

function isState(text: string): text is JobState {
  return (JOB_STATES as readonly string[]).includes(text);
}

function badFilter(message: string, known: readonly string[]): HttpError {
  return new HttpError(400, 'bad_filter', message, {
    fix: known.length > 0 ? `These are: ${known.join(', ')}.` : 'The page of kinds lists them.',
  });
}
