import { Figures, type HubFacts } from '#fleet/index.ts';
import {
  type Census,
  type Instant,
  listUrl,
  type OutdatedChainweb,
  outdatedUrl,
  STATE_WORDS,
  STATES,
  type StateName,
} from '#nodes/index.ts';
import { number } from '../console/format.ts';
import { Lamp } from '../console/lamp.ts';
import { Ago, Empty, Facts, Panel, Wide } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { join, printSelector, type Selector } from '../selector/index.ts';
import { dayOf } from './required-chainweb.tsx';
import type { InstanceFacts, Row } from './store.ts';

export interface AdminFleetView {
  readonly rows: readonly Row[];
  readonly instances: readonly InstanceFacts[];
  readonly census: Census;
  readonly chainweb: OutdatedChainweb | undefined;
  readonly hub: HubFacts;
  readonly at: Instant;
}

/** The whole fleet by numbers, each of which leads to its nodes. */
export function AdminFleetPage({ view }: { view: AdminFleetView }) {
  const { census, at } = view;
  return (
    <>
      <header class="title">
        <h1>Fleet</h1>
        <Figures census={census} at={at} />
      </header>
      <div class="stack">
        <Matrix view={view} />
        <div class="panels">
          <Instances view={view} />
          <Gate view={view} />
          {view.chainweb && <Chainweb chainweb={view.chainweb} />}
        </div>
      </div>
    </>
  );
}

function Matrix({ view: { rows } }: { view: AdminFleetView }) {
  const shown = STATES.filter((state) => rows.some(({ byState }) => byState.has(state)));
  const regions = [...Map.groupBy(rows, ({ region }) => region)];
  if (rows.length === 0)
    return (
      <Empty title="No node has joined yet">
        <p>
          <a href={href('/join')}>Add a node</a>
        </p>
      </Empty>
    );
  return (
    <Panel id="matrix" title="By region, version and state" aside="each number leads to its nodes">
      <Wide label="Counts, scrollable">
        <table class="matrix">
          <caption class="away">Nodes by region, agent version and state</caption>
          <thead>
            <tr>
              <th scope="col">Region, version</th>
              {shown.map((state) => (
                <th scope="col" class="num">
                  <Lamp name={state} word={STATE_WORDS[state]} />
                </th>
              ))}
              <th scope="col" class="num">
                All
              </th>
            </tr>
          </thead>
          {regions.map(([region, versions]) => (
            <tbody>
              <MatrixRow row={sumOf(region, versions)} shown={shown} />
              {versions.map((row) => (
                <MatrixRow row={row} shown={shown} version />
              ))}
            </tbody>
          ))}
        </table>
      </Wide>
    </Panel>
  );
}

function sumOf(region: string, rows: readonly Row[]): Row {
  const byState = new Map<StateName, number>();
  for (const row of rows)
    for (const [state, count] of row.byState) byState.set(state, (byState.get(state) ?? 0) + count);
  return { region, version: undefined, byState, total: rows.reduce((sum, { total }) => sum + total, 0) };
}

function MatrixRow({
  row,
  shown,
  version = false,
}: {
  row: Row;
  shown: readonly StateName[];
  version?: boolean;
}) {
  // No word of the language finds nodes that said nothing of their version.
  const linked = !version || row.version !== undefined;
  const cell = (state: StateName | undefined, count: number) => {
    if (count === 0) return <span class="unknown">·</span>;
    return linked ? <a href={nodesOf(row, version, state)}>{number(count)}</a> : number(count);
  };
  return (
    <tr class={version ? 'matrix-version' : 'matrix-region'}>
      <th scope="row">{version ? (row.version ?? 'not told yet') : row.region}</th>
      {shown.map((state) => (
        <td class="num">{cell(state, row.byState.get(state) ?? 0)}</td>
      ))}
      <td class="num">{cell(undefined, row.total)}</td>
    </tr>
  );
}

function nodesOf(row: Row, version: boolean, state: StateName | undefined): string {
  const term = (field: string, value: string | undefined): Selector[] =>
    value === undefined ? [] : [{ kind: 'term', field, operator: ':', values: [value], column: 1 }];
  const parts = [
    ...term('state', state),
    ...term('region', row.region),
    ...(version ? term('version', row.version) : []),
  ];
  return href(`/${listUrl(printSelector(join('and', parts)))}`);
}

function Instances({ view: { instances, hub, at } }: { view: AdminFleetView }) {
  return (
    <Panel id="instances" title="Hub instances" aside="which one agents talk to">
      <table>
        <caption class="away">Agents by hub instance</caption>
        <thead>
          <tr>
            <th scope="col">Instance</th>
            <th scope="col" class="num">
              Agents
            </th>
            <th scope="col" class="num">
              Heard
            </th>
            <th scope="col">Newest session</th>
          </tr>
        </thead>
        <tbody>
          {instances.map(({ instanceId, agents, heard, newestSession }) => (
            <tr>
              <th scope="row">
                <code>{instanceId}</code>{' '}
                {instanceId === hub.instanceId && <span class="mark">this one</span>}
              </th>
              <td class="num">{number(agents)}</td>
              <td class="num">{number(heard)}</td>
              <td>
                <Ago at={newestSession} now={at.now} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {instances.length === 0 && <p class="unknown">No agent is connected to any instance.</p>}
    </Panel>
  );
}

function Chainweb({ chainweb: { required, count } }: { chainweb: OutdatedChainweb }) {
  return (
    <Panel
      id="chainweb"
      title="Required chainweb-node"
      aside={`${required.version} by ${dayOf(required.by)}`}
    >
      <p class={count > 0 ? 'warn' : undefined}>
        <a href={href(`/${outdatedUrl(required)}`)}>
          <strong>{number(count)}</strong> {count === 1 ? 'node runs' : 'nodes run'} an older one
        </a>
      </p>
      {count > 0 && (
        <p>
          <a href={href('/admin/rollouts/chainweb')}>Upgrade them ring by ring</a>
        </p>
      )}
    </Panel>
  );
}

/** From here on a storm is under way: more wait than the gate works at once. */
const STORM = 64;

function Gate({ view: { hub } }: { view: AdminFleetView }) {
  const { active, waiting, done, refused, throttled } = hub.handshakes;
  const storm = waiting >= STORM;
  return (
    <Panel id="gate" title="Connect storm" aside={storm ? 'a storm is under way' : 'calm'}>
      <div class="stack">
        <p class={storm ? 'gauge is-late' : 'gauge'}>
          <strong>{number(waiting)}</strong> waiting for a handshake
          <meter min={0} max={1_000} high={STORM} optimum={0} value={Math.min(waiting, 1_000)}>
            {waiting} of 1,000
          </meter>
        </p>
        <Facts
          facts={[
            { name: 'Under way', value: number(active) },
            { name: 'Sessions here', value: number(hub.sessions) },
            { name: 'Frames', value: `${number(Math.round(hub.framesPerSecond))} a second` },
            {
              name: 'Since the start',
              value: `${number(done)} let in, ${number(refused)} refused, ${number(throttled)} turned away`,
            },
          ]}
        />
      </div>
    </Panel>
  );
}
