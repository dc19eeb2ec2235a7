import { encodeCursor, STATE_WORDS } from '#nodes/index.ts';
import { Lamp } from '../console/lamp.ts';
import { Empty, Facts, Panel, Unknown } from '../console/parts.tsx';
import type { ExplorerPage, PublicNode } from './store.ts';

/** Nodes whose owners show them. */
export function ExplorerListPage({ page, first }: { page: ExplorerPage; first: boolean }) {
  return (
    <div class="public">
      <header class="title">
        <h1>Nodes</h1>
        <p class="pulse">
          <span>shown by their owners</span>
        </p>
      </header>
      {page.nodes.length === 0 ? (
        <Empty title={first ? 'No node is shown here yet' : 'No more nodes'}>
          <p>
            {first ? (
              'Owners list a node on its page, under Public.'
            ) : (
              <a href="/explorer/nodes">Back to the first page</a>
            )}
          </p>
        </Empty>
      ) : (
        <table class="explorer">
          <caption class="away">Listed nodes by label</caption>
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col">State</th>
              <th scope="col">Region</th>
              <th scope="col" class="c-wide">
                Agent
              </th>
            </tr>
          </thead>
          <tbody>
            {page.nodes.map((node) => (
              <tr>
                <th scope="row">
                  <a href={`/explorer/nodes/${node.nodeId}`}>{node.label}</a>
                </th>
                <td>
                  <Lamp name={node.state} word={STATE_WORDS[node.state]} />
                </td>
                <td>{node.region}</td>
                <td class="c-wide">{node.agentVersion ?? <Unknown />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <nav class="pager" aria-label="Pages">
        {!first && <a href="/explorer/nodes">First</a>}
        {page.next && (
          <a rel="next" href={`/explorer/nodes?after=${encodeURIComponent(encodeCursor(page.next))}`}>
            Next
          </a>
        )}
      </nav>
    </div>
  );
}

export function ExplorerNodePage({ node }: { node: PublicNode }) {
  return (
    <div class="public">
      <p class="crumb">
        <a href="/explorer/nodes">Nodes</a>
      </p>
      <header class="node-name">
        <h1>{node.label}</h1>
        <Lamp name={node.state} word={STATE_WORDS[node.state]} />
      </header>
      <div class="status">
        <Panel id="facts" title="What its owner shows">
          <Facts
            facts={[
              { name: 'Region', value: node.region },
              { name: 'Agent', value: node.agentVersion ?? <Unknown /> },
              { name: 'Chainweb', value: node.chainwebVersion ?? <Unknown /> },
              { name: 'Node id', value: <code>{node.nodeId}</code> },
            ]}
          />
        </Panel>
        <Panel id="badge" title="Badge">
          <p class="badge">
            <img src={`/badge/${node.nodeId}.svg`} alt={`Badge: stoa node, ${node.state}`} height="20" />
          </p>
        </Panel>
      </div>
    </div>
  );
}
