import { number } from '../console/format.ts';
import { Empty, Panel, Table } from '../console/parts.tsx';
import type { Sweep } from './sweep.ts';
import type { Waiting, WaitingFor } from './waiting-store.ts';

const WAITS: Readonly<Record<WaitingFor, readonly [string, string]>> = {
  proof: ['Nobody proved to hold the account', 'its owner signs with its key under Settings, Payout'],
  slot: ['Proven, without a slot', 'the hub gives it one with its next round'],
  allotted: ['Its slot is not on chain yet', 'an enrolment rides ahead of the next batch of its chain'],
  enrolled: ['Its slot is on chain, not final yet', 'six blocks more'],
};

/** Who has points and is in no plan. */
export function WaitingPanel({ sweep, waiting }: { sweep: Sweep; waiting: readonly Waiting[] }) {
  return (
    <Panel
      id="waiting"
      title="Not in a plan"
      aside={`${number(sweep.waiting)} accounts with a whole point were left out of this cut`}
    >
      {waiting.length === 0 ? (
        <Empty title="Nobody waits now">
          <p>Every account with a whole point is proven and has a final slot: the next cut takes them all.</p>
        </Empty>
      ) : (
        <Table
          caption="Accounts that wait now"
          columns={[
            'Why',
            { word: 'Accounts', num: true },
            { word: 'Whole points', num: true },
            'What it takes',
          ]}
        >
          {waiting.map(({ why, accounts, points }) => (
            <tr>
              <th scope="row">{WAITS[why][0]}</th>
              <td class="num">{number(accounts)}</td>
              <td class="num">{number(points)}</td>
              <td>{WAITS[why][1]}</td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}
