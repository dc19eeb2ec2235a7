import { TOKEN_COMMAND } from '#nodes/index.ts';
import { Act } from '../console/form.tsx';
import { absolute, number, short } from '../console/format.ts';
import { Ago, Empty, Panel, Table } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { type TokenPage, type TokenRecord, type TokenState, tokenState } from './token-ledger.ts';

const STATE_WORDS: Readonly<Record<TokenState, string>> = {
  open: 'open',
  used: 'used up',
  ended: 'ended',
  revoked: 'revoked',
};
const NODES_SHOWN = 3;

/** Join tokens: by whom, for how many, who came, and the way to end one. */
export function TokensPage({ page, now }: { page: TokenPage; now: number }) {
  const { tokens, next } = page;
  return (
    <article class="tokens">
      <div class="title">
        <h1>Join tokens</h1>
        <p>
          <a class="button primary" href={href('/join')}>
            Add a node
          </a>
        </p>
      </div>
      {tokens.length === 0 ? (
        <Empty title="No token yet">
          <p>
            <a href={href('/join')}>Add a node</a>, or on the hub’s machine: <code>{TOKEN_COMMAND}</code>
          </p>
        </Empty>
      ) : (
        <Panel
          id="tokens"
          title="Tokens"
          aside="shown once, stored as a hash; revoking one leaves its nodes alone"
        >
          <TokenTable tokens={tokens} now={now} />
          {next !== undefined && (
            <p>
              <a rel="next" href={href(`/tokens?after=${next}`)}>
                Older ones
              </a>
            </p>
          )}
        </Panel>
      )}
    </article>
  );
}

function TokenTable({ tokens, now }: { tokens: readonly TokenRecord[]; now: number }) {
  return (
    <Table
      caption="Join tokens, the newest first"
      columns={['For', 'State', 'Owner', { word: 'Used', num: true }, 'Nodes', 'Made', 'Ends']}
      acts
    >
      {tokens.map((token) => (
        <TokenRow token={token} now={now} />
      ))}
    </Table>
  );
}

function TokenRow({ token, now }: { token: TokenRecord; now: number }) {
  const { tokenId, usedBy, maxUses, usesLeft, createdBy, owner } = token;
  const state = tokenState(token, now);
  const name = token.label ?? `token ${short(tokenId)}`;
  return (
    <tr>
      <th scope="row">
        <a href={href(`/join/${tokenId}`)}>{name}</a>{' '}
        {token.tags.map((tag) => (
          <>
            <span class="mark">{tag}</span>{' '}
          </>
        ))}
      </th>
      <td>{STATE_WORDS[state]}</td>
      <td>{owner}</td>
      <td class="num">
        {number(maxUses - usesLeft)} of {number(maxUses)}
      </td>
      <td>
        {usedBy.slice(0, NODES_SHOWN).map((nodeId) => (
          <>
            <a href={href(`/nodes/${nodeId}`)}>
              <code>{short(nodeId)}</code>
            </a>{' '}
          </>
        ))}
        {usedBy.length > NODES_SHOWN && `and ${number(usedBy.length - NODES_SHOWN)} more`}
      </td>
      <td>
        <Ago at={token.createdAt} now={now} /> by {createdBy === owner ? 'its owner' : createdBy}
      </td>
      <td>{absolute(token.revokedAt ?? token.expiresAt)}</td>
      <td>
        {state === 'open' && (
          <Act path={`/tokens/${tokenId}/revoke`} word="Revoke" label={`Revoke the token for ${name}`} />
        )}
      </td>
    </tr>
  );
}
