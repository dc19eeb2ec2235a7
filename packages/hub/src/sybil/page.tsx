import { formatPoints } from '@stoa/protocol/stoicism';
import { control, type Faults, Field, FormFault, type Typed } from '../console/form.tsx';
import { absolute, number } from '../console/format.ts';
import { Empty, Panel, Table, Tabs } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { startOf } from '../hub-hour.ts';
import { CLUSTERINGS } from './cluster-store.ts';
import { DisputesPanel, type DisputesView } from './disputes-panel.tsx';
import { aboveCap, type OwnerCap } from './owner-cap.ts';
import { type ReportCluster, type SybilReport, scoreText, sharePer10k } from './report.ts';

export const SYBILS_PATH = '/admin/sybils';

export interface SybilsView extends DisputesView {
  readonly report: SybilReport;
  /** Which of them comes first. */
  readonly from: number;
  readonly cap: OwnerCap;
  /** Owners above it, at most a page. */
  readonly above: readonly ReportCluster[];
  readonly capAgain?: { readonly typed: Typed; readonly faults: Faults } | undefined;
}

/** Nodes that may be fewer machines than they say, for admins. */
export function SybilsPage({ view }: { view: SybilsView }) {
  return (
    <div class="stack">
      <h1>Sybils</h1>
      <DisputesPanel view={view} />
      <CapPanel view={view} />
      <ClustersPanel view={view} />
    </div>
  );
}

const WORDS = { address: 'Address', network: 'Network', owner: 'Owner' } as const;

function ClustersPanel({ view: { report, from } }: { view: SybilsView }) {
  const { by, clusters, hour, more } = report;
  const page = (start: number) => href(`${SYBILS_PATH}?by=${by}&from=${start}#clusters`);
  return (
    <Panel id="clusters" title="Clusters" aside="two nodes and more, by the last session of each">
      <Tabs
        label="Clusters by"
        active={by}
        tabs={CLUSTERINGS.map((id) => ({
          ...{ id, word: WORDS[id] },
          href: href(`${SYBILS_PATH}?by=${id}#clusters`),
        }))}
      />
      {clusters.length === 0 ? (
        <Empty title="No cluster">
          <p>
            No two nodes stand together here. From a shell:{' '}
            <code>stoa-hub sybil report --by {by} --json</code>
          </p>
        </Empty>
      ) : (
        <Table
          caption={`Nodes by ${WORDS[by].toLowerCase()}`}
          columns={[
            WORDS[by],
            ...['Nodes', 'Owners', 'Score', 'Points in the hour', 'Share', 'Alike in latency'].map(
              (word) => ({ word, num: true }) as const,
            ),
          ]}
        >
          {clusters.map((cluster) => (
            <ClusterRow cluster={cluster} all={report.earned} />
          ))}
        </Table>
      )}
      <p class="field-hint">
        {hour === undefined
          ? 'No hour is closed yet.'
          : `Points of the hour from ${absolute(startOf(hour))}.`}{' '}
        Alike: pairs whose round trips to the hub, as their agents measure them, differ by 2 ms or less over a
        day.
      </p>
      <nav class="pager" aria-label="Pages">
        {from > 0 && <a href={page(0)}>First</a>}
        {more && (
          <a rel="next" href={page(from + clusters.length)}>
            Next
          </a>
        )}
        <a href={href(`${SYBILS_PATH}.csv?by=${by}&from=${from}`)} download>
          CSV
        </a>
        <a href={href(`${SYBILS_PATH}.json?by=${by}&from=${from}`)}>JSON</a>
      </nav>
    </Panel>
  );
}

function ClusterRow({ cluster, all }: { cluster: ReportCluster; all: bigint }) {
  const { name, nodes, owners, micro, earned, latency, members } = cluster;
  return (
    <tr>
      <th scope="row" class="breaking">
        <details>
          <summary>{name}</summary>
          <ul>
            {members.map(({ nodeId, label, owner }) => (
              <li>
                <a href={href(`/nodes/${nodeId}`)}>{label}</a> {owner}
              </li>
            ))}
            {nodes > members.length && <li>and {number(nodes - members.length)} more</li>}
          </ul>
        </details>
      </th>
      <td class="num">{number(nodes)}</td>
      <td class="num">{number(owners)}</td>
      <td class="num">{scoreText(micro)}</td>
      <td class="num">{formatPoints(earned, 6)}</td>
      <td class="num">{percentOf(earned, all)}</td>
      <td class="num">{latency.pairs === 0 ? '–' : `${latency.alike} of ${latency.pairs}`}</td>
    </tr>
  );
}

function percentOf(earned: bigint, all: bigint): string {
  return `${(sharePer10k(earned, all) / 100).toFixed(2)} %`;
}

function CapPanel({ view: { cap, above, report, decides, capAgain } }: { view: SybilsView }) {
  const faults = capAgain?.faults ?? {};
  const isOff = cap.nodes === undefined && cap.percent === undefined;
  return (
    <Panel id="cap" title="Cap of an owner" aside="tells who is above it; the ledger cuts nothing">
      {isOff ? (
        <p>Off: an owner may hold any part of the region.</p>
      ) : above.length === 0 ? (
        <p>Nobody is above it.</p>
      ) : (
        <Table caption="Owners above the cap" columns={['Owner', 'By']}>
          {above.map((owner) => (
            <tr>
              <th scope="row">{owner.name}</th>
              <td>{aboveCap(cap, owner, report.earned).join(', ')}</td>
            </tr>
          ))}
        </Table>
      )}
      {decides && (
        <form method="post" action={href(`${SYBILS_PATH}/cap`)} class="form-row">
          <FormFault faults={faults} />
          <Field name="nodes" label="Nodes" hint="Empty: any number." fault={faults['nodes']}>
            <input
              {...control('nodes', faults['nodes'], true)}
              value={cap.nodes ?? ''}
              inputmode="numeric"
              maxlength={7}
              autocomplete="off"
            />
          </Field>
          <Field
            name="percent"
            label="Percent of what is earned"
            hint="Empty: any share."
            fault={faults['percent']}
          >
            <input
              {...control('percent', faults['percent'], true)}
              value={cap.percent ?? ''}
              inputmode="decimal"
              maxlength={6}
              autocomplete="off"
            />
          </Field>
          <button type="submit" class="quiet">
            Set
          </button>
        </form>
      )}
    </Panel>
  );
}
