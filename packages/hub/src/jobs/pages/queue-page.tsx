import { number } from '../../console/format.ts';
import { Ago, Empty, Table } from '../../console/parts.tsx';
import type { JobReader } from '../job-reader.ts';
import { listHref } from './list-page.tsx';
import { JobsFrame, StateLamp } from './parts.tsx';

export const QUEUE = 'queue';

type QueueRows = Awaited<ReturnType<JobReader['queue']>>;

/** What is not over, by kind and state: where work piles up. */
export function QueuePage({ rows, now }: { rows: QueueRows; now: number }) {
  return (
    <JobsFrame tab="queue" aside="jobs that are not over">
      <QueueTable rows={rows} now={now} />
    </JobsFrame>
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
