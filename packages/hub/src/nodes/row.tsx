import { number, short, tenths } from '../console/format.ts';
import { Ago, Bar, Unknown } from '../console/parts.tsx';
import { ExplainedLamp } from './explain.tsx';
import type { Instant } from './liveness.ts';
import { deriveState, TIP_WITHIN } from './state.ts';
import type { NodeSummary } from './summary.ts';

/** Names a node's elements in a page: enough of the id to be its own. */
export function domId(nodeId: string): string {
  return `n-${nodeId.slice(0, 16)}`;
}

/** One node in the list. */
export function NodeRow({ node, at }: { node: NodeSummary; at: Instant }) {
  const id = domId(node.nodeId);
  const { facts } = node;
  return (
    <tr id={id}>
      <td class="c-state">
        <ExplainedLamp id={`${id}-why`} state={deriveState(facts, at)} now={at.now} />
      </td>
      <th scope="row" class="c-node">
        <a href={`/nodes/${node.nodeId}`}>{node.label}</a>
        {node.simulated && <Simulated />}
        <span class="sub">
          {short(node.nodeId)} · {node.owner || 'no owner'}
        </span>
      </th>
      <td class="num c-lag">
        <Lag lag={facts.lag} forked={facts.forked} />
      </td>
      <td class="c-seen">{facts.lastSeen === undefined ? 'never' : <Ago at={facts.lastSeen} now={at.now} />}</td>
      <td class="c-load">
        <Share share={node.cpu} what="CPU" />
      </td>
      <td class="c-load">
        <Share share={node.memory} what="Memory" />
      </td>
      <td class="c-load">
        <Share share={node.disk} what="Disk" />
      </td>
      <td class="num c-wide">{node.load === undefined ? <Unknown /> : tenths(node.load)}</td>
      <td class="c-version">{node.agentVersion ?? <Unknown why="the agent has not described itself yet" />}</td>
      <td class="c-region">{node.region}</td>
    </tr>
  );
}

export function Simulated() {
  return (
    <span class="mark" title="A simulated node: never counted in ledger, mint or public pages">
      simulated
    </span>
  );
}

/** Blocks behind on the worst chain. */
export function Lag({ lag, forked }: { lag: number | undefined; forked: boolean }) {
  if (lag === undefined) return <Unknown why="a tip of this node is not known to the hub" />;
  return (
    <span class={lag > TIP_WITHIN || forked ? 'warn' : ''}>
      {number(lag)}
      {forked && ' · fork'}
    </span>
  );
}

function Share({ share, what }: { share: number | undefined; what: string }) {
  if (share === undefined) return <Unknown why={`${what}: not measured yet`} />;
  return (
    <>
      <Bar share={share} />
      <span class="share">{Math.round(share * 100)}</span>
    </>
  );
}
