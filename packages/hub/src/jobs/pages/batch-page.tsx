import { Act } from '../../console/form.tsx';
import { number } from '../../console/format.ts';
import { Ago, Facts, Panel } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import type { JobBatch } from '../job.ts';
import type { JobPage } from '../job-reader.ts';
import { isOver, JOB_STATES } from '../state.ts';
import { toldParams } from '../told-params.ts';
import type { JobActs } from './job-page.tsx';
import { JobTable, listHref } from './list-page.tsx';
import { jobsWord, nodesWord, PageAnew, StateLamp } from './parts.tsx';

export const BATCH_HEAD = 'batch-head';

export interface BatchPageProps {
  readonly batch: JobBatch;
  readonly page: JobPage;
  readonly now: number;
  readonly acts: JobActs;
  /** The viewer may give the second word. */
  readonly approves: boolean;
}

/** What one submit became, node by node. */
export function BatchPage({ batch, page, now, acts, approves }: BatchPageProps) {
  const open = isOpen(batch);
  const waits = batch.needsApproval && batch.approvedBy === undefined;
  return (
    <article class="job">
      <p class="crumb">
        <a href={href('/jobs')}>Jobs</a>
      </p>
      <BatchHead batch={batch} />
      <div class="acts">
        {waits && approves && (
          <Act
            path={`/jobs/batches/${batch.batchId}/approve`}
            word={`Approve: ${batch.kind} on ${nodesWord(batch.nodes)}`}
            tone="primary is-grave"
          />
        )}
        {waits && !approves && (
          <p role="status">
            It begins once an admin other than {batch.createdBy}
            {batch.signedBy !== undefined && batch.signedBy !== batch.createdBy && ` and ${batch.signedBy}`}{' '}
            approves it on this page.
          </p>
        )}
        {acts.cancel && open && (
          <Act path={`/jobs/batches/${batch.batchId}/cancel`} word="Cancel all that is not over" />
        )}
        {acts.retry && batch.orderId === undefined && stuck(batch) > 0 && (
          <Act path={`/jobs/batches/${batch.batchId}/retry`} word={`Retry ${jobsWord(stuck(batch))}`} />
        )}
      </div>
      <div class="stack">
        <Panel id="batch" title="What was submitted">
          <Facts
            facts={[
              { name: 'Found by', value: <code>{batch.selector || 'all nodes'}</code> },
              { name: 'Parameters', value: <code>{toldParams(batch.params)}</code> },
              {
                name: 'Submitted',
                value: (
                  <>
                    <Ago at={batch.createdAt} now={now} /> by {batch.createdBy}
                    {batch.scheduleId !== undefined && ', by a schedule'}
                  </>
                ),
              },
              ...(batch.approvedBy === undefined ? [] : [{ name: 'Approved by', value: batch.approvedBy }]),
              ...(batch.orderId === undefined
                ? []
                : [
                    { name: 'Order', value: <code>{batch.orderId}</code> },
                    { name: 'Signed by', value: batch.signedBy },
                  ]),
            ]}
          />
        </Panel>
        <Panel
          id="jobs"
          title="Its jobs"
          aside={<a href={listHref({ batchId: batch.batchId })}>as a list</a>}
        >
          <JobTable jobs={page.jobs} now={now} withNode empty={<p>You see none of its jobs any more.</p>} />
        </Panel>
      </div>
    </article>
  );
}

/**
 * Counts by state, and how much is over. Its links are relative to where it stands: one patch is for all readers.
 * @param pushed whether the page was made before: once all is over, acts and jobs are each reader's own to ask for.
 */
export function BatchHead({ batch, pushed = false }: { batch: JobBatch; pushed?: boolean }) {
  const over = JOB_STATES.filter(isOver).reduce((sum, state) => sum + (batch.states[state] ?? 0), 0);
  return (
    <header class="node-head" id={BATCH_HEAD}>
      <div class="node-name">
        <h1>
          {batch.kind} on {nodesWord(batch.nodes)}
        </h1>
      </div>
      <p class="node-id">
        <code>{batch.batchId}</code>
      </p>
      <p class="job-progress">
        <progress value={over} max={batch.nodes} aria-label="Jobs that are over">
          {over} of {batch.nodes}
        </progress>{' '}
        {number(over)} of {number(batch.nodes)} over
      </p>
      <ul class="states">
        {JOB_STATES.filter((state) => batch.states[state] !== undefined).map((state) => (
          <li>
            <a href={`../../jobs?batch=${batch.batchId}&state=${state}`}>
              <StateLamp state={state} /> <span class="count">{number(batch.states[state] ?? 0)}</span>
            </a>
          </li>
        ))}
      </ul>
      {pushed && over === batch.nodes && <PageAnew of={batch.batchId} />}
    </header>
  );
}

/** Something of it is still to come. */
export function isOpen({ states }: JobBatch): boolean {
  return JOB_STATES.some((state) => !isOver(state) && (states[state] ?? 0) > 0);
}

function stuck({ states }: JobBatch): number {
  return (states.failed ?? 0) + (states.dead ?? 0) + (states.cancelled ?? 0);
}
