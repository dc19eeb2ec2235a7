import { Empty, Panel } from '../../console/parts.tsx';
import type { AuditScope, StoredRow } from '../store.ts';
import { Acts, filtered } from './acts.tsx';

/** What was done to one node: the newest acts, and the way to all of them. */
export function NodeAuditTab({
  nodeId,
  scope,
  rows,
  more,
  now,
}: {
  nodeId: string;
  scope: AuditScope;
  rows: readonly StoredRow[];
  more: boolean;
  now: number;
}) {
  const aside =
    scope.kind === 'all' ? 'everybody’s acts' : 'your acts, and those that touch you as its owner';
  return (
    <Panel id="node-audit" title="What was done to it" aside={aside}>
      {rows.length === 0 ? (
        <Empty title="Nothing was recorded yet">
          <p>
            Tags, shares, refusals and all else that changes this node stand here, with who did it. Heartbeats
            and sessions do not: they are under <em>Session</em>.
          </p>
        </Empty>
      ) : (
        <Acts rows={rows} now={now} />
      )}
      <p>
        <a href={filtered('subject', nodeId)}>
          {more ? 'Older acts, filters and export' : 'Filters and export'}
        </a>
      </p>
    </Panel>
  );
}
