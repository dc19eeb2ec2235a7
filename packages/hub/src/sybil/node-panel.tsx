import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { absolute } from '../console/format.ts';
import { Ago, Panel } from '../console/parts.tsx';
import type { Dispute, DisputeEvidence } from './dispute.ts';
import { DisputeStore } from './dispute-store.ts';
import { PACES } from './disputes-panel.tsx';

/** What is disputed of a node, for its Health tab: nothing where nothing is. Of others' nodes it tells no more than how many. */
export class DisputePanel {
  readonly #store: DisputeStore;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'> }) {
    this.#store = new DisputeStore(by.sql);
    this.#clock = by.clock;
  }

  async render(nodeId: string) {
    const disputes = await this.#store.ofNode(nodeId);
    if (disputes.length === 0) return '';
    return (
      <Panel id="disputed" title="Disputed" aside="does not change what it earns">
        {disputes.map((dispute) => (
          <Told dispute={dispute} nodeId={nodeId} now={this.#clock.now()} />
        ))}
      </Panel>
    );
  }
}

function Told({ dispute, nodeId, now }: { dispute: Dispute; nodeId: string; now: number }) {
  const { openedAt, evidence, nodes } = dispute;
  const decision = nodes.find((node) => node.nodeId === nodeId)?.decision;
  return (
    <>
      <p>
        <strong class="warn">{decision === undefined ? 'Open' : 'Upheld'}</strong> since{' '}
        <Ago at={openedAt} now={now} />, with {nodes.length - 1} other nodes.{' '}
        {decision === undefined
          ? 'An Ancient Admin looks at the evidence and decides. Containers of one host are nodes by right: tell the admins if these are.'
          : `An Ancient Admin: ${decision.reason}`}
      </p>
      <ul>
        {evidence.map((one) => (
          <li>{sentence(one, nodeId)}</li>
        ))}
      </ul>
    </>
  );
}

function sentence(one: DisputeEvidence, nodeId: string): string {
  if (one.what === 'certificate')
    return `${absolute(one.at)}: ${one.rival === nodeId ? 'it answered' : 'another node answered'} at port ${one.port} with the certificate of ${one.rival === nodeId ? 'another node' : 'this one'}.`;
  const own = one.answers.find((answer) => answer.nodeId === nodeId);
  const times =
    own === undefined
      ? ''
      : ` It took ${Math.round(own.aloneMs)} ms alone, ${Math.round(own.togetherMs)} ms together.`;
  if (own?.result === 'wrong')
    return `${absolute(one.at)}: its signed answer is not what the payloads make that it was asked for.`;
  return `${absolute(one.at)}: ${one.answers.length} nodes were asked at once: ${PACES[one.pace]}.${times}`;
}
