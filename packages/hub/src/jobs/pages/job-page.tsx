import { Act } from '../../console/form.tsx';
import { absolute, bytes, duration, number, short } from '../../console/format.ts';
import { Ago, type Fact, Facts, Panel, Table } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import type { JobDetail, JobReceiptRow } from '../job.ts';
import { isOver } from '../state.ts';
import { toldParams } from '../told-params.ts';
import { LogTail } from './log-tail.tsx';
import { JobStatus, meaningOf, NodeLink, PageAnew } from './parts.tsx';

export const JOB_HEAD = 'job-head';

/** What the viewer may do with it. */
export interface JobActs {
  readonly cancel: boolean;
  readonly retry: boolean;
}

export interface JobPageProps {
  readonly job: JobDetail;
  readonly receipts: readonly JobReceiptRow[];
  readonly tail: string;
  readonly now: number;
  readonly acts: JobActs;
}

/** One job on one node: what it is, how it went, its log, and what both sides signed of it. */
export function JobPage({ job, receipts, tail, now, acts }: JobPageProps) {
  const overSsh = job.run === 'ssh';
  return (
    <article class="job">
      <p class="crumb">
        <a href={href('/jobs')}>Jobs</a> · <a href={href(`/jobs/batches/${job.batchId}`)}>its batch</a>
      </p>
      <header class="node-head">
        <div class="node-name">
          <h1>{job.kind}</h1>
        </div>
        <p class="node-id">
          <NodeLink job={job} path="/jobs" />
          <code>{job.jobId}</code>
        </p>
        <JobHead job={job} now={now} />
      </header>
      <Acts job={job} acts={acts} />
      <div class="stack">
        <Panel id="log" title="Log" aside={<LogAside job={job} gone={tail === ''} />}>
          <LogTail jobId={job.jobId} text={tail} {...(isOver(job.state) && { none: whyNone(job) })} />
        </Panel>
        {job.report !== '' && (
          <Panel
            id="report"
            title="Report"
            aside={overSsh ? 'as the worker found it' : 'as the node signed it'}
          >
            <pre class="report" tabindex={0}>
              <code>{pretty(job.report)}</code>
            </pre>
          </Panel>
        )}
        <Panel id="facts" title="The job">
          <Facts facts={factsOf(job)} />
        </Panel>
        {!overSsh && (
          <Panel id="receipts" title="Receipts" aside="results signed by the node, each answered by the hub">
            <Receipts receipts={receipts} now={now} />
          </Panel>
        )}
      </div>
    </article>
  );
}

/**
 * What changes while it runs.
 * @param anew whether the page was made before the job was over: acts, report and receipts are each reader's own to ask for.
 */
export function JobHead({ job, now, anew = false }: { job: JobDetail; now: number; anew?: boolean }) {
  return (
    <div id={JOB_HEAD}>
      <JobStatus job={job} />
      {job.message !== '' && <p class={job.state === 'failed' ? 'bad' : undefined}>{job.message}</p>}
      {orderGaveWay(job) && (
        <p>
          It had an order. Before the work began, the key that signed it was replaced, and such a key orders
          nothing more: run it anew, under an order that the new key signs.
        </p>
      )}
      <details class="why" id="why-state" open={job.state === 'unknown' || job.state === 'dead'}>
        <summary>Why {job.state}?</summary>
        <p>{meaningOf(job)}</p>
      </details>
      <Timeline job={job} now={now} />
      {anew && <PageAnew of={job.jobId} />}
    </div>
  );
}

/** Its node is not brought an order of a key that was replaced (`Orders.carried`), and can say no more than that none came. */
function orderGaveWay({ code, orderId }: JobDetail): boolean {
  return code === 'order_missing' && orderId !== undefined;
}

function Timeline({ job, now }: { job: JobDetail; now: number }) {
  const lease = !isOver(job.state) && job.leasedUntil !== undefined && job.leasedUntil > now;
  const steps = [
    { word: 'Submitted', at: job.createdAt, note: `by ${job.createdBy}` },
    ...(job.scheduledAt > job.createdAt
      ? [{ word: 'Due', at: job.scheduledAt, note: 'not to begin before' }]
      : []),
    {
      word: 'Begun',
      at: job.startedAt,
      note: job.attempt === 0 ? '' : `attempt ${job.attempt} of ${job.maxAttempts}`,
    },
    ...(lease
      ? [
          {
            word: 'Lease',
            at: job.leasedUntil,
            note: `ends, unless the ${job.run === 'ssh' ? 'worker' : 'node'} renews it`,
          },
        ]
      : []),
    { word: 'Over', at: job.endedAt, note: '' },
  ];
  return (
    <ol class="timeline">
      {steps.map(({ word, at, note }) => (
        <li class={at === undefined ? 'is-ahead' : undefined}>
          <span>{word}</span>{' '}
          {at === undefined ? <span class="unknown">not yet</span> : <Ago at={at} now={now} />}
          {note !== '' && <span class="sub">{note}</span>}
        </li>
      ))}
    </ol>
  );
}

function Acts({ job, acts }: { job: JobDetail; acts: JobActs }) {
  // Asked to end, and its fate has become unknown: only a person's word ends it before its node tells.
  const ends = job.cancelling && job.state !== 'unknown';
  const again = job.state === 'failed' || job.state === 'cancelled' || job.state === 'dead';
  return (
    <div class="acts">
      {acts.cancel && !isOver(job.state) && !ends && (
        <Act path={`/jobs/${job.jobId}/cancel`} word="Cancel" label={`Cancel ${job.kind} on ${job.label}`} />
      )}
      {ends && (
        <p>
          It is being ended:{' '}
          {job.run === 'ssh' ? 'its worker stops at the next step' : 'TERM, and after ten seconds KILL'}.
        </p>
      )}
      {acts.retry && again && job.orderId === undefined && (
        <Act path={`/jobs/${job.jobId}/retry`} word="Retry" label={`Retry ${job.kind} on ${job.label}`} />
      )}
      {acts.retry && again && (
        <a href={href(anewPath(job))}>Run it anew{job.orderId !== undefined && ': it takes a new order'}</a>
      )}
    </div>
  );
}

/** Where it is asked for. */
function anewPath({ run, kind, nodeId, params }: JobDetail): string {
  const texts = asTexts(params);
  if (run === 'agent') {
    const fields = Object.entries(texts).map(([name, value]): [string, string] => [`p.${name}`, value]);
    return `/jobs/run?${new URLSearchParams([['kind', kind], ['q', `id:${nodeId}`], ...fields])}`;
  }
  if (kind !== 'bootstrap') return `/nodes/${nodeId}/ssh`;
  const { host = '', port = '', user = '', label = '' } = texts;
  return `/bootstrap?${new URLSearchParams({ host, port, user, label }).toString()}`;
}

function LogAside({ job, gone }: { job: JobDetail; gone: boolean }) {
  if (job.logBytes === 0) return <>{isOver(job.state) ? 'none' : 'nothing yet'}</>;
  if (gone && isOver(job.state)) return <>{bytes(job.logBytes)}, once</>;
  return (
    <>
      {bytes(job.logBytes)}; <a href={href(`/jobs/${job.jobId}/log`)}>the whole log</a>
    </>
  );
}

/** Of a job that is over: a backup's stays for longer than its log. */
function whyNone({ logBytes }: JobDetail): string {
  return logBytes === 0 ? 'It wrote nothing.' : 'Its log is not here any more: logs are kept for 30 days.';
}

function factsOf(job: JobDetail): Fact[] {
  return [
    { name: 'Parameters', value: <code>{toldParams(job.params)}</code> },
    { name: 'Class', value: `${job.class}${job.idempotent ? '' : ', not to be run twice'}` },
    { name: 'Run by', value: job.run === 'ssh' ? 'a worker, over SSH' : "the node's agent" },
    { name: 'Found by', value: <code>{job.selector || 'all nodes'}</code> },
    { name: 'Owner', value: job.owner },
    ...(job.orderId === undefined ? [] : [{ name: 'Order', value: <code>{job.orderId}</code> }]),
    ...(job.approvedBy === undefined ? [] : [{ name: 'Approved by', value: job.approvedBy }]),
    { name: 'Must begin by', value: absolute(job.deadline) },
    ...(job.fencingToken === undefined
      ? []
      : [{ name: 'Fencing token', value: `${number(job.fencingToken)}, of the newest lease` }]),
    ...(job.instance === undefined ? [] : [{ name: 'Lease from', value: job.instance }]),
  ];
}

const LINKS: Readonly<Record<JobReceiptRow['link'], string>> = {
  follows: '',
  gap: 'numbers before it are missing',
  conflict: 'another result has this number',
};

function Receipts({ receipts, now }: { receipts: readonly JobReceiptRow[]; now: number }) {
  if (receipts.length === 0) return <p>No result has come yet.</p>;
  return (
    <Table
      caption="Results and receipts"
      columns={[
        'Came',
        { word: 'Attempt', num: true },
        'Outcome',
        'Taken',
        'In the node’s chain',
        'Took',
        'Signed',
      ]}
    >
      {receipts.map((row) => (
        <tr>
          <td>
            <Ago at={row.at} now={now} />
          </td>
          <td class="num">{row.attempt}</td>
          <td>
            {row.outcome}
            {row.code !== '' && (
              <span class="sub">
                <code>{row.code}</code> {row.message}
              </span>
            )}
          </td>
          <td>{row.taken === 'late' ? 'late: it changed nothing' : row.taken}</td>
          <td>
            number {number(row.number)}
            {LINKS[row.link] !== '' && <span class="sub warn">{LINKS[row.link]}</span>}
          </td>
          <td>{duration(row.durationMs)}</td>
          <td>
            <details>
              <summary>{short(row.sealed)}…</summary>
              <p class="hash">
                result <code>{row.sealed}</code>
              </p>
              <p class="hash">
                receipt <code>{row.receipt}</code>
              </p>
            </details>
          </td>
        </tr>
      ))}
    </Table>
  );
}

function pretty(report: string): string {
  try {
    return JSON.stringify(JSON.parse(report), undefined, 2);
  } catch {
    // A node may sign what it likes: shown as it came.
    return report;
  }
}

function asTexts(params: string): Record<string, string> {
  const values = JSON.parse(params) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
