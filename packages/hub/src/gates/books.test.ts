import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
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

  within(hubHour: number): Promise<ReadonlyMap<string, string>> {
    return this.at(hubHour);
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

describe('a fleet that is due at once', () => {
  const idOf = (i: number) => createHash('sha256').update(String(i)).digest('hex');
  const HERE = Array.from({ length: 5_000 }, (_, i) => idOf(i));

  /** Every node has an account, and which were asked for, and how, is told. */
  function bookOf(all: readonly string[]) {
    const asked: string[] = [];
    const entries = (how: string, ids: readonly string[]) => {
      asked.push(`${how} ${ids.length}`);
      return new Map(ids.map((id) => [id, `account of ${id}`]));
    };
    const book: Book<string, number> = {
      at: async (_, ids) => entries('ids', ids),
      within: async (_, { first, last }) =>
        entries(
          'span',
          all.filter((id) => id >= first && id <= last),
        ),
      changedSince: async () => ({ cursor: 0, changes: [] }),
    };
    return { asked, book };
  }

  async function follow({ book }: Pick<ReturnType<typeof bookOf>, 'book'>) {
    const told = new Map<string, string | undefined>();
    await new BookReader({ book, isHere: () => true }).follow(10, HERE, (id, entry) => told.set(id, entry));
    return told;
  }

  const known = new Map(HERE.map((id) => [id, `account of ${id}`]));

  it('is asked for by spans of ids, but for the rest', async () => {
    const world = bookOf(HERE);
    expect(await follow(world)).toEqual(known);
    expect(world.asked).toEqual(['span 2000', 'span 2000', 'ids 1000']);
  });

  it('is asked for by ids where spans are mostly of nodes of other instances', async () => {
    const world = bookOf(Array.from({ length: 25_000 }, (_, i) => idOf(i)));
    expect(await follow(world)).toEqual(known);
    expect(world.asked.map((one) => one.split(' ')[0])).toEqual(['span', 'ids', 'ids']);
  });
});
