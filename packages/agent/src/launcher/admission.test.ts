/** What lies staged is no more admitted than what comes anew: it is judged by what holds when it is put in place. */
import { readFileSync } from 'node:fs';
import { makeReleaseParties, namedKeys } from '@stoa/protocol/fixtures';
import { peekRoot, peekTargets } from '@stoa/protocol/release';
import { describe, expect, it } from 'vitest';
import { createDisk } from '#atomic-file.ts';
import { type DeliveryChanges, makeInstallation } from '#launcher/installation.fixture.ts';
import type { InstallCode } from '#launcher/installer.ts';
import { readSelection } from '#launcher/selection.ts';

const parties = makeReleaseParties('admission');
const code = (expected: InstallCode) => expect.objectContaining({ code: expected });
const runtime = (version: string): DeliveryChanges => ({
  custom: { kind: 'runtime' },
  bytes: Buffer.from(`runtime ${version}`),
});

describe('what was staged long ago', () => {
  it('is not selected below a floor that came since: the runtime stays as it is', async () => {
    const { store, delivery, layout } = makeInstallation(parties);
    const installer = store();
    const old = await installer.stage(delivery('1.4.0', runtime('1.4.0')));
    await installer.stage(delivery('1.5.0', { release: { floor: '1.5.0' } }));
    await expect(installer.select(old)).rejects.toEqual(code('install_below_floor'));
    expect(readFileSync(layout.program, 'utf8')).toBe('the program');
  });

  it('holds what runs to its floor once it is selected, and everything else at once', async () => {
    const { store, delivery, layout } = makeInstallation(parties);
    const installer = store();
    const inForce = async () => (await readSelection(createDisk(), layout.selection))?.inForce;
    const first = await installer.stage(delivery('1.4.0'));
    await installer.select(first);
    await installer.keep(first);
    const next = await installer.stage(delivery('1.5.0', { release: { floor: '1.5.0' } }));
    // The agent starts anew in the middle of the drain, and is heard.
    await installer.keep(first);
    expect([await inForce(), (await installer.state()).floor.content]).toEqual(['1.0.0', '1.5.0']);
    await expect(installer.select(first)).rejects.toEqual(code('install_below_floor'));
    await installer.select(next);
    expect(await inForce()).toBe('1.5.0');
  });

  it('holds what runs to the floor of a runtime once that has proven itself', async () => {
    const { store, delivery, layout } = makeInstallation(parties);
    const floored = { ...runtime('1.5.0'), release: { floor: '1.5.0' } };
    await store().select(await store().stage(delivery('1.5.0', floored)));
    const inForce = async () => (await readSelection(createDisk(), layout.selection))?.inForce;
    expect(await inForce()).toBe('0.0.0');
    await store().keep('factory');
    expect(await inForce()).toBe('1.5.0');
  });

  it('is not selected by metadata older than what came since', async () => {
    const { store, delivery } = makeInstallation(parties);
    const installer = store();
    const old = await installer.stage(delivery('1.4.0', runtime('1.4.0')));
    await installer.stage(delivery('1.4.0', { release: { version: 2 } }));
    await expect(installer.select(old)).rejects.toEqual(code('install_replayed'));
  });

  it('is not selected below what has proven itself since', async () => {
    const { store, delivery } = makeInstallation(parties);
    const installer = store();
    const newer = await installer.stage(delivery('1.5.0'));
    await installer.select(newer);
    const older = await installer.stage(delivery('1.4.0'));
    await installer.keep(newer);
    await expect(installer.select(older)).rejects.toEqual(code('install_below_floor'));
  });

  it('is not selected by keys that a root has taken away since', async () => {
    const { store, delivery, root } = makeInstallation(parties);
    const installer = store();
    const old = await installer.stage(delivery('1.4.0', runtime('1.4.0')));
    const { roles } = peekRoot(root);
    const keys = [parties.newKey(), parties.newKey()];
    const rotated = parties.root({
      version: 2,
      roles: { ...roles, targets: { keys: namedKeys(keys), threshold: 2 } },
    });
    const named = delivery('1.5.0', { roots: [rotated] });
    await installer.stage({ ...named, targets: parties.targets(peekTargets(named.targets), keys) });
    await expect(installer.select(old)).rejects.toEqual(code('install_untrusted'));
  });
});

describe('metadata that ended', () => {
  const expiresAt = Date.UTC(2026, 0);

  it('before the time that was proven to the installer is taken no more; where none was, no age is judged', async () => {
    const { store, delivery } = makeInstallation(parties);
    const release = { release: { expiresAt } };
    const late = store({ provenTime: async () => expiresAt });
    await expect(late.stage(delivery('1.2.0', release))).rejects.toEqual(code('install_expired'));
    const early = store({ provenTime: async () => expiresAt - 1 });
    const id = await early.stage(delivery('1.2.0', release));
    await expect(late.select(id)).rejects.toEqual(code('install_expired'));
    await expect(store().select(id)).resolves.toBeUndefined();
    // What is installed runs, and may be gone back to, whatever the time (F17).
    await expect(late.select(id)).resolves.toBeUndefined();
  });
});
