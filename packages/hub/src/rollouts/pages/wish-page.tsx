import { number } from '../../console/format.ts';
import { Empty, Panel, Table } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import type { UpdateWish } from '../plan/index.ts';
import type { VersionCount } from '../reader.ts';
import { type WishAgain, WishForm } from './wish-form.tsx';

export interface MyUpdatesView {
  readonly wish: UpdateWish | undefined;
  readonly versions: readonly VersionCount[];
  readonly again: WishAgain;
  readonly now: number;
}

/** How an owner's nodes keep themselves current. */
export function MyUpdatesPage({ view: { wish, versions, again, now } }: { view: MyUpdatesView }) {
  return (
    <>
      <header class="title">
        <h1>Updates</h1>
      </header>
      <div class="stack">
        <Panel id="wish" title="All of my nodes" aside="a node’s own setting goes first">
          <p>
            The host has the last word: what it says in its own file holds beside this, the stricter of both.
            A release that mends a security fault passes over it 72 hours after its rollout began.
          </p>
          <WishForm path="/updates" wish={wish} again={again} now={now} />
        </Panel>
        <Panel id="versions" title="What they run">
          {versions.length === 0 ? (
            <Empty title="No node of yours has spoken of updates yet">
              <p>Nodes do once their agent is installed as one binary:</p>
              <p>
                <a href={href('/nodes/add')}>Add a node</a>
              </p>
            </Empty>
          ) : (
            <Table
              caption="Versions and how updates stand"
              columns={['Version', 'Update', { word: 'Nodes', num: true }]}
            >
              {versions.map(({ version, state, nodes }) => (
                <tr>
                  <th scope="row">{version || 'unknown'}</th>
                  <td>{state}</td>
                  <td class="num">{number(nodes)}</td>
                </tr>
              ))}
            </Table>
          )}
        </Panel>
      </div>
    </>
  );
}
