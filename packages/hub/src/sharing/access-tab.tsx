import type { NodeRole } from '#accounts/index.ts';
import type { Description } from '#nodes/index.ts';
import { control, type Faults, Field, FormFault, type Typed, typedOf } from '../console/form.tsx';
import { absolute } from '../console/format.ts';
import { Ago, Facts, Panel, Table, Unknown } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { Viewer } from '../viewer.ts';
import type { KeyFacts, Share } from './share-store.ts';
import type { SharedNode } from './shares.ts';
import type { Transfer } from './transfer-store.ts';

export interface AccessView {
  readonly node: SharedNode;
  readonly viewer: Pick<Viewer, 'email'>;
  readonly role: NodeRole;
  readonly shares: readonly Share[];
  readonly keys: KeyFacts | undefined;
  /** The open offer that holds the node. */
  readonly transfer: Transfer | undefined;
  /** As the agent last sent them. */
  readonly settings: Description['settings'];
  readonly fingerprintOf: (publicKey: Uint8Array) => string;
}

interface Refused {
  readonly typed: Typed;
  readonly faults: Faults;
}

/** Who may do what with the node, and which keys speak for it. */
export function AccessTab({
  view,
  refused = {},
  now,
}: {
  view: AccessView;
  refused?: { share?: Refused; transfer?: Refused };
  now: number;
}) {
  const owns = view.role === 'owner';
  return (
    <div class="panels">
      <Panel id="people" title="People" aside={`you are its ${view.role}`}>
        <People view={view} now={now} />
        {owns && <ShareForm nodeId={view.node.nodeId} {...(refused.share && { refused: refused.share })} />}
      </Panel>
      <div class="stack">
        <Keys view={view} />
        <Policy settings={view.settings} />
        {owns && <TransferPanel view={view} {...(refused.transfer && { refused: refused.transfer })} />}
      </div>
    </div>
  );
}

function People({ view, now }: { view: AccessView; now: number }) {
  const { node, shares, viewer, role } = view;
  return (
    <Table caption="Who has access to this node" columns={['Account', 'May', 'Since']} acts>
      <tr>
        <th scope="row">{node.owner || <Unknown why="no owner: an admin gives it one" />}</th>
        <td>everything: owner</td>
        <td />
        <td />
      </tr>
      {shares.map((share) => (
        <tr>
          <th scope="row">{share.email}</th>
          <td>{share.role === 'viewer' ? 'look: viewer' : 'look and work it: operator'}</td>
          <td>
            <Ago at={share.sharedAt} now={now} />
          </td>
          <td>
            {(role === 'owner' || share.email === viewer.email) && (
              <form method="post" action={href(`/nodes/${node.nodeId}/access/shares/remove`)}>
                <input type="hidden" name="email" value={share.email} />
                <button type="submit" class="quiet" aria-label={`Remove ${share.email}`}>
                  {share.email === viewer.email ? 'Leave' : 'Remove'}
                </button>
              </form>
            )}
          </td>
        </tr>
      ))}
    </Table>
  );
}

function ShareForm({ nodeId, refused }: { nodeId: string; refused?: Refused }) {
  const faults = refused?.faults ?? {};
  const role = typedOf(refused?.typed, 'role') || 'viewer';
  return (
    <form method="post" action={href(`/nodes/${nodeId}/access/shares`)} class="form">
      <FormFault faults={faults} />
      <Field
        name="email"
        label="Share with"
        hint="The account may be made later. Admins of the hub are not listed: Ancient ones see every node."
        fault={faults['email']}
      >
        <input
          {...control('email', faults['email'], true)}
          type="email"
          value={typedOf(refused?.typed, 'email')}
          maxlength={254}
          required
          autocomplete="off"
          placeholder="colleague@example.org"
        />
      </Field>
      <Field name="role" label="as" fault={faults['role']}>
        <select {...control('role', faults['role'])}>
          <option value="viewer" selected={role === 'viewer'}>
            viewer: sees it
          </option>
          <option value="operator" selected={role === 'operator'}>
            operator: works it
          </option>
        </select>
      </Field>
      <div>
        <button type="submit" class="primary">
          Share
        </button>
      </div>
    </form>
  );
}

function Keys({ view: { keys, settings, fingerprintOf } }: { view: AccessView }) {
  if (keys === undefined) return null;
  const pinned = settingOf(settings, 'owner-key');
  return (
    <Panel id="node-keys" title="Keys">
      <Facts
        facts={[
          { name: 'Node key', value: <code>{fingerprintOf(keys.publicKey)}</code> },
          {
            name: 'Key generation',
            value:
              keys.previousKeyUntil === undefined
                ? keys.keyGeneration
                : `${keys.keyGeneration}; the one before it is good until ${absolute(keys.previousKeyUntil)}`,
          },
          { name: 'Owner generation', value: keys.ownerGeneration },
          {
            name: 'Pinned owner key',
            value:
              pinned === undefined ? (
                <Unknown why="the agent has not told" />
              ) : pinned === '' ? (
                'none: the owner had no key when it joined'
              ) : (
                <code>{pinned}</code>
              ),
          },
        ]}
      />
    </Panel>
  );
}

function Policy({ settings }: { settings: Description['settings'] }) {
  const policy = settingOf(settings, 'policy');
  return (
    <Panel id="policy" title="Local policy" aside="what the node lets a hub do; deny wins">
      {policy === undefined ? (
        <p class="unknown">The agent has not reported one: it runs no jobs, so there is nothing to forbid.</p>
      ) : (
        <pre tabindex={0}>
          <code>{policy}</code>
        </pre>
      )}
    </Panel>
  );
}

function settingOf(settings: Description['settings'], name: string): string | undefined {
  const value = settings.find((setting) => setting['name'] === name)?.['value'];
  return typeof value === 'string' ? value : undefined;
}

function TransferPanel({ view, refused }: { view: AccessView; refused?: Refused }) {
  const { node, transfer } = view;
  const faults = refused?.faults ?? {};
  return (
    <Panel id="transfer" title="Give it to another account">
      {transfer === undefined ? (
        <form method="post" action={href(`/nodes/${node.nodeId}/access/transfer`)} class="form">
          <FormFault faults={faults} />
          <Field
            name="to"
            label="New owner"
            hint="They must accept within 7 days. It is theirs from the next full hour on; what it earned before stays yours, and everybody it was shared with loses it. A pinned owner key stays pinned."
            fault={faults['email']}
          >
            <input
              {...control('to', faults['email'], true)}
              name="email"
              type="email"
              value={typedOf(refused?.typed, 'email')}
              maxlength={254}
              required
              autocomplete="off"
            />
          </Field>
          <div>
            <button type="submit" class="quiet">
              Offer it
            </button>
          </div>
        </form>
      ) : (
        <p>
          {transfer.node === undefined ? `All nodes of ${node.owner} are` : 'It is'} offered to{' '}
          {transfer.toOwner},{' '}
          {transfer.effectiveAt === undefined
            ? 'who has not accepted yet'
            : `who owns it from ${absolute(transfer.effectiveAt)} on`}
          . <a href={href('/transfers')}>See transfers</a>
        </p>
      )}
    </Panel>
  );
}
