import type { NetworkHead } from '#nodes/index.ts';
import { number, percent } from '../console/format.ts';
import { Ago, Empty, Panel } from '../console/parts.tsx';
import { type Groups, LEAST } from './anonymity.ts';
import { type Dot, WorldMap } from './world-map.tsx';

export interface PulseView {
  readonly network: string;
  readonly regions: Groups;
  readonly versions: Groups;
  readonly dots: readonly Dot[];
  readonly heads: readonly NetworkHead[];
  /** Address of the land's outline. */
  readonly land: string;
  readonly now: number;
}

/** Where no group is told by its number, nothing is known of the sum either. */
function toldOf({ told, andMore }: Groups): string {
  if (told === 0 && andMore) return 'a few';
  return andMore ? `${number(told)}+` : number(told);
}

/** The network at a glance, for everybody: nothing in it belongs to one node or person. */
export function PulsePage({ view }: { view: PulseView }) {
  const { regions, network } = view;
  return (
    <div class="public">
      <header class="title">
        <h1>Network pulse</h1>
        <p class="pulse">
          <span>
            <strong>{toldOf(regions)}</strong> nodes connected
          </span>
          <span>
            <strong>{number(regions.groups.length)}</strong>{' '}
            {regions.groups.length === 1 ? 'region' : 'regions'}
          </span>
          <span>
            <strong>{view.heads.length}</strong> chains of {network}
          </span>
        </p>
      </header>
      <TipStrip heads={view.heads} now={view.now} />
      {regions.groups.length === 0 ? (
        <Empty title="No node is connected">
          <p>
            The map shows nodes as they connect. To add one, <a href="/fleet">sign in</a>.
          </p>
        </Empty>
      ) : (
        <div class="pulse-map">
          <section class="panel" aria-labelledby="map-title">
            <header>
              <h2 id="map-title">Where they are</h2>
              <p class="panel-aside">by region, never by node</p>
            </header>
            <WorldMap dots={view.dots} land={view.land} />
          </section>
          <div class="pulse-side">
            <Panel id="regions" title="Nodes by region">
              <GroupTable caption="Connected nodes by region" groups={regions} />
            </Panel>
            <Panel id="versions" title="Agent versions">
              <GroupTable caption="Share of connected nodes by version" groups={view.versions} share />
            </Panel>
          </div>
        </div>
      )}
      <p class="footnote">
        Connected: heard from within the last five minutes. A group of fewer than {LEAST} nodes is not told by
        its number. Simulated nodes are not counted.
      </p>
    </div>
  );
}

const BLOCK_MS = 30_000;

function TipStrip({ heads, now }: { heads: readonly NetworkHead[]; now: number }) {
  if (heads.length === 0)
    return (
      <Panel id="tips" title="Chain heads">
        <p class="unknown">No header is verified yet: the hub checks each from a pinned one on.</p>
      </Panel>
    );
  return (
    <Panel id="tips" title="Chain heads" aside="as this hub verified them; a block is due every 30 s">
      <ol class="heads">
        {heads.map((head) => (
          <li class={headClass(now - head.at)}>
            <span class="head-chain">Chain {head.chain}</span>
            <span class="head-height">{number(head.height)}</span>
            <Ago at={head.at} now={now} />
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function headClass(ms: number): string {
  if (ms < 4 * BLOCK_MS) return 'head-fresh';
  return ms < 10 * BLOCK_MS ? 'head-slow' : 'head-stalled';
}

function GroupTable({ caption, groups, share }: { caption: string; groups: Groups; share?: boolean }) {
  const most = Math.max(1, ...groups.groups.map(({ count = 0 }) => count));
  return (
    <table class="shares">
      <caption class="away">{caption}</caption>
      <tbody>
        {groups.groups.map(({ name, count }) => (
          <tr>
            <th scope="row">{name}</th>
            <td class="shares-bar">
              <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                <rect width={(((count ?? 0) / most) * 100).toFixed(1)} height="6" />
              </svg>
            </td>
            <td class="num">
              {count === undefined ? `under ${LEAST}` : share ? percent(count / groups.told) : number(count)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
