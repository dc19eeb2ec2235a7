import { number, short } from '../../console/format.ts';
import { Ago, Facts } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import type { StoredRow } from '../store.ts';

/** Rows of the log, each of which opens. */
export function Acts({ rows, now }: { rows: readonly StoredRow[]; now: number }) {
  return (
    <ol class="act-log" aria-label="Acts, the newest first">
      {rows.map((row) => (
        <li>
          <details>
            <summary>
              <span class="act-when">
                <Ago at={row.at} now={now} />
              </span>
              {row.prunedAt === undefined ? <Summary row={row} /> : <Forgotten row={row} />}
            </summary>
            <Detail row={row} now={now} />
          </details>
        </li>
      ))}
    </ol>
  );
}

function Summary({ row }: { row: StoredRow }) {
  return (
    <>
      <span class="act-who">{row.actor}</span>
      <code class="act-what">{row.act}</code>
      <span class="act-on">{isHash(row.subject) ? <code>{short(row.subject)}…</code> : row.subject}</span>
    </>
  );
}

function Forgotten({ row }: { row: StoredRow }) {
  return <span class="act-gone">content kept for {row.retention === '7d' ? '7 days' : '30 days'} only</span>;
}

function Detail({ row, now }: { row: StoredRow; now: number }) {
  const said = [
    { name: 'By', value: <a href={filtered('actor', row.actor)}>{row.actor}</a> },
    { name: 'Act', value: <a href={filtered('act', row.act)}>{row.act}</a> },
    { name: 'On', value: <Subject subject={row.subject} /> },
    ...(row.owner === undefined
      ? []
      : [{ name: 'Touches', value: <a href={filtered('owner', row.owner)}>{row.owner}</a> }]),
    ...Object.entries(row.detail).map(([name, value]) => ({ name, value: <code>{plain(value)}</code> })),
  ];
  return (
    <div class="act-detail">
      <Facts
        facts={[
          ...(row.prunedAt === undefined
            ? said
            : [{ name: 'Blanked', value: <Ago at={row.prunedAt} now={now} /> }]),
          {
            name: 'Kept',
            value: row.retention === 'permanent' ? 'for ever' : row.retention.replace('d', ' days'),
          },
          { name: 'Row', value: number(row.seq) },
          { name: 'Hash', value: <code>{Buffer.from(row.hash).toString('hex')}</code> },
        ]}
      />
    </div>
  );
}

function Subject({ subject }: { subject: string }) {
  if (subject === '') return <>nothing in particular</>;
  return (
    <>
      <a href={filtered('subject', subject)}>
        <code>{subject}</code>
      </a>
      {isHash(subject) && (
        <>
          {' '}
          <a href={href(`/nodes/${subject}`)}>open the node</a>
        </>
      )}
    </>
  );
}

function isHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Where the log is, with one filter set. */
export function filtered(name: string, value: string): string {
  return href(`/audit?${new URLSearchParams({ [name]: value })}`);
}
