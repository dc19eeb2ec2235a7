import { number } from '../console/format.ts';
import { Empty, Panel, Table } from '../console/parts.tsx';
import type { PublishedRoot } from './published-root.ts';
import { VERIFY_PATH } from './verify-page.tsx';

export const PATH = '/explorer/receipts';

export interface HoursView {
  readonly roots: readonly PublishedRoot[];
  /** Before which root the page begins, by its number; undefined: with the newest. */
  readonly before: number | undefined;
  readonly more: boolean;
}

/** What the region published of each hour that was closed. No node and nobody is in it. */
export function HoursPage({ view: { roots, before, more } }: { view: HoursView }) {
  return (
    <div class="public">
      <header class="title">
        <h1>Receipts</h1>
        <p>
          <a href={VERIFY_PATH}>Verify what a node earned</a>
        </p>
      </header>
      <p class="lead">
        Each hour is closed with a receipt for every node that was here: its minutes, the gates that they
        failed, its score and its points. The receipts are the leaves of one tree, and an instance of the
        region signs the root: nobody can be shown another receipt later than was given to the node.
      </p>
      {roots.length === 0 ? (
        <Empty title={before === undefined ? 'No hour is closed yet' : 'There are no earlier roots'}>
          <p>
            {before === undefined ? (
              'An hour is closed 15 minutes after its end.'
            ) : (
              <a href={PATH}>Back to the newest</a>
            )}
          </p>
        </Empty>
      ) : (
        <RootTable roots={roots} caption="Roots, the newest first" />
      )}
      <nav class="pager" aria-label="Pages">
        {before !== undefined && <a href={PATH}>Newest</a>}
        {more && (
          <a rel="next" href={`${PATH}?before=${roots.at(-1)?.number}`}>
            Earlier
          </a>
        )}
        <a href={`${PATH}.json${before === undefined ? '' : `?before=${before}`}`}>JSON</a>
      </nav>
    </div>
  );
}

/** Passes over one hour, with the means to check each. */
export function HourPage({ hubHour, roots }: { hubHour: number; roots: readonly PublishedRoot[] }) {
  return (
    <div class="public">
      <p class="crumb">
        <a href={PATH}>Receipts</a>
      </p>
      <header class="title">
        <h1>{instantName(hubHour)} UTC</h1>
        <p>
          <a href={`${PATH}/${hubHour}.json`}>JSON</a>
        </p>
      </header>
      <p class="lead">
        Pass 0 closed the hour. Later ones found words of minutes that came late, and hold a receipt for each
        node that they changed something for; the receipts before stay what they are.
      </p>
      <RootTable roots={roots} caption="Passes over the hour" />
      <div class="stack below">
        {roots.map((root) => (
          <Panel id={`pass-${root.pass}`} title={`Pass ${root.pass}, as it was signed`}>
            <dl class="facts">
              <dt>Root</dt>
              <dd>
                <code>{root.root}</code>
              </dd>
              <dt>Signed by</dt>
              <dd>instance {root.instance}</dd>
              <dt>Its key</dt>
              <dd>
                <code>{root.instanceKey}</code>
              </dd>
              <dt>Number</dt>
              <dd>{number(root.number)}</dd>
              <dt>Before it</dt>
              <dd>
                <code>{root.previous}</code>
              </dd>
              <dt>As signed</dt>
              <dd>
                <code class="address">{root.signed}</code>
              </dd>
            </dl>
          </Panel>
        ))}
      </div>
    </div>
  );
}

function RootTable({ roots, caption }: { roots: readonly PublishedRoot[]; caption: string }) {
  return (
    <Table
      caption={caption}
      columns={[
        'Hour (UTC)',
        { word: 'Pass', num: true },
        { word: 'Receipts', num: true },
        'Root',
        'Signed by',
      ]}
    >
      {roots.map((root) => (
        <tr>
          <th scope="row" class="whole">
            <a href={`${PATH}/${root.hubHour}`}>{instantName(root.hubHour)}</a>
          </th>
          <td class="num">{root.pass}</td>
          <td class="num">{number(root.count)}</td>
          <td>
            <code title={root.root}>{root.root.slice(0, 16)}…</code>
          </td>
          <td>{root.instance}</td>
        </tr>
      ))}
    </Table>
  );
}

/** 2026-11-26 14:00, of whole hours since 1970. */
export function instantName(hubHour: number): string {
  return new Date(hubHour * 3_600_000).toISOString().slice(0, 16).replace('T', ' ');
}
