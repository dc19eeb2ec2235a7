import { Act } from '../console/form.tsx';
import { Empty, Panel } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { Undecided } from './imported-nodes.ts';

/** Joined nodes of which it is not clear which imported ones they are, each with what to choose among. */
export function ImportedPage({ undecided, waiting }: { undecided: readonly Undecided[]; waiting: number }) {
  return (
    <>
      <header class="title">
        <h1>Imported nodes</h1>
        <p class="panel-aside">{waiting === 1 ? '1 has not joined yet' : `${waiting} have not joined yet`}</p>
      </header>
      {undecided.length === 0 ? (
        <Empty title="Nothing to decide">
          <p>
            A node from another hub becomes the one here as it joins, by its id, its label or its host name.
            Where that is not clear, you choose here. <a href={href('/join')}>Add a node</a>
          </p>
        </Empty>
      ) : (
        undecided.map((node) => <Choice node={node} />)
      )}
    </>
  );
}

function Choice({ node: { nodeId, label, candidates } }: { node: Undecided }) {
  return (
    <Panel
      id={`imported-${nodeId.slice(0, 16)}`}
      title={`Which one is ${label}?`}
      aside="it takes over label, tags, notes and benchmarks"
    >
      <p>
        <a href={href(`/nodes/${nodeId}`)}>{label}</a> joined, and is like several nodes of the hub that you
        came from.
      </p>
      <ul class="alert-list">
        {candidates.map((candidate) => (
          <li class="alert">
            <p>
              <strong>{candidate.label}</strong>: same {candidate.why}
              {candidate.hosts.length > 0 && <>; {candidate.hosts.join(', ')}</>}
              {candidate.tags.map((tag) => (
                <>
                  {' '}
                  <span class="mark">{tag}</span>
                </>
              ))}
            </p>
            <form method="post" action={href(`/imported/${nodeId}`)}>
              <input type="hidden" name="label" value={candidate.label} />
              <button type="submit" class="quiet" aria-label={`${label} is ${candidate.label}`}>
                This one
              </button>
            </form>
          </li>
        ))}
      </ul>
      <Act
        path={`/imported/${nodeId}/none`}
        word="None of them: it is new"
        label={`${label} is none of them`}
      />
    </Panel>
  );
}
