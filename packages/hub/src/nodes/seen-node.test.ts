import { expect, it } from 'vitest';
import { someViewer } from '../accounts/viewer.fixture.ts';
import { seenNode } from './seen-node.ts';

it('is looked for by what can be the id of a node alone, and is not there for whoever may not see it', async () => {
  const asked: string[] = [];
  const listing = { find: async (_viewer: unknown, id: string) => void asked.push(id) };
  const viewer = someViewer('a@x.io', 'operator');
  const id = 'ab'.repeat(32);
  for (const each of [id, id.toUpperCase(), `${id}\0`, ''])
    await expect(seenNode(listing as never, viewer, each)).rejects.toMatchObject({ code: 'not_found' });
  expect(asked).toEqual([id]);
});
