import { absolute, number } from '../console/format.ts';
import { Empty, Panel, Table, Unknown } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { DonationState } from './donation.ts';
import type { StoredDonation } from './donation-store.ts';
import type { HeldKey } from './mining-bonus-store.ts';

export interface BonusView {
  readonly email: string;
  readonly keys: readonly (HeldKey & { readonly blocks: number })[];
  readonly donations: readonly StoredDonation[];
  /** Labels of the viewer's own nodes: of others' nothing but that they are another's is told. */
  readonly labels: ReadonlyMap<string, string>;
}

const STATES: Readonly<Record<DonationState, string>> = {
  waits: 'waits for the warm-up of the node that took it',
  paid: '10 points',
  own: 'none: to oneself',
  again: 'none: that node was helped within 30 days',
  cap: 'none: five were paid that day',
  'before-reset': 'none: of before the ledger’s reset',
  unknown: 'none: no node of this region made that seed before',
  'at-tip': 'none: the node had its chain within the day before',
  cold: 'none: it did not warm up within 30 days',
  'no-account': 'none: the giver named no payout account',
};

/** What somebody earned or did not besides minutes, and why. */
export function BonusPage({ view }: { view: BonusView }) {
  return (
    <>
      <p class="crumb">
        <a href={href('/earnings')}>Earnings</a>
      </p>
      <header class="title">
        <h1>Bonuses</h1>
      </header>
      <div class="stack">
        <Seeds view={view} />
        <Keys keys={view.keys} />
      </div>
    </>
  );
}

function Seeds({ view: { email, donations, labels } }: { view: BonusView }) {
  return (
    <Panel
      id="seeds"
      title="Seeds"
      aside="10 points for a seed that brings another owner’s lost node to the tip"
    >
      {donations.length === 0 ? (
        <Empty title="No seed was given or taken">
          <p>
            Make one by the job <code>seed-refresh</code> on a node, and tell others its address and SHA-256:
            they name it in <code>stoachain-reseed</code>.
          </p>
        </Empty>
      ) : (
        <Table
          caption="Seeds given and taken"
          columns={['Reseeded', 'From', 'To', 'SHA-256', 'Bonus of the giver']}
        >
          {donations.map((one) => (
            <tr>
              <th scope="row">{absolute(one.endedAt)}</th>
              <td>
                {one.donor === undefined ? <Unknown why="nobody knows who made it" /> : nameOf(one.donor)}
              </td>
              <td>{nameOf(one.receiver)}</td>
              <td>
                <code title={one.sha256}>{one.sha256.slice(0, 12)}…</code>
              </td>
              <td>{one.donorOwner === email || one.state !== 'no-account' ? STATES[one.state] : 'none'}</td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );

  function nameOf(nodeId: string) {
    const label = labels.get(nodeId);
    return label === undefined ? 'another’s node' : <a href={href(`/nodes/${nodeId}`)}>{label}</a>;
  }
}

function Keys({ keys }: { keys: BonusView['keys'] }) {
  return (
    <Panel id="mining" title="Mining keys" aside="0.01 points a block, daily, to who proved the key last">
      {keys.length === 0 ? (
        <Empty title="You have signed with no key yet">
          <p>
            <a href={href('/settings/payout')}>Prove an account</a> with the key that your nodes mine to: from
            that day on its blocks earn points.
          </p>
        </Empty>
      ) : (
        <Table
          caption="Keys that you signed with"
          columns={['Key', 'Points go to', { word: 'Blocks in 7 days', num: true }]}
        >
          {keys.map(({ key, account, superseded, blocks }) => (
            <tr>
              <th scope="row">
                <code title={key}>
                  {key.slice(0, 8)}…{key.slice(-8)}
                </code>
              </th>
              <td>
                {superseded ? (
                  'somebody who proved it after you'
                ) : (
                  <span title={account}>{account.slice(0, 14)}…</span>
                )}
              </td>
              <td class="num">{number(blocks)}</td>
            </tr>
          ))}
        </Table>
      )}
    </Panel>
  );
}
