import type { NodeRole } from '#accounts/index.ts';
import { control, Field, FormFault, typedOf } from '../console/form.tsx';
import { Facts, Panel } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { Choice } from './choice-store.ts';
import { AccountName, Choices, History, type Refused } from './parts.tsx';
import { NameForm } from './profile-page.tsx';
import type { Payout } from './resolver.ts';
import { standingOf, TunnelActs } from './tunnel-parts.tsx';
import type { Tunnel } from './tunnel-store.ts';
import { formatPermille } from './tunnels.ts';

export interface NodeTabView {
  readonly nodeId: string;
  readonly owner: string;
  readonly email: string;
  readonly role: NodeRole;
  /** In this hour. */
  readonly payout: Payout | undefined;
  /** Chosen for this node, the newest first. */
  readonly own: readonly Choice[];
  /** What the owner chose at last for all nodes. */
  readonly profile: string | undefined;
  readonly tunnel: Tunnel | undefined;
  readonly now: number;
  readonly refused: { readonly account?: Refused; readonly tunnel?: Refused };
}

/** Where what this node earns goes. */
export function NodeTab({ view }: { view: NodeTabView }) {
  const { own, nodeId, role, refused, now } = view;
  const owns = role === 'owner';
  return (
    <div class="panels">
      <Panel id="paid" title="Paid to" aside="in this hour">
        <Paid view={view} />
      </Panel>
      <div class="stack">
        <Panel id="own-account" title="An account of its own" aside="goes before its owner’s">
          <Choices choices={own} now={now} none="none: it is paid as its owner chose for all nodes" />
          {owns && (
            <NameForm
              path={`/nodes/${nodeId}/payout`}
              isNamed={own[0]?.account !== undefined}
              refused={refused.account}
              none="Pay as its owner chose"
            />
          )}
          {own.length > 0 && <History choices={own} caption="Accounts of this node" />}
        </Panel>
        <Panel id="tunnel" title="Tunnel" aside="a share for who lends it a way in">
          <TunnelPart view={view} />
        </Panel>
      </div>
    </div>
  );
}

function Paid({ view: { payout, owner, email, profile, own } }: { view: NodeTabView }) {
  const isComing = payout === undefined && (own[0]?.account ?? profile) !== undefined;
  if (isComing) return <p>Nothing yet: the account that is named holds from the next full hour on.</p>;
  if (payout === undefined)
    return (
      <p class="warning" role="status">
        It earns nothing:{' '}
        {owner === '' ? 'nobody owns it' : 'no account is named for it, and none for all nodes of its owner'}.{' '}
        {owner === email && <a href={href('/settings/payout')}>Name one for all your nodes</a>}
      </p>
    );
  return (
    <>
      <Facts
        facts={[
          { name: 'Account', value: <AccountName account={payout.account} /> },
          {
            name: 'Whose',
            value: payout.verified ? (
              'proven'
            ) : (
              <span class="warn">not proven: it earns, and is not minted</span>
            ),
          },
          { name: 'Account id', value: <code>{payout.accountId}</code> },
          ...(payout.tunnel === undefined
            ? []
            : [
                {
                  name: 'Tunnel',
                  value: `${formatPermille(payout.tunnel.permille1)} go to who lends it a way in`,
                },
              ]),
        ]}
      />
      {!payout.verified && owner === email && (
        <p class="field-hint">
          <a href={href(`/settings/payout/${payout.accountId}`)}>Prove that it is yours</a>
        </p>
      )}
    </>
  );
}

function TunnelPart({ view: { tunnel, email, nodeId, role, refused } }: { view: NodeTabView }) {
  if (tunnel !== undefined)
    return (
      <>
        <Facts
          facts={[
            { name: 'Tunnel of', value: tunnel.tunnelOwner },
            { name: 'Fee', value: formatPermille(tunnel.permille1) },
            { name: 'Stands', value: standingOf(tunnel) },
          ]}
        />
        {(role === 'owner' || tunnel.tunnelOwner === email) && <TunnelActs tunnel={tunnel} email={email} />}
      </>
    );
  if (role !== 'owner') return <p class="unknown">None.</p>;
  const faults = refused.tunnel?.faults ?? {};
  return (
    <form method="post" action={href(`/nodes/${nodeId}/payout/tunnel`)} class="form payout-form">
      <FormFault faults={faults} />
      <Field
        name="email"
        label="Account of who runs it"
        fault={faults['email']}
        hint="They must agree. It holds from the next full hour on, until either of you ends it."
      >
        <input
          {...control('email', faults['email'], true)}
          type="email"
          maxlength={254}
          required
          autocomplete="off"
          value={typedOf(refused.tunnel?.typed, 'email')}
        />
      </Field>
      <Field
        name="permille"
        label="Fee, in per-mille"
        fault={faults['permille']}
        hint="0.1 to 1000.0 of what this node earns."
      >
        <input
          {...control('permille', faults['permille'], true)}
          inputmode="decimal"
          maxlength={6}
          required
          value={typedOf(refused.tunnel?.typed, 'permille')}
        />
      </Field>
      <div>
        <button type="submit" class="quiet">
          Offer it
        </button>
      </div>
    </form>
  );
}
