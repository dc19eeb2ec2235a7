import { control, type Faults, Field, FormFault } from '../console/form.tsx';
import { absolute, number } from '../console/format.ts';
import { Ago, Empty, Panel, Table } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { Dispute, DisputeEvidence } from './dispute.ts';

export const PACES: Readonly<Record<string, string>> = {
  apart: 'each as quick as alone',
  'in-turn': 'one after another, as of one disk',
  shared: 'as slow as all of them together, as of one machine',
  unclear: 'nothing to tell',
};

export interface DisputesView {
  readonly disputes: readonly Dispute[];
  readonly now: number;
  /** Whether who looks may decide. */
  readonly decides: boolean;
  readonly again?: { readonly disputeId: string; readonly faults: Faults } | undefined;
}

const TITLES = { audit: 'Audits of', answer: 'Wrong answers of', certificate: 'Certificate' } as const;

/** What is disputed, with what speaks for it. */
export function DisputesPanel({ view }: { view: DisputesView }) {
  const { disputes } = view;
  return (
    <Panel
      id="disputes"
      title="Disputes"
      aside="evidence for a person to look at; none changes what a node earns"
    >
      {disputes.length === 0 ? (
        <Empty title="Nothing is disputed">
          <p>
            Two of three audits that look like one machine, a wrong answer, or one certificate at two nodes,
            come here. Audits need a chainweb of the hub’s own: <code>CHAINWEB_URL</code>.
          </p>
        </Empty>
      ) : (
        <div class="stack">
          {disputes.map((dispute) => (
            <OneDispute dispute={dispute} view={view} />
          ))}
        </div>
      )}
    </Panel>
  );
}

function OneDispute({ dispute, view }: { dispute: Dispute; view: DisputesView }) {
  const { disputeId, kind, subject, nodes, evidence, isOpen, openedAt } = dispute;
  return (
    <article aria-labelledby={`dispute-${disputeId}`}>
      <h3 id={`dispute-${disputeId}`} class="breaking">
        {TITLES[kind]} {subject}
      </h3>
      <p>
        {number(nodes.length)} nodes, since <Ago at={openedAt} now={view.now} />, <code>{disputeId}</code>.{' '}
        {isOpen && <strong class="warn">open</strong>}
      </p>
      <ul>
        {nodes.map(({ nodeId, ownerId, decision }) => (
          <li class="breaking">
            <NodeLink id={nodeId} />
            {ownerId !== undefined && (
              <>
                {' '}
                of owner <code>{ownerId.slice(0, 12)}</code>
              </>
            )}
            :{' '}
            {decision === undefined
              ? 'open'
              : `${decision.word} by an Ancient Admin, ${absolute(decision.at)}: ${decision.reason}`}
          </li>
        ))}
      </ul>
      {evidence.map((one) => (
        <EvidenceOf evidence={one} />
      ))}
      {isOpen && view.decides && <Decide dispute={dispute} view={view} />}
    </article>
  );
}

function EvidenceOf({ evidence }: { evidence: DisputeEvidence }) {
  if (evidence.what === 'certificate')
    return (
      <p class="breaking">
        {absolute(evidence.at)}: node <NodeLink id={evidence.rival} /> answered at {evidence.host}:
        {evidence.port} with the certificate of <NodeLink id={evidence.holder} />, says{' '}
        <NodeLink id={evidence.dialler} />.
      </p>
    );
  const { at, pace, answers, instanceId } = evidence;
  return (
    <details>
      <summary>
        {absolute(at)}, by {instanceId}: {PACES[pace]}
      </summary>
      <Table
        caption={`Answers of ${absolute(at)}`}
        columns={[
          'Node',
          'Answer',
          ...['Round trip, ms', 'Alone, ms', 'Together, ms', 'Deadline, ms'].map(
            (word) => ({ word, num: true }) as const,
          ),
        ]}
      >
        {answers
          .toSorted((a, b) => a.togetherMs - b.togetherMs)
          .map((answer) => (
            <tr>
              <th scope="row">
                <NodeLink id={answer.nodeId} />
              </th>
              <td>{answer.isLate ? `${answer.result}, late` : answer.result}</td>
              {[answer.rttMs, answer.aloneMs, answer.togetherMs, answer.deadlineMs].map((ms) => (
                <td class="num">{Math.round(ms)}</td>
              ))}
            </tr>
          ))}
      </Table>
    </details>
  );
}

function NodeLink({ id }: { id: string }) {
  return (
    <a href={href(`/nodes/${id}`)}>
      <code>{id.slice(0, 12)}</code>
    </a>
  );
}

/** Of each node by itself: those that are left out stay open. */
function Decide({
  dispute: { disputeId, nodes },
  view: { again },
}: {
  dispute: Dispute;
  view: DisputesView;
}) {
  const faults = again?.disputeId === disputeId ? again.faults : {};
  const name = `reason-${disputeId}`;
  return (
    <form method="post" action={href(`/admin/sybils/disputes/${disputeId}`)} class="form-row">
      <FormFault faults={faults} hidden={['word', 'node']} />
      <fieldset class="choices">
        <legend>Nodes</legend>
        {nodes
          .filter(({ decision }) => decision === undefined)
          .map(({ nodeId }) => (
            <label class="choice">
              <input type="checkbox" name="node" value={nodeId} checked />
              <code title={nodeId}>{nodeId.slice(0, 12)}</code>
            </label>
          ))}
        {faults['node'] !== undefined && (
          <p class="field-fault" role="alert">
            {faults['node']}
          </p>
        )}
      </fieldset>
      <Field name={name} label="Why" fault={faults['reason']}>
        <input
          {...control(name, faults['reason'])}
          name="reason"
          maxlength={200}
          autocomplete="off"
          required
        />
      </Field>
      <button type="submit" name="word" value="dismissed" class="quiet">
        Dismiss
      </button>
      <button type="submit" name="word" value="upheld" class="quiet">
        Uphold
      </button>
    </form>
  );
}
