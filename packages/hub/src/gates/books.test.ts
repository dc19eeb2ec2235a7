import { expect, it } from 'vitest';
import { type Book, BookReader } from './books.ts';

/** A book of one change. */
class OneChange implements Book<string, number> {
  readonly #change: { readonly nodeId: string; readonly fromHour: number };

  constructor(change: { nodeId: string; fromHour: number }) {
    this.#change = change;
  }

  async at(hubHour: number): Promise<ReadonlyMap<string, string>> {
    const { nodeId, fromHour } = this.#change;
    return new Map(hubHour >= fromHour ? [[nodeId, 'account']] : []);
  }

  /** With the second question. */
  async changedSince(cursor: number | undefined) {
    return { cursor: (cursor ?? 0) + 1, changes: cursor === 1 ? [this.#change] : [] };
  }
}

it('a change told while a node was away holds for it from its hour on', async () => {
  let connected = false;
  const reader = new BookReader({
    book: new OneChange({ nodeId: 'n', fromHour: 11 }),
    isHere: () => connected,
  });
  const told: (string | undefined)[] = [];
  const follow = (hubHour: number, fresh: readonly string[]) =>
    reader.follow(hubHour, fresh, (_, entry) => told.push(entry));
  await follow(10, []);
  await follow(10, []);
  connected = true;
  await follow(10, ['n']);
  await follow(10, []);
  await follow(11, []);
  await follow(12, []);
  expect(told).toEqual([undefined, 'account']);
});
