import { listUrl } from '#nodes/index.ts';
import { Act } from '../console/form.tsx';
import { Empty, Panel, Table } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import type { SavedView } from './saved-views.ts';

/** An account's views: open, rename, delete. */
export function ViewsPage({ views, fault }: { views: readonly SavedView[]; fault?: string | undefined }) {
  return (
    <article class="settings">
      <p class="crumb">
        <a href={href('/nodes')}>Nodes</a>
      </p>
      <div class="title">
        <h1>Saved views</h1>
      </div>
      {fault && (
        <p class="field-fault" role="alert">
          {fault}
        </p>
      )}
      <Panel id="views" title="Your views" aside="seen by you only">
        {views.length === 0 ? (
          <Empty title="No view yet">
            <p>
              Search the <a href={href('/nodes')}>nodes</a>, then save the search under a name.
            </p>
          </Empty>
        ) : (
          <Table caption="Saved views of this account" columns={['Name', 'Selector', 'Change']}>
            {views.map((view) => (
              <Row view={view} />
            ))}
          </Table>
        )}
      </Panel>
    </article>
  );
}

/** What the list's menu shows once it is opened: the list itself is read far more often. */
export function ViewLinks({ views }: { views: readonly SavedView[] }) {
  return (
    <>
      {views.length === 0 && <p>No view is saved yet.</p>}
      <ul>
        {views.map(({ name, selector }) => (
          <li>
            <a href={listHref(selector)}>{name}</a>
          </li>
        ))}
      </ul>
      {views.length > 0 && (
        <p>
          <a href={href('/views')}>Rename or delete</a>
        </p>
      )}
    </>
  );
}

function listHref(selector: string): string {
  return href(`/${listUrl(selector)}`);
}

function Row({ view: { viewId, name, selector } }: { view: SavedView }) {
  return (
    <tr>
      <th scope="row">
        <a href={listHref(selector)}>{name}</a>
      </th>
      <td>
        <code>{selector || 'every node'}</code>
      </td>
      <td class="row-acts">
        <form method="post" action={href(`/views/${viewId}/rename`)}>
          <input name="name" value={name} aria-label={`New name of ${name}`} maxlength={60} required />
          <button type="submit" class="quiet">
            Rename
          </button>
        </form>
        <Act path={`/views/${viewId}/delete`} word="Delete" label={`Delete ${name}`} />
      </td>
    </tr>
  );
}
