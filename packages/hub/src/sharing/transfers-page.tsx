import { Act, control, type Faults, Field, FormFault, type Typed, typedOf } from '../console/form.tsx';
import { absolute, number } from '../console/format.ts';
import { Ago, Empty, Panel, Table } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { SettingsTabs } from '../console/settings-tabs.tsx';
import type { Transfer } from './transfer-store.ts';

interface TransfersView {
  readonly transfers: readonly Transfer[];
  /** How many nodes the account owns. */
  readonly owned: number;
  readonly email: string;
  readonly now: number;
  readonly refused?: { readonly typed: Typed; readonly faults: Faults } | undefined;
}

/** Nodes that change hands, from this account and to it. */
export function TransfersPage({ transfers, owned, email, now, refused }: TransfersView) {
  return (
    <article class="settings">
      <div class="title">
        <h1>Transfers</h1>
      </div>
      <SettingsTabs active="transfers" />
      <div class="stack">
        <Panel id="offers" title="From you and to you" aside="owners change at full hours">
          {transfers.length === 0 ? (
            <Empty title="Nothing is changing hands">
              <p>A node is offered on its Access tab, all of yours below.</p>
            </Empty>
          ) : (
            <Offers {...{ transfers, email, now }} />
          )}
        </Panel>
        <Panel id="all" title="Give all your nodes away">
          <AllForm owned={owned} refused={refused} />
        </Panel>
      </div>
    </article>
  );
}

function Offers({ transfers, email, now }: Pick<TransfersView, 'transfers' | 'email' | 'now'>) {
  return (
    <Table
      caption={`Transfers from and to ${email}`}
      columns={['What', 'From', 'To', 'Offered', 'Stands']}
      acts
    >
      {transfers.map((transfer) => (
        <tr>
          <th scope="row">{whatOf(transfer, email)}</th>
          <td>{transfer.fromOwner === email ? 'you' : transfer.fromOwner}</td>
          <td>{transfer.toOwner === email ? 'you' : transfer.toOwner}</td>
          <td>
            <Ago at={transfer.offeredAt} now={now} />
          </td>
          <td>{standing(transfer)}</td>
          <td>
            <Acts transfer={transfer} email={email} />
          </td>
        </tr>
      ))}
    </Table>
  );
}

function whatOf({ node, fromOwner, toOwner, outcome }: Transfer, email: string) {
  if (node === undefined) return 'all nodes';
  // Of what is not one's own, there is no page to lead to.
  const isMine = outcome === 'applied' ? toOwner === email : fromOwner === email;
  return isMine ? (
    <a href={href(`/nodes/${node.nodeId}`)}>{node.label}</a>
  ) : (
    <>
      {node.label} <code>{node.nodeId.slice(0, 16)}…</code>
    </>
  );
}

function standing({ outcome, endedAt, effectiveAt, expiresAt }: Transfer): string {
  if (outcome !== undefined) return `${outcome} ${absolute(endedAt ?? 0)}`;
  if (effectiveAt !== undefined) return `accepted, in force at ${absolute(effectiveAt)}`;
  return `waits until ${absolute(expiresAt)}`;
}

function Acts({ transfer, email }: { transfer: Transfer; email: string }) {
  if (transfer.outcome !== undefined) return null;
  const isReceiver = transfer.toOwner === email;
  return (
    <div class="acts">
      {isReceiver && transfer.acceptedAt === undefined && (
        <Act path={`/transfers/${transfer.transferId}/accept`} word="Accept" tone="primary" />
      )}
      <Act path={`/transfers/${transfer.transferId}/end`} word={isReceiver ? 'Decline' : 'Cancel'} />
    </div>
  );
}

function AllForm({ owned, refused }: Pick<TransfersView, 'owned' | 'refused'>) {
  const faults = refused?.faults ?? {};
  if (owned === 0) return <p class="unknown">You own no nodes.</p>;
  return (
    <form method="post" action={href('/transfers')} class="form">
      <FormFault faults={faults} />
      <Field
        name="email"
        label="New owner"
        hint={`They must accept within 7 days. Every node that you own then, ${number(owned)} as of now, is theirs from the next full hour on.`}
        fault={faults['email']}
      >
        <input
          {...control('email', faults['email'], true)}
          type="email"
          value={typedOf(refused?.typed, 'email')}
          maxlength={254}
          required
          autocomplete="off"
        />
      </Field>
      <div>
        <button type="submit" class="quiet">
          Offer all of them
        </button>
      </div>
    </form>
  );
}
