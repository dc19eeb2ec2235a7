import { control, type Faults, Field, type Typed, typedOf } from '../console/form.tsx';
import { Ago, Empty, Panel } from '../console/parts.tsx';
import { href } from '../console/scope.ts';
import { listUrl } from './list-filter.ts';
import type { NodeNote } from './notes.ts';

export interface NotesTabProps {
  readonly nodeId: string;
  readonly tags: readonly string[];
  readonly notes: readonly NodeNote[];
  /** E-mail of who looks. */
  readonly email: string;
  /** Whether they may change tags and write notes. */
  readonly mayWrite: boolean;
  readonly now: number;
  readonly typed?: Typed | undefined;
  readonly faults?: Faults | undefined;
}

/** What people say of a node: its tags, and notes for those who come after. */
export function NotesTab(props: NotesTabProps) {
  const { nodeId, tags, notes, email, mayWrite, now, typed, faults = {} } = props;
  return (
    <div class="stack">
      <Panel id="node-tags" title="Tags" aside="the list finds them: tag:NAME">
        {mayWrite ? (
          <form method="post" action={href(`/nodes/${nodeId}/tags`)} class="inline-form">
            <Field
              name="tags"
              label="Tags, separated by spaces"
              hint="One word each: letters, digits and . _ : / -"
              fault={faults['tags']}
            >
              <input
                {...control('tags', faults['tags'], true)}
                value={faults['tags'] === undefined ? tags.join(' ') : typedOf(typed, 'tags')}
                maxlength={1_000}
              />
            </Field>
            <button type="submit" class="primary">
              Save tags
            </button>
          </form>
        ) : (
          <TagList tags={tags} />
        )}
      </Panel>
      <Panel id="node-notes" title="Notes" aside="seen by everybody who sees this node">
        {mayWrite && (
          <form method="post" action={href(`/nodes/${nodeId}/notes`)} class="inline-form">
            <Field name="text" label="A note" hint="Whom to call, what was tried." fault={faults['text']}>
              <textarea {...control('text', faults['text'], true)} rows={3} maxlength={2_000}>
                {typedOf(typed, 'text')}
              </textarea>
            </Field>
            <button type="submit" class="primary">
              Add note
            </button>
          </form>
        )}
        {notes.length === 0 && <Empty title="No note yet" />}
        <ol class="notes">
          {notes.map((note) => (
            <li>
              <div class="note-by">
                {note.author} <Ago at={note.at} now={now} />
                {note.author === email && (
                  <form method="post" action={href(`/nodes/${nodeId}/notes/${note.noteId}/delete`)}>
                    <button type="submit" class="quiet" aria-label="Delete this note">
                      Delete
                    </button>
                  </form>
                )}
              </div>
              <p class="note-text">{note.text}</p>
            </li>
          ))}
        </ol>
      </Panel>
    </div>
  );
}

function TagList({ tags }: { tags: readonly string[] }) {
  if (tags.length === 0) return <p class="unknown">none</p>;
  return (
    <p class="tag-list">
      {tags.map((tag) => (
        <a class="tag" href={href(`/${listUrl(`tag:"${tag}"`)}`)}>
          {tag}
        </a>
      ))}
    </p>
  );
}
