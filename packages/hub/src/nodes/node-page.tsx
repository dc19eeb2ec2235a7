import type { Child } from 'hono/jsx';
import { tenths } from '../console/format.ts';
import { Ago, Tabs, Unknown } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { Explain, StateLamp } from './explain.tsx';
import type { Instant } from './liveness.ts';
import { domId, Lag, Simulated } from './row.tsx';
import { deriveState } from './state.ts';
import type { NodeDetail } from './summary.ts';

const TABS = [
  { id: 'health', path: '', word: 'Health' },
  { id: 'chains', path: '/chains', word: 'Chains' },
  { id: 'earnings', path: '/earnings', word: 'Earnings' },
  { id: 'mining', path: '/mining', word: 'Mining' },
  { id: 'config', path: '/config', word: 'Config' },
  { id: 'score', path: '/score', word: 'Score' },
  { id: 'session', path: '/session', word: 'Session' },
  { id: 'updates', path: '/updates', word: 'Updates' },
  { id: 'jobs', path: '/jobs', word: 'Jobs' },
  { id: 'backups', path: '/backups', word: 'Backups' },
  { id: 'ssh', path: '/ssh', word: 'SSH' },
  { id: 'notes', path: '/notes', word: 'Notes' },
  { id: 'payout', path: '/payout', word: 'Payout' },
  { id: 'access', path: '/access', word: 'Access' },
  { id: 'audit', path: '/audit', word: 'Audit' },
  { id: 'public', path: '/public', word: 'Public' },
] as const;
export type TabId = (typeof TABS)[number]['id'];

/** One node: its state and why, and one of its tabs. */
export function NodePage({
  node,
  at,
  tab,
  children,
}: {
  node: NodeDetail;
  at: Instant;
  tab: TabId;
  children?: Child;
}) {
  const tabs = TABS.map(({ id, path, word }) => ({ id, word, href: href(`/nodes/${node.nodeId}${path}`) }));
  return (
    <article class="node">
      <p class="crumb">
        <a href={href('/nodes')}>Nodes</a>
      </p>
      <NodeHead node={node} at={at} />
      {node.unpaid && tab !== 'payout' && (
        <p class="warning" role="status">
          It earns nothing: nobody named an account to pay it to.{' '}
          <a href={href(`/nodes/${node.nodeId}/payout`)}>Name one</a>
        </p>
      )}
      <Tabs label="Views of this node" tabs={tabs} active={tab} />
      {children}
    </article>
  );
}

/** What changes with each heartbeat, above every tab. */
export function NodeHead({ node, at }: { node: NodeDetail; at: Instant }) {
  const state = deriveState(node.facts, at);
  const { facts } = node;
  return (
    <header class="node-head" id={domId(node.nodeId)}>
      <div class="node-name">
        <h1>{node.label}</h1>
        <StateLamp state={state} />
        {node.simulated && <Simulated />}
      </div>
      <p class="node-id">
        <code>{node.nodeId}</code>
        <span>{node.owner || 'no owner'}</span>
        <span>{node.region}</span>
        <span>{node.role}</span>
      </p>
      <details class="why" id="why" open={state.name !== 'online'}>
        <summary>Why {state.name}?</summary>
        <Explain state={state} now={at.now} />
      </details>
      <dl class="strip">
        <Gauge name="Last seen">
          {facts.lastSeen === undefined ? 'never' : <Ago at={facts.lastSeen} now={at.now} />}
        </Gauge>
        <Gauge name="Lag">
          <Lag lag={facts.lag} forked={facts.forked} />
        </Gauge>
        <Gauge name="CPU">{share(node.cpu)}</Gauge>
        <Gauge name="Memory">{share(node.memory)}</Gauge>
        <Gauge name="Disk">{share(node.disk)}</Gauge>
        <Gauge name="Load">{node.load === undefined ? <Unknown /> : tenths(node.load)}</Gauge>
        <Gauge name="Peers">{node.peers ?? <Unknown />}</Gauge>
        <Gauge name="Round trip">
          {node.rttMs === undefined ? <Unknown /> : `${Math.round(node.rttMs)} ms`}
        </Gauge>
      </dl>
    </header>
  );
}

function Gauge({ name, children }: { name: string; children?: Child }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function share(value: number | undefined) {
  return value === undefined ? <Unknown /> : `${Math.round(value * 100)} %`;
}
