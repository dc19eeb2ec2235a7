import { listUrl } from '#nodes/index.ts';
import { number } from '../console/format.ts';
import { Panel } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { isEverything, printSelector } from '../selector/index.ts';
import { actOf } from './acts.ts';
import type { BlastRadius, BulkRequest, Share } from './bulk-acts.ts';

const nodesWord = (count: number) => `${number(count)} ${count === 1 ? 'node' : 'nodes'}`;

/** What an act on many nodes would touch, before it is done. */
export function BulkPage({
  request,
  radius,
  fault,
}: {
  request: BulkRequest;
  radius: BlastRadius;
  fault?: string | undefined;
}) {
  const act = actOf(request.act);
  const text = printSelector(request.selector);
  const back = href(`/${listUrl(text)}`);
  return (
    <article class="bulk">
      <p class="crumb">
        <a href={back}>Nodes</a>
      </p>
      <div class="title">
        <h1>{act.says(nodesWord(radius.nodes), request.tag)}</h1>
      </div>
      {fault && (
        <p class="field-fault" role="alert">
          {fault}
        </p>
      )}
      <div class="stack">
        <Panel
          id="radius"
          title="Blast radius"
          aside={radius.owners > 1 && `${number(radius.owners)} owners`}
        >
          <p>
            {isEverything(request.selector) ? (
              <strong>Every node that you see</strong>
            ) : (
              <code class="selector">{text}</code>
            )}{' '}
            finds {nodesWord(radius.found)}; {radius.nodes === radius.found ? 'all' : number(radius.nodes)} of
            them change.
            {radius.found > radius.nodes && ' The others are so already, or you may not do this with them.'}
          </p>
          <div class="radius">
            <Shares title="Regions" shares={radius.regions} />
            <Shares title="Versions" shares={radius.versions} />
            <div>
              <h3>Nodes</h3>
              <ul>
                {radius.sample.map(({ nodeId, label }) => (
                  <li>
                    <a href={href(`/nodes/${nodeId}`)}>{label}</a>
                  </li>
                ))}
                {radius.nodes > radius.sample.length && (
                  <li>and {number(radius.nodes - radius.sample.length)} more</li>
                )}
              </ul>
            </div>
          </div>
        </Panel>
        {radius.nodes > 0 && (
          <form method="post" action={href('/bulk')} class="confirm-act">
            <input type="hidden" name="act" value={request.act} />
            <input type="hidden" name="tag" value={request.tag} />
            <input type="hidden" name="q" value={text} />
            <input type="hidden" name="shown" value={String(radius.nodes)} />
            <button type="submit" class={act.fresh ? 'primary is-grave' : 'primary'}>
              {act.word}: {nodesWord(radius.nodes)}
            </button>
            <a href={back}>Leave them as they are</a>
          </form>
        )}
        {radius.nodes === 0 && (
          <p>
            Nothing would change. <a href={back}>Back to the list</a>
          </p>
        )}
      </div>
    </article>
  );
}

function Shares({ title, shares }: { title: string; shares: readonly Share[] }) {
  return (
    <div>
      <h3>{title}</h3>
      <ul>
        {shares.map(({ name, nodes }) => (
          <li>
            {name} <span class="count">{number(nodes)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
