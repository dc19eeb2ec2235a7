import { number } from '../console/format.ts';
import { Ago, Empty, Unknown } from '../console/parts.tsx';
import { TIP_WITHIN } from './state.ts';
import type { ChainView } from './tips.ts';
import type { Truths } from './truths.ts';
import { TruthsPart } from './truths-part.tsx';

const WORDS = {
  tip: 'At the tip',
  near: 'Near the tip',
  lagging: 'Behind',
  forked: 'Off the winning branch',
  unknown: 'Not verified',
  none: 'Never reported',
} as const;

/** A block or two behind is how blocks travel: amber begins where the node's state does. */
function standingOf({ reported, standing }: ChainView): keyof typeof WORDS {
  if (reported === undefined) return 'none';
  if (standing?.state !== 'behind') return standing?.state ?? 'unknown';
  return (standing.lag ?? Number.POSITIVE_INFINITY) > TIP_WITHIN ? 'lagging' : 'near';
}

export const CHAINS_ID = 'chains';

/** Ten tips as the node says them, beside the heads that the hub verified. */
export function ChainsTab({
  chains,
  truths,
  polledAt,
  now,
}: {
  chains: readonly ChainView[];
  truths: Truths;
  polledAt: number | undefined;
  now: number;
}) {
  return (
    <section aria-labelledby="chains-title" id={CHAINS_ID}>
      <header class="tab-title">
        <h2 id="chains-title">Chains</h2>
        <p>
          {polledAt === undefined ? (
            'What the node reports'
          ) : (
            <>
              What its chainweb-node said, polled over SSH <Ago at={polledAt} now={now} />
            </>
          )}
          , against the network's head as this hub verified it from a pinned header. Up to {TIP_WITHIN} blocks
          behind are on their way, and count as at the tip.
        </p>
      </header>
      <TruthsPart truths={truths} now={now} />
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

function ChainRow({ view, now }: { view: ChainView; now: number }) {
  const { chain, reported, head, standing } = view;
  const place = standingOf(view);
  const lag = standing?.lag ?? undefined;
  return (
    <tr class={place === 'forked' || place === 'lagging' ? 'is-warn' : ''}>
      <th scope="row">{chain}</th>
      <td class={`standing is-${place}`}>{WORDS[place]}</td>
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
