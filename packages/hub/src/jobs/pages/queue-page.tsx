import { Act } from '../../console/form.tsx';
import { duration, number } from '../../console/format.ts';
import { Ago, Empty, Panel, Table } from '../../console/parts.tsx';
import type { JobReader } from '../job-reader.ts';
import type { JobSchedule } from '../schedules.ts';
import { listHref } from './list-page.tsx';
import { JobsFrame, StateLamp } from './parts.tsx';

export const QUEUE = 'queue';

type QueueRows = Awaited<ReturnType<JobReader['queue']>>;

export interface QueuePageProps {
  readonly rows: QueueRows;
  readonly schedules: readonly JobSchedule[];
  readonly now: number;
}

/** What is not over, by kind and state: where work piles up; and what comes by itself. */
export function QueuePage({ rows, schedules, now }: QueuePageProps) {
  return (
    <JobsFrame tab="queue" aside="jobs that are not over">
      <div class="stack">
        <QueueTable rows={rows} now={now} />
        <Panel id="schedules" title="Schedules" aside="what only reads, submitted again and again">
          <ScheduleTable schedules={schedules} now={now} />
        </Panel>
      </div>
    </JobsFrame>
  );
}

function ScheduleTable({ schedules, now }: Pick<QueuePageProps, 'schedules' | 'now'>) {
  if (schedules.length === 0)
    return (
      <Empty title="Nothing is scheduled">
        <p>
          What only reads can be submitted again and again, on the hub’s machine:{' '}
          <code>stoa-hub jobs schedules add node-test -q state:online --every 1h --as EMAIL</code>
        </p>
      </Empty>
    );
  return (
    <Table caption="What is scheduled" columns={['Kind', 'Nodes', 'Every', 'Next', 'For']} acts>
      {schedules.map(({ scheduleId, kind, selector, everyMs, nextAt, createdBy }) => (
        <tr>
          <th scope="row">{kind}</th>
          <td>
            <code>{selector || 'all nodes'}</code>
          </td>
          <td>{duration(everyMs)}</td>
          <td>
            <Ago at={nextAt} now={now} />
          </td>
          <td>{createdBy}</td>
          <td>
            <Act
              path={`/jobs/schedules/${scheduleId}/end`}
              word="End"
              label={`End the schedule of ${kind}`}
            />
          </td>
        </tr>
      ))}
    </Table>
  );
}

export function QueueTable({ rows, now }: { rows: QueueRows; now: number }) {
  if (rows.length === 0)
    return (
      <Empty title="Nothing waits and nothing runs">
        <p>Every job that you see is over.</p>
      </Empty>
    );
  return (
    <Table
      caption="Jobs that are not over"
      columns={['Kind', 'State', { word: 'Jobs', num: true }, 'Oldest']}
    >
      {rows.map(({ kind, state, jobs, oldest }) => (
        <tr>
          <th scope="row">{kind}</th>
          <td>
            <StateLamp state={state} />
          </td>
          <td class="num">
            <a href={listHref({ kind, states: [state] })}>{number(jobs)}</a>
          </td>
          <td>
            <Ago at={oldest} now={now} />
          </td>
        </tr>
      ))}
    </Table>
  );
}
