import { Panel } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { Publicity } from './store.ts';

export interface PublicityView {
  readonly nodeId: string;
  readonly publicity: Publicity;
  readonly owns: boolean;
  readonly origin: string;
  /** Just made, and told this once. */
  readonly token?: string;
}

/** What everybody may see of a node, and where. */
export function PublicityTab({ view }: { view: PublicityView }) {
  return (
    <div class="panels">
      <Listing view={view} />
      <BadgePanel view={view} />
    </div>
  );
}

function Listing({ view: { nodeId, publicity, owns } }: { view: PublicityView }) {
  const { listed } = publicity;
  return (
    <Panel id="listing" title="Explorer" aside={listed ? 'listed' : 'not listed'}>
      <div class="stack">
        <p>
          {listed ? (
            <>
              Everybody sees its label, region, state and versions at{' '}
              <a href={`/explorer/nodes/${nodeId}`}>its public page</a>.
            </>
          ) : (
            'Strangers see nothing of this node. Listed, they see its label, region, state and versions.'
          )}{' '}
          Never its owner, host or address.
        </p>
        <Act
          owns={owns}
          action={`/nodes/${nodeId}/public/${listed ? 'unlist' : 'list'}`}
          word={listed ? 'Take it off the explorer' : 'List it in the explorer'}
        />
      </div>
    </Panel>
  );
}

function BadgePanel({ view }: { view: PublicityView }) {
  const { nodeId, publicity, owns, origin, token } = view;
  const address = `${origin}/badge/${nodeId}.svg`;
  const open = publicity.listed || publicity.badgeHash !== undefined;
  return (
    <Panel
      id="badge"
      title="Badge"
      aside={publicity.listed ? 'open to all' : open ? 'by its address only' : 'none'}
    >
      <div class="stack">
        {publicity.listed && (
          <>
            <p class="badge">
              <img src={`/badge/${nodeId}.svg`} alt="Badge with the state of this node" height="20" />
            </p>
            <pre class="address">
              <code>{address}</code>
            </pre>
          </>
        )}
        {token !== undefined && (
          <div class="secret-once" role="status">
            <p>Its address, told this once. Whoever has it sees the state of the node, and nothing else:</p>
            <code>{`${address}?token=${token}`}</code>
          </div>
        )}
        {!publicity.listed && (
          <p>
            {publicity.badgeHash === undefined
              ? 'A node that is not listed can have a badge at an address that only you give away.'
              : 'The badge has an address of its own. A new one ends it.'}
          </p>
        )}
        <div class="form-row">
          <Act
            owns={owns}
            action={`/nodes/${nodeId}/public/badge`}
            word={publicity.badgeHash === undefined ? 'Make a private address' : 'Change its private address'}
          />
          {publicity.badgeHash !== undefined && (
            <Act owns={owns} action={`/nodes/${nodeId}/public/badge/end`} word="End it" />
          )}
        </div>
      </div>
    </Panel>
  );
}

/** What one can't use is greyed, not hidden. */
function Act({ owns, action, word }: { owns: boolean; action: string; word: string }) {
  return (
    <form method="post" action={href(action)}>
      <button type="submit" class="quiet" disabled={!owns} title={owns ? undefined : 'Only its owner can'}>
        {word}
      </button>
    </form>
  );
}
