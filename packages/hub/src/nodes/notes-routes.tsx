import type { Child } from 'hono/jsx';
import { z } from 'zod';
import type { NodeAccess } from '../accounts/index.ts';
import type { AuditLog } from '../audit/index.ts';
import type { Bus } from '../bus.ts';
import { type Faults, readForm, type Typed } from '../console/form.tsx';
import { href } from '../console/scope.ts';
import type { HubApp, HubContext } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import { viewerOf } from '../viewer.ts';
import type { NodeNotes } from './notes.ts';
import { NotesTab } from './notes-tab.tsx';
import type { NodeRegistry } from './registry.ts';
import type { NodeDetail } from './summary.ts';
import { tagName } from './tag-name.ts';

export interface NotesDeps {
  readonly notes: NodeNotes;
  readonly registry: Pick<NodeRegistry, 'tagsOf' | 'setTags'>;
  readonly access: Pick<NodeAccess, 'may'>;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly bus: Bus;
  readonly now: () => number;
  /** @throws {HttpError} 404 where the viewer may not see it. */
  readonly find: (c: HubContext) => Promise<NodeDetail>;
  readonly render: (c: HubContext, node: NodeDetail, body: Child) => Response | Promise<Response>;
}

const MAX_TAGS = 32;
const tagsForm = z.strictObject({ tags: z.string().max(1_400, 'at most 1,400 characters') });
const noteForm = z.strictObject({
  text: z
    .string()
    .trim()
    .min(1, 'Write something.')
    .max(2_000, 'at most 2,000 characters')
    .refine((text) => !text.includes('\0'), 'a NUL character is not text'),
});
const NOTE_ID = /^\d{1,15}$/;

/** The Notes tab of a node: tags and notes. */
export function mountNotes(app: HubApp, deps: NotesDeps): void {
  const { notes, registry, access, audit, bus } = deps;
  const show = async (c: HubContext, node: NodeDetail, refused: { typed?: Typed; faults?: Faults } = {}) => {
    const viewer = viewerOf(c);
    const [tags, list, mayWrite] = await Promise.all([
      registry.tagsOf(node.nodeId),
      notes.list(node.nodeId),
      access.may(viewer, node.nodeId, 'operator'),
    ]);
    const body = (
      <NotesTab
        {...{ nodeId: node.nodeId, tags, notes: list, email: viewer.email, mayWrite, now: deps.now() }}
        {...refused}
      />
    );
    return deps.render(c, node, body);
  };
  const findToWrite = async (c: HubContext) => {
    const node = await deps.find(c);
    if (!(await access.may(viewerOf(c), node.nodeId, 'operator'))) throw notFound('This form');
    return node;
  };
  const refuse = (c: HubContext, node: NodeDetail, refused: { typed: Typed; faults: Faults }) => {
    c.status(422);
    return show(c, node, refused);
  };
  app.get('/nodes/:id/notes', async (c) => show(c, await deps.find(c)));
  app.post('/nodes/:id/tags', async (c) => {
    const node = await findToWrite(c);
    const form = await readForm(c, tagsForm);
    if (!form.ok) return refuse(c, node, form);
    const read = readTags(form.value.tags);
    if (typeof read === 'string') return refuse(c, node, { typed: form.value, faults: { tags: read } });
    await audit.append({
      actor: viewerOf(c).email,
      act: 'node.tags',
      subject: node.nodeId,
      owner: node.owner,
      detail: { tags: read },
    });
    await registry.setTags(node.nodeId, read);
    bus.publish('nodes', { ids: [node.nodeId] });
    return c.redirect(href(`/nodes/${node.nodeId}/notes`), 303);
  });
  app.post('/nodes/:id/notes', async (c) => {
    const node = await findToWrite(c);
    const form = await readForm(c, noteForm);
    if (!form.ok) return refuse(c, node, form);
    await notes.add(viewerOf(c), node.nodeId, form.value.text);
    return c.redirect(href(`/nodes/${node.nodeId}/notes`), 303);
  });
  app.post('/nodes/:id/notes/:note/delete', async (c) => {
    const node = await findToWrite(c);
    const noteId = c.req.param('note');
    const removed = NOTE_ID.test(noteId) && (await notes.remove(viewerOf(c), node.nodeId, Number(noteId)));
    if (!removed) throw notFound('This note');
    return c.redirect(href(`/nodes/${node.nodeId}/notes`), 303);
  });
}

/** The tags, each once; or what is wrong with one. */
function readTags(text: string): readonly string[] | string {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  try {
    const tags = [...new Set(words.map(tagName))];
    return tags.length <= MAX_TAGS ? tags : `A node has at most ${MAX_TAGS} tags; these are ${tags.length}.`;
  } catch (error) {
    if (error instanceof HttpError) return `${error.message} ${error.fix}`;
    throw error;
  }
}
