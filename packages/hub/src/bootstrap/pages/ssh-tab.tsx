import type { StoredRow } from '#audit/index.ts';
import { Act, control, type Faults, Field } from '../../console/form.tsx';
import { absolute } from '../../console/format.ts';
import { Ago, Empty, type Fact, Facts, Panel, Table, Unknown } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import type { PinnedKey, SshAccess } from '../access-store.ts';
import type { AgentlessMark } from '../agentless.ts';
import { SshActs } from './ssh-acts.tsx';

export interface SshView {
  readonly nodeId: string;
  /** How the hub signs in; undefined where it never did. */
  readonly reach: SshAccess | undefined;
  readonly pinned: PinnedKey | undefined;
  readonly keyMadeAt: number | undefined;
  readonly mark: AgentlessMark | undefined;
  /** When its tips were last polled; undefined: not of late. */
  readonly polledAt: number | undefined;
  /** The newest uses that the viewer may see. */
  readonly uses: readonly StoredRow[];
  readonly owns: boolean;
  readonly admin: boolean;
}

/** How the hub reaches the node over SSH, when it last did and why, and what it may be asked to do that way. */
export function SshTab({ view, faults, now }: { view: SshView; faults: Faults; now: number }) {
  const { reach, uses, owns, admin, mark } = view;
  return (
    <div class="panels">
      <div class="stack">
        <Panel
          id="ssh"
          title="How the hub signs in"
          aside="for recovery only: routine work goes to the agent"
        >
          {reach === undefined ? <Never admin={admin} /> : <Facts facts={factsOf({ ...view, reach }, now)} />}
        </Panel>
        <Panel id="uses" title="Last uses" aside="each stood in the audit log before its first packet">
          <Uses uses={uses} now={now} />
          <p>
            <a href={href(`/audit?${new URLSearchParams({ act: 'ssh', subject: view.nodeId }).toString()}`)}>
              All of them
            </a>
          </p>
        </Panel>
      </div>
      <div class="stack">
        {owns && reach !== undefined && <SshActs nodeId={view.nodeId} faults={faults} />}
        {(admin || mark !== undefined) && <Mark view={view} faults={faults} now={now} />}
      </div>
    </div>
  );
}

function Never({ admin }: { admin: boolean }) {
  return (
    <Empty title="The hub never signed in to this node">
      <p>
        It joined by its own command, and the hub holds no key for it.
        {admin ? (
          <>
            {' '}
            <a href={href('/bootstrap')}>Bootstrap its host</a> to give the hub one:
          </>
        ) : (
          ' An admin gives the hub one:'
        )}
      </p>
      <pre tabindex={0}>
        <code>stoa-hub bootstrap HOST --owner EMAIL</code>
      </pre>
    </Empty>
  );
}

function factsOf(view: SshView & { reach: SshAccess }, now: number): Fact[] {
  const { reach, pinned, keyMadeAt } = view;
  return [
    { name: 'Host', value: <code>{reach.host}</code> },
    { name: 'Port', value: `${reach.port}` },
    {
      name: 'User',
      value: (
        <>
          <code>{reach.user}</code>
          <span class="sub">{reach.user === 'root' ? 'root' : 'becomes root without a password'}</span>
        </>
      ),
    },
    {
      name: 'Key of the host',
      value:
        pinned === undefined ? (
          <Unknown why="none is pinned yet" />
        ) : (
          <>
            <code>{pinned.fingerprint}</code>
            <span class="sub">
              {pinned.type}, accepted by {pinned.pinnedBy} <Ago at={pinned.pinnedAt} now={now} />
            </span>
          </>
        ),
    },
    {
      name: 'Our key',
      value:
        reach.key === undefined ? (
          <Unknown why="none is in place" />
        ) : (
          <>
            <code>{reach.key.line.split(' ').at(-1)}</code>
            {keyMadeAt !== undefined && (
              <span class="sub">
                made <Ago at={keyMadeAt} now={now} />
              </span>
            )}
          </>
        ),
    },
    ...(reach.next === undefined && reach.old === undefined
      ? []
      : [{ name: 'Re-seat', value: 'began and did not end: ask for it again' }]),
  ];
}

function Uses({ uses, now }: { uses: readonly StoredRow[]; now: number }) {
  if (uses.length === 0) return <p>None that you may see.</p>;
  return (
    <Table caption="Uses of SSH, the newest first" columns={['When', 'Why', 'By']}>
      {uses.map(({ at, actor, detail }) => (
        <tr>
          <td>
            <Ago at={at} now={now} />
          </td>
          <td>{typeof detail['reason'] === 'string' ? detail['reason'] : <Unknown why="forgotten" />}</td>
          <td>{actor}</td>
        </tr>
      ))}
    </Table>
  );
}

function Mark({
  view: { nodeId, mark, polledAt, admin },
  faults,
  now,
}: {
  view: SshView;
  faults: Faults;
  now: number;
}) {
  const holds = mark !== undefined && mark.endsAt > now;
  return (
    <Panel id="agentless" title="Agentless" aside="its tips are polled over SSH while it has no agent">
      {mark !== undefined && (
        <p>
          {holds ? 'Marked until' : 'The mark ended'} {absolute(mark.endsAt)}: {mark.reason}
          <span class="sub">
            by {mark.setBy} <Ago at={mark.setAt} now={now} />
          </span>
        </p>
      )}
      {holds && (
        <p>
          <a href={href(`/nodes/${nodeId}/chains`)}>Its tips</a>{' '}
          {polledAt === undefined ? (
            'were not polled within the last two minutes'
          ) : (
            <>
              were polled <Ago at={polledAt} now={now} />
            </>
          )}
          .
        </p>
      )}
      {admin && mark !== undefined && (
        <Act path={`/nodes/${nodeId}/ssh/agentless/remove`} word="Remove the mark" />
      )}
      {admin && (
        <form method="post" action={href(`/nodes/${nodeId}/ssh/agentless`)} class="form">
          <Field name="reason" label="Why it has no agent" fault={faults['reason']}>
            <input {...control('reason', faults['reason'])} maxlength={200} required autocomplete="off" />
          </Field>
          <Field name="until" label="Until" hint="90 days at most." fault={faults['until']}>
            <input {...control('until', faults['until'], true)} type="date" required />
          </Field>
          <div>
            <button type="submit" class="quiet">
              {mark === undefined ? 'Mark as agentless' : 'Set it anew'}
            </button>
          </div>
        </form>
      )}
    </Panel>
  );
}
