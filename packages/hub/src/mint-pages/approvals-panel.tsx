import { dayText } from '#mint/index.ts';
import { Ago, Empty, Panel, Table } from '../console/parts.tsx';
import type { Approval } from './approval-reader.ts';
import type { Sweep } from './sweep.ts';

/** Words for the plan. Whether they suffice is for the signer to say, which knows its approvers. */
export function Approvals({
  sweep,
  approvals,
  now,
}: {
  sweep: Sweep;
  approvals: readonly Approval[];
  now: number;
}) {
  return (
    <Panel
      id="approvals"
      title="Approvals"
      aside={
        <>
          of plan <code>{sweep.planHash.slice(0, 16)}…</code>
        </>
      }
    >
      {approvals.length === 0 ? (
        <Empty title="Nobody has approved this plan yet">
          <p>
            Nothing of it is signed before. On the host of an approver, from its own evidence, and then here:
          </p>
          <pre tabindex={0}>
            <code>{`stoa-signer mint approve --auto\nstoa-hub mint approve ${dayText(sweep.epoch)} approval`}</code>
          </pre>
        </Empty>
      ) : (
        <Table caption="Approvals of the plan" columns={['Approver', 'Signed', 'Came in', 'Of']}>
          {approvals.map(({ approver, signedAt, receivedAt, hash }) => (
            <tr>
              <th scope="row">{approver}</th>
              <td>
                <Ago at={signedAt} now={now} />
              </td>
              <td>
                <Ago at={receivedAt} now={now} />
              </td>
              <td>
                {hash === sweep.planHash ? (
                  'this plan'
                ) : (
                  <strong class="warn">another plan: {hash.slice(0, 16)}…</strong>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}
