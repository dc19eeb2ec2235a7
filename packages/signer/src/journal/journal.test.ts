import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { type JournalFiles, readJournal } from '#journal/hash-chain.ts';
import { Journal } from '#journal/journal.ts';
import { MemoryDisk } from '#memory-disk.fixture.ts';

const PATH = '/signer/journal';
const HEAD = `${PATH}.head`;

async function open(at: JournalFiles): Promise<{ journal: Journal; entries: unknown[] }> {
  const entries: unknown[] = [];
  const journal = await Journal.open(at, (entry) => entries.push(entry));
  return { journal, entries };
}

async function entriesOf(at: JournalFiles): Promise<unknown[]> {
  const entries: unknown[] = [];
  await readJournal(at, (entry) => entries.push(entry));
  return entries;
}

describe('a journal', () => {
  let disk: MemoryDisk;
  const files = () => ({ path: PATH, disk });

  beforeEach(async () => {
    disk = new MemoryDisk();
    const journal = await Journal.create(files(), { n: 0 });
    for (let n = 1; n < 4; n += 1) await journal.append({ n, text: `entry ${n} é` });
  });

  async function survives(): Promise<boolean> {
    return readJournal(files()).then(
      () => true,
      (error: unknown) => {
        expect(error).toMatchObject({ code: 'journal_damaged', retry: false });
        return false;
      },
    );
  }

  test('gives back what was appended, in order, over any number of openings', async () => {
    const { journal, entries } = await open(files());
    expect(entries).toHaveLength(4);
    await journal.append({ n: 4 });
    expect((await entriesOf(files())).map((entry) => (entry as { n: number }).n)).toEqual([0, 1, 2, 3, 4]);
    expect((await readJournal(files())).head).toEqual(journal.head);
  });

  test.for([PATH, HEAD])('every changed byte of %s is detected', async (path) => {
    const whole = Uint8Array.from(disk.bytes(path));
    for (let at = 0; at < whole.length; at += 1) {
      for (const change of [0x01, 0x04, 0x20, 0x80]) {
        const changed = Uint8Array.from(whole);
        changed[at] = whole[at]! ^ change;
        disk.set(path, changed);
        expect(await survives(), `byte ${at} ^ ${change}`).toBe(false);
      }
    }
  });

  test('every cut is detected', async () => {
    const whole = Uint8Array.from(disk.bytes(PATH));
    for (let length = 0; length < whole.length; length += 1) {
      disk.set(PATH, whole.subarray(0, length));
      expect(await survives(), `cut to ${length} bytes`).toBe(false);
    }
    disk.files.delete(PATH);
    expect(await survives()).toBe(false);
  });

  test('a missing head, an added line, a line left out or moved are detected', async () => {
    const lines = Buffer.from(disk.bytes(PATH)).toString().trimEnd().split('\n');
    const write = (changed: string[]) => disk.set(PATH, Buffer.from(`${changed.join('\n')}\n`));
    write([...lines, lines[3]!]);
    expect(await survives()).toBe(false);
    write([lines[0]!, lines[2]!, lines[3]!]);
    expect(await survives()).toBe(false);
    write([lines[0]!, lines[2]!, lines[1]!, lines[3]!]);
    expect(await survives()).toBe(false);
    write(lines);
    expect(await survives()).toBe(true);
    disk.files.delete(HEAD);
    expect(await survives()).toBe(false);
  });

  test('losing power at any step loses no answered entry and invents none', async () => {
    for (let steps = 0; ; steps += 1) {
      const { journal, entries: before } = await open(files());
      disk.crashAfter(steps);
      const answered = await journal.append({ steps }).then(
        () => true,
        () => false,
      );
      disk.restart();
      const { journal: reopened, entries } = await open(files());
      expect(entries.length - before.length).toBeLessThanOrEqual(1);
      if (answered) expect(entries.at(-1)).toEqual({ steps });
      // What a crash left behind does not break the next append, nor the opening after it.
      await reopened.append({ after: steps });
      expect((await entriesOf(files())).at(-1)).toEqual({ after: steps });
      if (answered) break;
    }
  });

  test('losing power twice in a row, both times before the head, leaves a journal that opens', async () => {
    for (let life = 0; life < 2; life += 1) {
      const { journal } = await open(files());
      disk.fail(HEAD);
      await expect(journal.append({ life })).rejects.toMatchObject({ code: 'disk_fault' });
      disk.fail(undefined);
    }
    expect((await open(files())).entries.slice(-2)).toEqual([{ life: 0 }, { life: 1 }]);
  });

  test('a full disk refuses the entry and keeps the journal', async () => {
    const { journal } = await open(files());
    disk.fill(true);
    await expect(journal.append({ n: 4 })).rejects.toMatchObject({ code: 'disk_fault', retry: true });
    disk.fill(false);
    expect((await open(files())).entries).toHaveLength(4);
  });

  test('a second writer is noticed before it does harm', async () => {
    const { journal: one } = await open(files());
    const { journal: two } = await open(files());
    await one.append({ by: 'one' });
    await expect(two.append({ by: 'two' })).rejects.toThrow(/something else writes it/);
    expect((await entriesOf(files())).at(-1)).toEqual({ by: 'one' });
  });

  test('is not made twice; a restart keeps what was there under new names', async () => {
    await expect(Journal.create(files(), {})).rejects.toThrow(/has begun already/);
    const old = Uint8Array.from(disk.bytes(PATH));
    await Journal.restart(files(), { fresh: true });
    expect(await entriesOf(files())).toEqual([{ fresh: true }]);
    expect(disk.bytes(`${PATH}.1`)).toEqual(old);
  });

  test('a making that lost power at any step can be made again', async () => {
    for (let steps = 0; ; steps += 1) {
      const fresh = { path: `/fresh/${steps}`, disk };
      disk.crashAfter(steps);
      const made = await Journal.create(fresh, { first: true }).catch(() => undefined);
      disk.restart();
      if (!(await Journal.isBegun(fresh))) await Journal.create(fresh, { first: true });
      expect((await open(fresh)).entries).toEqual([{ first: true }]);
      if (made !== undefined) break;
    }
  });

  test('a missing journal is not an empty one', async () => {
    const nowhere = { path: '/nowhere', disk };
    await expect(Journal.open(nowhere)).rejects.toMatchObject({ code: 'journal_missing' });
  });

  test('keeps any JSON text', async () => {
    const { journal } = await open(files());
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        const entry = JSON.parse(JSON.stringify({ text }));
        await journal.append({ text });
        expect((await entriesOf(files())).at(-1)).toEqual(entry);
      }),
      { numRuns: 20 },
    );
  });
});
