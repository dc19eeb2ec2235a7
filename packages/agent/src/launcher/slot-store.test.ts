import { existsSync, linkSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { makeReleaseParties, namedKeys } from '@stoa/protocol/fixtures';
import { peekRoot, peekTargets } from '@stoa/protocol/release';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDisk } from '#atomic-file.ts';
import { makeInstallation, PLATFORM } from '#launcher/installation.fixture.ts';
import type { InstallCode } from '#launcher/installer.ts';
import { layoutOf } from '#launcher/layout.ts';
import { SlotStore } from '#launcher/slot-store.ts';
import { MemoryDisk, type Unsynced } from '#memory-disk.ts';

const parties = makeReleaseParties('slot-store');
const code = (expected: InstallCode) => expect.objectContaining({ code: expected });

describe('staging and selecting', () => {
  it('changes nothing before it is selected, and keeps two that were before', async () => {
    const { layout, store, delivery } = makeInstallation(parties);
    const installer = store();
    const ids: string[] = [];
    for (const version of ['1.1.0', '1.2.0', '1.3.0', '1.4.0']) {
      const id = await installer.stage(delivery(version));
      expect((await installer.state()).slots.map((slot) => slot.id)).toEqual(ids.toReversed().slice(0, 3));
      await installer.select(id);
      ids.push(id);
    }
    expect((await installer.state()).slots.map(({ version }) => version)).toEqual([
      '1.4.0',
      '1.3.0',
      '1.2.0',
    ]);
    expect(readdirSync(layout.slots).sort()).toEqual(ids.slice(1).sort());
    expect(statSync(layout.slots).mode & 0o777).toBe(0o755);
    expect(statSync(join(layout.slots, ids[3]!, 'payload.cjs')).mode & 0o777).toBe(0o644);
  });

  it('may come again, and goes back to a slot that is kept', async () => {
    const { store, delivery } = makeInstallation(parties);
    const installer = store();
    const first = await installer.stage(delivery('1.1.0'));
    await installer.select(first);
    await installer.keep(first);
    for (let time = 0; time < 2; time += 1) {
      const second = await installer.stage(delivery('1.2.0'));
      await installer.select(second);
      await installer.keep(second);
    }
    await installer.select(first);
    expect((await installer.state()).slots.map(({ version }) => version)).toEqual(['1.1.0', '1.2.0']);
    await expect(installer.stage(delivery('1.1.0'))).rejects.toEqual(code('install_below_floor'));
  });

  it.each<[InstallCode, string, Parameters<ReturnType<typeof makeInstallation>['delivery']>[1]]>([
    ['install_mismatch', 'another file of the same length', { sent: Buffer.from('payload 1.2.1') }],
    ['install_mismatch', 'a file of 0 bytes', { sent: Buffer.alloc(0) }],
    ['install_mismatch', 'a file that was cut', { sent: Buffer.from('payload 1.2') }],
    ['install_mismatch', 'an endless file', { sent: Buffer.alloc(10_000_000) }],
    [
      'install_untrusted',
      'the signature of one key',
      { targets: parties.targets({}, parties.keys.targets.slice(0, 1)) },
    ],
    [
      'install_untrusted',
      'signatures of the hub’s keys',
      { targets: parties.targets({}, [parties.keys.hub, parties.newKey()]) },
    ],
    ['install_untrusted', 'no metadata', { targets: Buffer.from('{}') }],
    [
      'install_untrusted',
      'a root that one key signed',
      { roots: [parties.root({ version: 2 }, parties.keys.root.slice(0, 1))] },
    ],
    ['install_wrong_platform', 'another machine', { custom: { platform: 'linux-arm64' } }],
    ['install_needs_launcher', 'a launcher to come', { custom: { minLauncher: '9.0.0' } }],
    ['install_no_target', 'a path that nobody signed', { path: 'payload/9.9.9/linux-x64' }],
    [
      'install_no_target',
      'a patch, which is none to be installed',
      { custom: { kind: 'runtime-patch', from: 'ab'.repeat(32) } },
    ],
  ])('refuses with %s what comes as %s, and leaves nothing of it', async (expected, _what, changes) => {
    const { layout, store, delivery } = makeInstallation(parties);
    const installer = store();
    const before = await installer.state();
    await expect(installer.stage(delivery('1.2.0', changes))).rejects.toEqual(code(expected));
    expect(await installer.state()).toEqual(before);
    for (const directory of [layout.slots, layout.runtimes])
      expect(existsSync(directory) ? readdirSync(directory, { recursive: true }) : []).toEqual([]);
    await expect(installer.stage(delivery('1.2.0'))).resolves.toMatch(/^1\.2\.0-[0-9a-f]{12}$/);
  });

  it('F19 never takes older metadata than it has seen, nor content below the floor', async () => {
    const { store, delivery } = makeInstallation(parties);
    const installer = store();
    await installer.stage(delivery('2.0.0', { release: { version: 7, floor: '1.5.0' } }));
    await expect(installer.stage(delivery('3.0.0', { release: { version: 6 } }))).rejects.toEqual(
      code('install_replayed'),
    );
    await expect(
      installer.stage(delivery('1.9.0', { release: { version: 8, floor: '1.4.0' } })),
    ).rejects.toEqual(code('install_below_floor'));
    expect((await installer.state()).floor).toMatchObject({ version: 7, content: '1.5.0' });
  });

  it('goes down by a root that says so, and by nothing else', async () => {
    const { store, delivery, root } = makeInstallation(parties);
    const installer = store();
    const id = await installer.stage(delivery('2.0.0', { release: { version: 7, floor: '2.0.0' } }));
    await installer.select(id);
    await installer.keep(id);
    const old = { release: { version: 8, floor: '1.0.0' } };
    await expect(installer.stage(delivery('1.9.0', old))).rejects.toEqual(code('install_below_floor'));
    const { roles } = peekRoot(root);
    const down = parties.root({ version: 2, roles, floor: { version: '1.0.0', targets: 8, since: 2 } });
    await expect(installer.stage(delivery('1.9.0', { ...old, roots: [down] }))).resolves.toMatch(/^1\.9\.0-/);
    expect(await installer.state()).toMatchObject({ rootVersion: 2, floor: { content: '1.0.0', since: 2 } });
  });

  it('F20 follows three rotations at once, and forgets none of them', async () => {
    const { store, delivery, root, layout } = makeInstallation(parties);
    const { roles } = peekRoot(root);
    const keys = [parties.newKey(), parties.newKey()];
    const targetsRole = { keys: namedKeys(keys), threshold: 2 };
    const roots = [2, 3, 4].map((version) =>
      parties.root({ version, roles: { ...roles, targets: targetsRole } }),
    );
    const old = delivery('1.2.0');
    const content = { release: '1.2.0', targets: [] };
    const signed = delivery('1.2.0', { roots });
    const targets = parties.targets({ ...content, targets: peekTargets(signed.targets).targets }, keys);
    await expect(store().stage({ ...signed, targets, roots: roots.slice(1) })).rejects.toEqual(
      code('install_untrusted'),
    );
    await expect(store().stage({ ...delivery('1.2.0'), roots, targets })).resolves.toMatch(/^1\.2\.0-/);
    expect(readdirSync(layout.roots).sort()).toEqual(['1', '2', '3', '4'].map((n) => `${n}.root.json`));
    // The keys before the rotation sign nothing new.
    await expect(store().stage(old)).rejects.toEqual(code('install_untrusted'));
  });

  it('F10 takes a payload that was rejected no more, however it is asked', async () => {
    const { store, delivery } = makeInstallation(parties);
    const installer = store();
    await installer.select(await installer.stage(delivery('1.1.0')));
    const id = await installer.stage(delivery('1.2.0'));
    await installer.select(id);
    for (let time = 0; time < 2; time += 1) await installer.reject(id, 'crashed at its start');
    expect(await installer.state()).toMatchObject({
      slots: [{ version: '1.1.0' }],
      rejected: [{ id, reason: 'crashed at its start' }],
    });
    await expect(installer.stage(delivery('1.2.0'))).rejects.toEqual(code('install_rejected'));
    await expect(installer.select(id)).rejects.toEqual(code('install_rejected'));
  });

  it('rejects nothing that has proven itself, and keeps it whatever is selected after it', async () => {
    const { store, delivery } = makeInstallation(parties);
    const installer = store();
    const proven = await installer.stage(delivery('1.1.0'));
    await installer.select(proven);
    await installer.keep(proven);
    const untried: string[] = [];
    for (const version of ['1.2.0', '1.3.0', '1.4.0', '1.5.0']) {
      untried.unshift(await installer.stage(delivery(version)));
      await installer.select(untried[0]!);
    }
    expect((await installer.state()).slots.map(({ id }) => id)).toEqual([...untried.slice(0, 2), proven]);
    await expect(installer.reject(proven, 'so that the factory runs')).rejects.toEqual(code('install_kept'));
    for (const id of untried.slice(0, 2)) await installer.reject(id, 'it crashed');
    expect((await installer.state()).slots.map(({ id }) => id)).toEqual([proven]);
  });

  it.each(['../../../etc/passwd', '1.2.0-0123456789ab', 'runtime-1.2.0-0123456789ab', ''])(
    'selects no slot %j that is not there',
    async (id) => {
      const { store } = makeInstallation(parties);
      await expect(store().select(id)).rejects.toEqual(code('install_no_slot'));
    },
  );

  it('F14 selects nothing through a link', async () => {
    const { layout, store, delivery } = makeInstallation(parties);
    const id = await store().stage(delivery('1.2.0'));
    const payload = join(layout.slots, id, 'payload.cjs');
    const elsewhere = join(layout.prefix, 'elsewhere');
    linkSync(payload, elsewhere);
    rmSync(payload);
    symlinkSync(elsewhere, payload);
    await expect(store().select(id)).rejects.toEqual(code('install_untrusted'));
  });

  it('F16 refuses for want of room before it writes anything', async () => {
    const { layout, store, delivery } = makeInstallation(parties);
    const disk = createDisk();
    const full = {
      ...disk,
      space: async (path: string) => ({ ...(await disk.space(path)), freeBytes: 1_000 }),
    };
    await expect(store({ disk: full }).stage(delivery('1.2.0'))).rejects.toEqual(code('install_no_room'));
    expect(existsSync(layout.selection)).toBe(false);
    await expect(store().stage(delivery('1.2.0'))).resolves.toBeDefined();
  });

  it('F13 cut at any step of its files, has the old slot or the new, and takes the new one when it comes again', async () => {
    const { delivery, root } = makeInstallation(parties);
    const layout = layoutOf('/nonexistent/stoa-agent');
    const [before, after] = [delivery('1.1.0'), delivery('1.2.0')];
    const bytesOf = (version: string) => delivery(version).bytes;
    const unsynced = fc.constantFrom<Unsynced>('lost', 'torn', 'kept');
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 40 }), unsynced, async (steps, left) => {
        const disk = new MemoryDisk();
        const store = () =>
          new SlotStore({
            disk,
            layout,
            embeddedRoot: root,
            programInode: 0,
            platform: PLATFORM,
            selfTest: () => Promise.resolve(),
          });
        const install = async (release: typeof before, version: string) => {
          const open = store();
          await open.select(await open.stage({ ...release, bytes: bytesOf(version) }));
        };
        await install(before, '1.1.0');
        const { floor } = await store().state();
        disk.crashAfter(steps);
        await install(after, '1.2.0').catch((error: unknown) =>
          expect(error).toMatchObject({ code: 'power_cut' }),
        );
        disk.restart(left);
        const cut = await store().state();
        expect(['1.1.0', '1.2.0']).toContain(cut.slots[0]?.version);
        expect(cut.slots.map(({ version }) => version)).toContain('1.1.0');
        expect(cut.floor.version).toBeGreaterThanOrEqual(floor.version);
        await install(after, '1.2.0');
        expect((await store().state()).slots.map(({ version }) => version)).toEqual(['1.2.0', '1.1.0']);
      }),
      { numRuns: 40 },
    );
  });

  it('does one thing at a time', async () => {
    const { store, delivery } = makeInstallation(parties);
    const installer = store();
    const first = installer.stage(delivery('1.2.0'));
    await expect(installer.select('1.2.0-0123456789ab')).rejects.toEqual(code('install_busy'));
    expect((await installer.state()).slots).toEqual([]);
    await first;
  });
});
