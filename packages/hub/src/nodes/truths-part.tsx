import { Ago, Unknown } from '../console/parts.tsx';
import type { Truth, Truths } from './truths.ts';

/** Three who know something of the node, side by side. */
export function TruthsPart({ truths, now }: { truths: Truths; now: number }) {
  const { agent, hub, chain, disagreements } = truths;
  return (
    <>
      <dl class="truths">
        <One name="The agent says" truth={agent} now={now} />
        <One name="The hub saw" truth={hub} now={now} />
        <One name="The chain confirms" truth={chain} now={now} />
      </dl>
      {disagreements.length === 0 ? (
        <p class="truths-agree">The three agree.</p>
      ) : (
        <div class="warning truths-differ">
          <p>
            <strong>They do not agree.</strong> What is not confirmed counts for nothing.
          </p>
          <ul>
            {disagreements.map((text) => (
              <li>{text}</li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

function One({ name, truth: { says, at }, now }: { name: string; truth: Truth; now: number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{says}</dd>
      <dd class="truth-age">
        {at === undefined ? <Unknown why="nothing yet" /> : <Ago at={at} now={now} />}
      </dd>
    </div>
  );
}
