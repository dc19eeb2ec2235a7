import { makeReleaseParties, makeTarget, namedKeys } from '@stoa/protocol/fixtures';
import { peekRoot } from '@stoa/protocol/release';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '#launcher/choice.ts';
import { FACTORY, FRESH_JOURNAL, readJournal, withRecord, writeJournal } from '#launcher/journal.ts';
import { layoutOf, slotFiles } from '#launcher/layout.ts';
import {
  NO_SELECTION,
  readSelection,
  type Selection,
  slotId,
  withSelected,
  writeSelection,
} from '#launcher/selection.ts';
import { Start, type StartDeps } from '#launcher/start.ts';
import { writeRoots } from '#launcher/trust.ts';
import { MemoryDisk, type Unsynced } from '#memory-disk.ts';

const parties = makeReleaseParties('start');
const layout = layoutOf('/opt/stoa-agent');
const STATE = '/var/lib/stoa-agent/launcher/default';
const JOURNAL = `${STATE}/journal.json`;
const embedded = { root: parties.root(), factory: Buffer.from('factory') };

const signed = new Map<string, Uint8Array>();

interface Host {
  readonly disk: MemoryDisk;
  readonly deps: StartDeps;
  readonly warnings: string[];
}

/** Slots of these versions, newest first, as an installer leaves them. */
async function host(versions: readonly string[], floor = '1.0.0'): Promise<Host> {
  const disk = new MemoryDisk();
  let selection: Selection = {
    ...NO_SELECTION,
    floor: { ...NO_SELECTION.floor, version: 9, content: floor },
    inForce: floor,
    rootVersion: 1,
  };
  for (const version of versions.toReversed()) {
    const bytes = Buffer.from(`payload ${version}`);
    const target = makeTarget('linux-x64', version, { bytes });
    const { sha256 } = target;
    const id = slotId(version, sha256);
    const files = slotFiles(layout, id);
    await disk.writeAtomic(files.payload, bytes);
    let targets = signed.get(version);
    // As builds are: one payload for both platforms, and so one hash under two paths.
    const other = makeTarget('linux-arm64', version, { bytes });
    targets ??= parties.targets({ release: version, floor: '0.0.0', targets: [other, target] });
    signed.set(version, targets);
    await disk.writeAtomic(files.targets, targets);
    selection = withSelected(selection, { id, version, sha256 });
  }
  await writeSelection(disk, layout.selection, selection);
  const warnings: string[] = [];
  const deps: StartDeps = {
    role: 'agent',
    disk,
    layout,
    state: STATE,
    embedded,
    platform: 'linux-x64',
    limits: LIMITS,
    now: () => 7,
    lastEnd: () => undefined,
    lastLines: () => ['the last line'],
    warn: (line) => void warnings.push(line),
  };
  return { disk, deps, warnings };
}

const versionOf = (start: Start): string => start.chosen.verified?.target.custom.version ?? FACTORY;

/** What an agent that was taken over writes down: all that is installed has failed for good. */
async function condemnAll({ disk, deps }: Host): Promise<void> {
  const selection = (await readSelection(disk, deps.layout.selection))!;
  const verdict = { verdict: 'crashed', final: true } as const;
  const fresh = { ...FRESH_JOURNAL, selections: selection.selections };
  const journal = selection.slots.reduce((all, { id }) => withRecord(all, id, verdict), fresh);
  await writeJournal(disk, JOURNAL, journal);
}

describe('a start with root’s rights', () => {
  it.each([
    { selected: 'an older slot', slots: ['1.3.0', '1.5.0', '1.4.0'], proven: '1.5.0', runs: '1.5.0' },
    { selected: 'a newer one', slots: ['1.6.0', '1.5.0'], proven: '1.5.0', runs: '1.6.0' },
    { selected: 'a root’s way down', slots: ['1.4.0', '1.5.0'], proven: '1.4.0', runs: '1.4.0' },
    { selected: 'one below the floor', slots: ['0.3.0', '0.4.0'], proven: '0.3.0', runs: '0.4.0' },
  ])('where the agent selected $selected, runs nothing older than what has proven itself', async (given) => {
    const { deps, disk } = await host(given.slots);
    const selection = (await readSelection(disk, layout.selection))!;
    const newest = { ...selection.floor.newest, payload: given.proven };
    await writeSelection(disk, layout.selection, { ...selection, floor: { ...selection.floor, newest } });
    expect(versionOf(await Start.prepare(deps, true))).toBe(given.slots[0]);
    expect(versionOf(await Start.prepare({ ...deps, role: 'root' }, true))).toBe(given.runs);
  });

  it('asks no journal that is the agent’s', async () => {
    const made = await host(['1.2.0', '1.1.0']);
    await condemnAll(made);
    expect(versionOf(await Start.prepare(made.deps, false))).toBe(FACTORY);
    const foreign = { ...made.deps, state: undefined };
    expect(versionOf(await Start.prepare(foreign, false))).toBe('1.2.0');
  });
});

describe('a start', () => {
  it('takes the selected slot, and exactly the bytes that were verified', async () => {
    const { deps } = await host(['1.2.0', '1.1.0']);
    const start = await Start.prepare(deps, true);
    expect(versionOf(start)).toBe('1.2.0');
    expect(Buffer.from(start.chosen.payload).toString()).toBe('payload 1.2.0');
    expect(start.updateOnly('1.2.0')).toBe(false);
    expect(start.silentAfterMs).toBe(LIMITS.silentMs);
  });

  it('of a fresh installation runs the factory’s payload, fully', async () => {
    const { deps, disk } = await host([]);
    await disk.remove(layout.selection);
    const start = await Start.prepare(deps, true);
    expect([start.chosen.id, start.updateOnly('0.1.0'), start.silentAfterMs]).toEqual([
      FACTORY,
      false,
      undefined,
    ]);
  });

  it('from the factory or below the floor is for updating only', async () => {
    const { deps, disk } = await host(['1.2.0'], '1.3.0');
    expect((await Start.prepare(deps, false)).updateOnly('1.2.0')).toBe(true);
    await disk.remove(layout.slots);
    const start = await Start.prepare(deps, false);
    expect([start.chosen.id, start.updateOnly('9.0.0')]).toEqual([FACTORY, true]);
  });

  it('goes on in full, root’s program too, while what raises the floor is staged and not selected', async () => {
    const { deps, disk } = await host(['1.2.0'], '1.0.0');
    const selection = (await readSelection(disk, layout.selection))!;
    const floor = { ...selection.floor, content: '1.3.0' };
    await writeSelection(disk, layout.selection, { ...selection, floor });
    for (const role of ['agent', 'root'] as const)
      expect((await Start.prepare({ ...deps, role }, false)).updateOnly('1.2.0')).toBe(false);
    // A file of a version that knew of one floor is obeyed by that.
    const { inForce: _, ...older } = { ...selection, floor, format: 1 };
    await disk.writeAtomic(layout.selection, JSON.stringify(older));
    expect((await Start.prepare(deps, false)).updateOnly('1.2.0')).toBe(true);
  });

  it.each([
    [
      'a payload that was changed',
      (disk: MemoryDisk, id: string) => disk.writeAtomic(slotFiles(layout, id).payload, 'payload 1.2.1'),
    ],
    [
      'a payload of 0 bytes',
      (disk: MemoryDisk, id: string) => disk.writeAtomic(slotFiles(layout, id).payload, ''),
    ],
    ['no payload', (disk: MemoryDisk, id: string) => disk.remove(slotFiles(layout, id).payload)],
    ['no metadata', (disk: MemoryDisk, id: string) => disk.remove(slotFiles(layout, id).targets)],
    [
      'the metadata of another slot',
      async (disk: MemoryDisk, id: string) => {
        const other = (await disk.list(layout.slots)).find((name) => name !== id)!;
        await disk.writeAtomic(
          slotFiles(layout, id).targets,
          await disk.readFile(slotFiles(layout, other).targets),
        );
      },
    ],
    [
      'metadata that one key signed',
      (disk: MemoryDisk, id: string) =>
        disk.writeAtomic(
          slotFiles(layout, id).targets,
          parties.targets({}, parties.keys.targets.slice(0, 1)),
        ),
    ],
  ])('falls back past %s, and says so once', async (_what, damage) => {
    const { deps, disk } = await host(['1.2.0', '1.1.0']);
    const id = (await Start.prepare(deps, false)).chosen.id;
    await damage(disk, id);
    for (let time = 0; time < 2; time += 1) expect(versionOf(await Start.prepare(deps, true))).toBe('1.1.0');
    expect((await readJournal(disk, JOURNAL))?.failures).toMatchObject([{ slot: id, reason: 'damaged' }]);
  });

  it('goes by the version that was signed, not by what a payload says of itself', async () => {
    const { deps } = await host(['1.2.0'], '1.3.0');
    expect((await Start.prepare(deps, true)).updateOnly('9.9.9')).toBe(true);
  });

  it('reads no journal without an end', async () => {
    const { deps, disk, warnings } = await host(['1.2.0']);
    await disk.writeAtomic(JOURNAL, Buffer.alloc(9_000_000, ' '));
    expect(versionOf(await Start.prepare(deps, false))).toBe('1.2.0');
    expect(warnings).toEqual([expect.stringContaining('is not what was written there')]);
  });

  it('refuses what is for another machine or a newer launcher', async () => {
    const { deps } = await host(['1.2.0']);
    expect(versionOf(await Start.prepare({ ...deps, platform: 'linux-riscv64' }, false))).toBe(FACTORY);
  });

  it('F20 keeps slots that keys before a rotation vouched for, also under a program that carries the new root', async () => {
    const { deps, disk } = await host(['1.2.0']);
    const keys = [parties.newKey(), parties.newKey()];
    const { roles } = peekRoot(embedded.root);
    const second = parties.root({
      version: 2,
      roles: { ...roles, targets: { keys: namedKeys(keys), threshold: 2 } },
    });
    await writeRoots(disk, layout, [embedded.root, second]);
    expect(versionOf(await Start.prepare(deps, false))).toBe('1.2.0');
    const next = { ...deps, embedded: { ...embedded, root: second } };
    expect(versionOf(await Start.prepare(next, false))).toBe('1.2.0');
    // Without the root before it nothing here vouches for those keys.
    await disk.remove(`${layout.roots}/1.root.json`);
    expect(versionOf(await Start.prepare(next, false))).toBe(FACTORY);
  });

  it('F17 and F21 asks neither the age of a release nor the clock', async () => {
    const { deps, disk } = await host([]);
    const bytes = Buffer.from('payload 1.2.0');
    const target = makeTarget('linux-x64', '1.2.0', { bytes });
    const id = slotId('1.2.0', target.sha256);
    await disk.writeAtomic(slotFiles(layout, id).payload, bytes);
    await disk.writeAtomic(
      slotFiles(layout, id).targets,
      parties.targets({ release: '1.2.0', targets: [target], expiresAt: 1_000 }),
    );
    await writeSelection(
      disk,
      layout.selection,
      withSelected(NO_SELECTION, { id, version: '1.2.0', sha256: target.sha256 }),
    );
    for (const years of [-10, 0, 10])
      expect(versionOf(await Start.prepare({ ...deps, now: () => Date.UTC(2026 + years) }, true))).toBe(
        '1.2.0',
      );
  });

  it('F16 that cannot be counted takes nothing that is on trial', async () => {
    const { deps, disk, warnings } = await host(['1.2.0', '1.1.0']);
    const first = await Start.prepare(deps, true);
    await first.confirm('session');
    const next = await host(['1.3.0', '1.2.0', '1.1.0']);
    for (const name of [JOURNAL]) await next.disk.writeAtomic(name, await disk.readFile(name));
    next.disk.capacityBytes = 0;
    expect(versionOf(await Start.prepare(next.deps, true))).toBe('1.2.0');
    expect(next.warnings.join()).toContain('no space is left');
    next.disk.capacityBytes = 1e9;
    expect(versionOf(await Start.prepare(next.deps, true))).toBe('1.3.0');
    expect(warnings).toEqual([]);
  });

  it('runs update-only from the factory where what was decided can’t be read, and with a fresh journal where that can’t', async () => {
    const { deps, disk, warnings } = await host(['1.2.0']);
    await disk.writeAtomic(JOURNAL, '{"format":1,"running":');
    expect(versionOf(await Start.prepare(deps, true))).toBe('1.2.0');
    await disk.writeAtomic(layout.selection, '{"format":1,"slots":[{"id":"../../etc"}]}');
    const start = await Start.prepare(deps, true);
    expect([start.chosen.id, start.updateOnly('9.9.9')]).toEqual([FACTORY, true]);
    expect(warnings).toHaveLength(2);
  });

  it('F35 after three that were cut says why, with the last lines', async () => {
    const { deps, disk } = await host(['1.2.0', '1.1.0']);
    for (let time = 0; time < 3; time += 1) expect(versionOf(await Start.prepare(deps, true))).toBe('1.2.0');
    const running = (await readJournal(disk, JOURNAL))!.running;
    const lastEnd = () => ({ slot: running, reason: 'spun', detail: 'it spun' }) as const;
    const start = await Start.prepare({ ...deps, lastEnd }, true);
    expect([versionOf(start), start.updateOnly('1.1.0')]).toEqual(['1.1.0', true]);
    expect((await Start.prepare({ ...deps, role: 'root' }, false)).updateOnly('1.1.0')).toBe(false);
    expect(await start.confirm('session')).toBe(true);
    for (let time = 0; time < 3; time += 1) await Start.prepare({ ...deps, lastEnd }, true);
    const again = await Start.prepare({ ...deps, lastEnd }, true);
    await again.confirm('session');
    expect((await Start.prepare(deps, true)).updateOnly('1.1.0')).toBe(false);
    expect(again.journal.failures).toEqual([
      {
        slot: running,
        version: '1.2.0',
        reason: 'spun',
        detail: '3 starts in a row ended before it had proven itself; the last: it spun',
        lines: ['the last line'],
        at: 7,
        final: true,
      },
    ]);
  });

  it('F13 cut at any step of its journal, starts again with a slot that holds, and loses no commit', async () => {
    const unsynced = fc.constantFrom<Unsynced>('lost', 'torn', 'kept');
    const cut = fc.record({ steps: fc.nat({ max: 14 }), unsynced });
    await fc.assert(
      fc.asyncProperty(fc.array(cut, { minLength: 1, maxLength: 6 }), async (cuts) => {
        const { deps, disk } = await host(['1.2.0', '1.1.0']);
        let committed = false;
        for (const { steps, unsynced: left } of cuts) {
          disk.crashAfter(steps);
          try {
            const start = await Start.prepare(deps, true);
            if (versionOf(start) === '1.2.0') {
              await start.confirm('session');
              committed = true;
            }
            await start.end();
          } catch (error) {
            expect(error).toMatchObject({ code: 'power_cut' });
          }
          disk.restart(left);
          const again = await Start.prepare(deps, false);
          expect(['1.2.0', '1.1.0']).toContain(versionOf(again));
          if (committed) expect(versionOf(again)).toBe('1.2.0');
        }
      }),
      { numRuns: 30 },
    );
  });
});
