import { isGuarded, JOB_KINDS, KIND_NAMES, kindOf, needsOrder, PROVEN } from '@stoa/protocol';
import { duration } from '../../console/format.ts';
import { Table } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import { JobsFrame } from './parts.tsx';

/** Every kind of work that agents know: who must sign it, what it takes, how it is taken back. */
export function KindsPage() {
  return (
    <JobsFrame tab="kinds" aside="what a node’s local policy denies is not done there, whoever asks">
      <Table
        caption="Kinds of jobs"
        columns={['Kind', 'What it does', 'Signed by', 'Parameters', 'Undo', 'Longest']}
      >
        {KIND_NAMES.map((name) => {
          const kind = kindOf(name);
          return (
            <tr>
              <th scope="row">
                <a href={href(`/jobs/run?kind=${name}`)}>{name}</a>
                <span class="sub">{kind.class}</span>
                {PROVEN[name].by === 'transcript' && (
                  <span class="sub warn" title={PROVEN[name].how}>
                    unproven: never run for real in our tests
                  </span>
                )}
              </th>
              <td>
                {JOB_KINDS[name].doc}
                {!kind.idempotent && (
                  <span class="sub">not to be run twice: a lost one is not given out again</span>
                )}
              </td>
              <td>{isGuarded(kind) ? 'its owner' : needsOrder(kind) ? 'its owner or an admin' : 'nobody'}</td>
              <td>
                {Object.entries(kind.parameters).map(([parameter, { doc }]) => (
                  <span class="sub" title={doc}>
                    <code>{parameter}</code> {doc}
                  </span>
                ))}
              </td>
              <td>{kind.undo}</td>
              <td>{duration(kind.limitMs)}</td>
            </tr>
          );
        })}
      </Table>
    </JobsFrame>
  );
}
