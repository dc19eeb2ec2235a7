import { GATES } from '@stoa/protocol';
import { formatScore } from '@stoa/protocol/stoicism';
import { encodeCursor } from '#nodes/index.ts';
import { Empty, Panel, Table, Unknown } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { AdminRow } from './admin-store.ts';
import { Points, TestStamp } from './stamp.tsx';
import type { NodePlace } from './store.ts';

export interface AdminEarningsView {
  readonly mode: 'shadow' | 'live';
  readonly rows: readonly AdminRow[];
  readonly next: NodePlace | undefined;
  readonly first: boolean;
}

const PATH = '/admin/earnings';

export function AdminEarningsPage({ view: { mode, rows, next, first } }: { view: AdminEarningsView }) {
  return (
    <>
      <header class="title">
        <h1>Earnings of all nodes</h1>
        <TestStamp mode={mode} />
      </header>
      <Panel id="nodes" title="Nodes" aside="by label; what the ledger wrote, before fees of tunnels">
        {rows.length === 0 ? (
          <Empty title={first ? 'No node has joined yet' : 'No more nodes'}>
            <p>
              <a href={href(first ? '/join' : PATH)}>{first ? 'Add a node' : 'Back to the first page'}</a>
            </p>
          </Empty>
        ) : (
          <Rows rows={rows} />
        )}
        <nav class="pager" aria-label="Pages">
          {!first && <a href={href(PATH)}>First</a>}
          {next && (
            <a rel="next" href={href(`${PATH}?after=${encodeCursor(next)}`)}>
              Next
            </a>
          )}
        </nav>
      </Panel>
    </>
  );
}

function Rows({ rows }: { rows: readonly AdminRow[] }) {
  return (
    <Table
      caption="What each node earned"
      columns={[
        'Node',
        'Owner',
        ...['Score', 'Today', 'Yesterday', 'Pending'].map((word) => ({ word, num: true }) as const),
        'Closed gates',
      ]}
    >
      {rows.map((node) => (
        <tr>
          <th scope="row" class="whole">
            <a href={href(`/nodes/${node.nodeId}/earnings`)}>{node.label}</a>
          </th>
          <td class="whole">{node.owner || <Unknown why="no owner" />}</td>
          <td class="num">
            {node.score === undefined ? <Unknown why="no benchmark yet" /> : formatScore(node.score)}
          </td>
          {[node.today, node.yesterday, node.pending].map((units) => (
            <td class="num">
              <Points units={units} />
            </td>
          ))}
          <td>
            {node.unpaid && <span class="mark warn">no account</span>}
            {node.reasons === undefined ? <Unknown why="never judged" /> : gatesOf(node.reasons)}
          </td>
        </tr>
      ))}
    </Table>
  );
}

function gatesOf(reasons: number): string {
  const closed = GATES.filter((_, gate) => ((reasons >> gate) & 1) === 1);
  return closed.length === 0 ? 'none' : closed.join(', ');
}
