import { control, Field, FormFault } from '../../console/form.tsx';
import { Panel, Table } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import type { ShownHost } from '../desk.ts';
import { MOST_LIST } from './forms.ts';
import { BootstrapFrame, OwnerAndTags, RootNote } from './parts.tsx';
import type { Again } from './place-page.tsx';

/** Step 1 for many. The list is not shown again: there are passwords in it. */
export function HostsPage({ typed, faults = {}, most }: Again & { most: number }) {
  return (
    <BootstrapFrame tab="many" aside={`up to ${most} at once; more by stoa-hub bootstrap --csv FILE`}>
      <Panel id="hosts" title="1. Which hosts" aside="their keys are shown before anything is sent to them">
        <form method="post" action={href('/bootstrap/hosts')} class="form" autocomplete="off">
          <FormFault faults={faults} />
          <Field
            name="csv"
            label="Hosts"
            hint={
              <>
                A line each: <code>host,port,user,password,label</code>. Port and label may be empty.
              </>
            }
            fault={faults['csv']}
          >
            <textarea
              {...control('csv', faults['csv'], true)}
              rows={8}
              maxlength={MOST_LIST}
              required
              autocomplete="off"
              spellcheck={false}
              placeholder="192.0.2.7,22,root,the one-time password,rack-7"
            />
          </Field>
          <OwnerAndTags typed={typed} faults={faults} />
          <div>
            <button type="submit" class="primary">
              Show their keys
            </button>
          </div>
        </form>
      </Panel>
    </BootstrapFrame>
  );
}

/** A host that showed a key, or why it did not. */
export type Looked =
  | { readonly place: string; readonly shown: ShownHost }
  | { readonly place: string; readonly why: string };

/** Step 2 for many: each key that is ticked is accepted. */
export function KeysPage({ looked, sealed }: { looked: readonly Looked[]; sealed: string }) {
  const some = looked.some((each) => 'shown' in each);
  return (
    <BootstrapFrame tab="many" aside="good for a quarter of an hour">
      <Panel id="host-keys" title="2. Are these the keys of the hosts?">
        <form method="post" action={href('/bootstrap/hosts/begin')} class="host-key">
          <input type="hidden" name="sealed" value={sealed} />
          <Table caption="Hosts and their keys" columns={['Host', 'Key', 'Before']}>
            {looked.map((each) => (
              <HostRow looked={each} />
            ))}
          </Table>
          <p class="field-hint">
            On each host: <code>ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub</code>
          </p>
          <RootNote />
          <div class="acts">
            {some && (
              <button type="submit" class="primary">
                Accept what is ticked and begin
              </button>
            )}
            <a href={href('/bootstrap/hosts')}>Another list</a>
          </div>
        </form>
      </Panel>
    </BootstrapFrame>
  );
}

function HostRow({ looked }: { looked: Looked }) {
  if (!('shown' in looked))
    return (
      <tr>
        <th scope="row">{looked.place}</th>
        <td colspan={2} class="bad">
          {looked.why}
        </td>
      </tr>
    );
  const { place, key, pinned } = looked.shown;
  const changed = pinned !== undefined && pinned !== key.fingerprint;
  return (
    <tr>
      <th scope="row">
        <label class="host-pick">
          <input type="checkbox" name="place" value={place} checked={!changed} /> {place}
        </label>
      </th>
      <td>
        <code>{key.fingerprint}</code> <span class="sub">{key.type}</span>
      </td>
      <td class={changed ? 'bad' : undefined}>
        {pinned === undefined ? 'new here' : changed ? `another: ${pinned}` : 'the same'}
      </td>
    </tr>
  );
}

/** What became of a list of which not all could be queued. */
export function BegunPage({
  begun,
}: {
  begun: readonly ({ place: string; jobId: string } | { place: string; why: string })[];
}) {
  return (
    <BootstrapFrame tab="many" aside="what could be queued runs">
      <Panel id="begun" title="3. What was queued">
        <Table caption="Hosts and their jobs" columns={['Host', 'Job']}>
          {begun.map((each) => (
            <tr>
              <th scope="row">{each.place}</th>
              {'jobId' in each ? (
                <td>
                  <a href={href(`/jobs/${each.jobId}`)}>{each.jobId}</a>
                </td>
              ) : (
                <td class="bad">{each.why}</td>
              )}
            </tr>
          ))}
        </Table>
      </Panel>
    </BootstrapFrame>
  );
}
