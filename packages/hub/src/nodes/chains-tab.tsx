import { number } from '../console/format.ts';
import { Ago, Empty, Unknown } from '../console/parts.tsx';
import { TIP_WITHIN } from './state.ts';
import type { ChainView } from './tips.ts';

const WORDS = {
  tip: 'At the tip',
  behind: 'Behind',
  forked: 'Off the winning branch',
  unknown: 'Not verified',
} as const;

export const CHAINS_ID = 'chains';

/** Ten tips as the node says them, beside the heads that the hub verified. */
export function ChainsTab({ chains, now }: { chains: readonly ChainView[]; now: number }) {
  return (
    <section aria-labelledby="chains-title" id={CHAINS_ID}>
      <header class="tab-title">
        <h2 id="chains-title">Chains</h2>
        <p>What the node reports, against the network's head as this hub verified it from a pinned header.</p>
      </header>
      {chains.length === 0 ? (
        <Empty title="No chain is known yet">
          <p>The hub has verified no header, and the node has reported no tip.</p>
        </Empty>
      ) : (
        <table class="chains">
          <caption class="away">Tips by chain</caption>
          <thead>
            <tr>
              <th scope="col">Chain</th>
              <th scope="col">Standing</th>
              <th scope="col" class="num">
                Lag
              </th>
              <th scope="col" class="num">
                Node
              </th>
              <th scope="col" class="num">
                Network
              </th>
              <th scope="col" class="c-wide">
                Node's tip
              </th>
              <th scope="col" class="c-wide">
                Network's head
              </th>
              <th scope="col" class="c-made">
                Head made
              </th>
            </tr>
          </thead>
          <tbody>
            {chains.map((view) => (
              <ChainRow view={view} now={now} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function ChainRow({ view: { chain, reported, head, standing }, now }: { view: ChainView; now: number }) {
  const state = reported === undefined ? undefined : (standing?.state ?? 'unknown');
  const lag = standing?.lag ?? undefined;
  return (
    <tr class={state === 'forked' || (lag ?? 0) > TIP_WITHIN ? 'is-warn' : ''}>
      <th scope="row">{chain}</th>
      <td class={`standing is-${state ?? 'none'}`}>
        {state === undefined ? 'Never reported' : WORDS[state]}
      </td>
      <td class="num">{lag === undefined ? <Unknown /> : number(lag)}</td>
      <td class="num">{reported ? number(reported.height) : <Unknown />}</td>
      <td class="num">
        {head ? number(head.height) : <Unknown why="the hub has verified no header of this chain" />}
      </td>
      <td class="c-wide">{reported ? <Hash text={reported.hash} /> : <Unknown />}</td>
      <td class="c-wide">{head ? <Hash text={head.hash} /> : <Unknown />}</td>
      <td class="c-made">{head ? <Ago at={head.at} now={now} /> : <Unknown />}</td>
    </tr>
  );
}

function Hash({ text }: { text: string }) {
  return (
    <code class="hash" title={text}>
      {text.slice(0, 12)}…
    </code>
  );
}
