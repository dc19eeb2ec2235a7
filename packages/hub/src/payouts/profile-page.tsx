import { Act, FormFault } from '../console/form.tsx';
import { absolute, number } from '../console/format.ts';
import { Panel, Table } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { SettingsTabs } from '../console/settings-tabs.tsx';
import type { Choice } from './choice-store.ts';
import type { AccountInUse } from './overview.ts';
import { AccountField, Choices, History, type Refused, shortAccount } from './parts.tsx';
import type { Proof } from './proof-store.ts';
import { TunnelTable } from './tunnel-parts.tsx';
import type { Tunnel } from './tunnel-store.ts';

export interface ProfileView {
  readonly email: string;
  /** The newest first. */
  readonly choices: readonly Choice[];
  readonly inUse: readonly AccountInUse[];
  /** By this person, by account id. */
  readonly proofs: ReadonlyMap<string, Proof>;
  readonly tunnels: readonly Tunnel[];
  /** Nodes of the person that earn nothing for want of an account. */
  readonly unpaid: number;
  readonly now: number;
  readonly refused: Refused | undefined;
}

export const NO_ACCOUNT = 'none: nothing is banked';

/** Where all that a person's nodes earn goes, and the proof that it is theirs. */
export function ProfilePage({ view }: { view: ProfileView }) {
  const { email, choices, inUse, tunnels, unpaid, now, refused } = view;
  return (
    <article class="settings">
      <div class="title">
        <h1>Payout</h1>
      </div>
      <SettingsTabs active="payout" />
      <p class="lead">
        What your nodes earn goes to the account that is named here, or on the node itself. A change holds
        from the next full hour on; what was earned before stays where it is.
      </p>
      {unpaid > 0 && (
        <p class="warning" role="status">
          {unpaid === 1 ? 'One of your nodes earns' : `${number(unpaid)} of your nodes earn`} nothing: no
          account is named to pay {unpaid === 1 ? 'it' : 'them'} to.{' '}
          <a href={href('/nodes?q=payout:none')}>See which</a>
        </p>
      )}
      <div class="stack">
        <Panel id="named" title="Account of all your nodes" aside="of those that have none of their own">
          <Choices choices={choices} now={now} none={NO_ACCOUNT} />
          <NameForm path="/settings/payout" isNamed={choices[0]?.account !== undefined} refused={refused} />
        </Panel>
        {inUse.length > 0 && (
          <Panel id="proofs" title="Whose they are" aside="what is not proven earns, and is not minted">
            <Proofs view={view} />
          </Panel>
        )}
        {tunnels.length > 0 && (
          <Panel id="tunnels" title="Tunnels" aside="a share for who lends a node a way in">
            <TunnelTable tunnels={tunnels} email={email} />
          </Panel>
        )}
        {choices.length > 0 && (
          <Panel id="history" title="Named until now">
            <History choices={choices} caption="Accounts that were named for all nodes" />
          </Panel>
        )}
      </div>
    </article>
  );
}

/** Names an account, or takes the name back. */
export function NameForm({
  path,
  isNamed,
  refused,
  none = 'Name none',
}: {
  path: string;
  isNamed: boolean;
  refused: Refused | undefined;
  none?: string;
}) {
  return (
    <>
      <form method="post" action={href(path)} class="form payout-form">
        <FormFault faults={refused?.faults ?? {}} />
        <AccountField
          refused={refused}
          hint="k: and 64 hex digits, or Ѻ. and the 160 glyphs of Ouronet. Copy it from the wallet: many letters look alike."
        />
        <div>
          <button type="submit" class="primary">
            Pay to this account
          </button>
        </div>
      </form>
      {isNamed && <Act path={`${path}/none`} word={none} />}
    </>
  );
}

function Proofs({ view: { inUse, proofs } }: { view: ProfileView }) {
  return (
    <Table caption="Accounts in use" columns={['Account', 'Pays', 'Proven']} acts>
      {inUse.map(({ accountId, account, forAll, ownNodes }) => {
        const proof = proofs.get(accountId);
        return (
          <tr>
            <th scope="row">
              <code title={account}>{shortAccount(account)}</code>
            </th>
            <td>
              {[forAll ? 'all without their own' : '', ownNodes > 0 ? `${number(ownNodes)} by their own` : '']
                .filter(Boolean)
                .join(', ')}
            </td>
            <td>{proof === undefined ? <span class="warn">not proven</span> : absolute(proof.provenAt)}</td>
            <td>
              <a href={href(`/settings/payout/${accountId}`)}>
                {proof === undefined ? 'Prove it is yours' : 'See the proof'}
              </a>
            </td>
          </tr>
        );
      })}
    </Table>
  );
}
