import { spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeReleaseParties } from '@stoa/protocol/fixtures';
import { describe, expect, it } from 'vitest';
import { makeInstallation } from '#launcher/installation.fixture.ts';
import type { InstallCode } from '#launcher/installer.ts';

const parties = makeReleaseParties('runtime-store');
const code = (expected: InstallCode) => expect.objectContaining({ code: expected });
const GUARD = join(import.meta.dirname, 'guard.sh');

describe('a runtime', () => {
  const runtime = (version: string) => ({
    custom: { kind: 'runtime' } as const,
    bytes: Buffer.from(`runtime ${version}`),
  });

  it('takes the program’s place once its self-test passed, and the one before it stays until it has proven itself', async () => {
    const { layout, store, delivery } = makeInstallation(parties);
    const tested: string[] = [];
    const before = store({ selfTest: async (program) => void tested.push(readFileSync(program, 'utf8')) });
    const id = await before.stage(delivery('1.2.0', runtime('1.2.0')));
    for (let time = 0; time < 2; time += 1) await before.select(id);
    expect(tested).toEqual(['runtime 1.2.0']);
    expect(readFileSync(layout.program, 'utf8')).toBe('runtime 1.2.0');
    expect(statSync(layout.program).mode & 0o777).toBe(0o755);
    expect(readFileSync(layout.previousProgram, 'utf8')).toBe('the program');
    expect(await before.state()).toMatchObject({ runtimeOnTrial: true });
    // A process of the one before can't speak for it.
    await before.keep('factory');
    expect(existsSync(layout.previousProgram)).toBe(true);
    const other = await before.stage(delivery('1.3.0', runtime('1.3.0')));
    await expect(before.select(other)).rejects.toEqual(code('install_busy'));
    await store().keep('factory');
    expect([layout.previousProgram, layout.runtimeTrial].map((path) => existsSync(path))).toEqual([
      false,
      false,
    ]);
    expect((await store().state()).floor.newest.runtime).toBe('1.2.0');
  });

  it('that does not run here changes nothing', async () => {
    const { layout, store, delivery } = makeInstallation(parties);
    const installer = store({ selfTest: () => Promise.reject(new Error('Exec format error')) });
    const id = await installer.stage(delivery('1.2.0', runtime('1.2.0')));
    await expect(installer.select(id)).rejects.toEqual(code('install_selftest'));
    expect(readFileSync(layout.program, 'utf8')).toBe('the program');
    expect(await installer.state()).toMatchObject({ runtimeOnTrial: false });
  });

  it('F15 that dies before any code of its own gives way after three starts, is named, and is not taken again', async () => {
    const { layout, store, delivery } = makeInstallation(parties);
    writeFileSync(layout.guard, readFileSync(GUARD), { mode: 0o755 });
    const start = () => spawnSync('sh', [layout.guard]).status;
    expect(start()).toBe(0);
    const id = await store().stage(delivery('1.2.0', runtime('1.2.0')));
    await store().select(id);
    for (let time = 0; time < 3; time += 1) {
      expect(start()).toBe(0);
      expect(readFileSync(layout.program, 'utf8')).toBe('runtime 1.2.0');
    }
    expect(start()).toBe(0);
    expect(readFileSync(layout.program, 'utf8')).toBe('the program');
    expect(await store().state()).toMatchObject({
      runtimeOnTrial: false,
      rejected: [{ id, version: '1.2.0', reason: expect.stringContaining('did not start') }],
    });
    await expect(store().stage(delivery('1.2.0', runtime('1.2.0')))).rejects.toEqual(
      code('install_rejected'),
    );
    await store().stage(delivery('1.3.0'));
    expect(await store().state()).toMatchObject({ rejected: [{ id }] });
    expect(start()).toBe(0);
    expect(readdirSync(layout.prefix).filter((name) => /prev|trial|failed/.test(name))).toEqual([]);
  });

  it('F11 is counted anew once it was up for a minute, so that no number of restarts without a hub undoes it', async () => {
    const { layout, store, delivery } = makeInstallation(parties);
    writeFileSync(layout.guard, readFileSync(GUARD), { mode: 0o755 });
    await store().select(await store().stage(delivery('1.2.0', runtime('1.2.0'))));
    for (let time = 0; time < 8; time += 1) {
      expect(spawnSync('sh', [layout.guard]).status).toBe(0);
      if (time % 2 === 1) await store().up();
    }
    expect(readFileSync(layout.program, 'utf8')).toBe('runtime 1.2.0');
    expect(await store().state()).toMatchObject({ runtimeOnTrial: true, rejected: [] });
    // A process of the program before it knows nothing about the new one.
    await store({ programInode: 1 }).up();
    expect(readFileSync(layout.runtimeTrial, 'utf8')).toMatch(/^0 runtime-1\.2\.0-/);
  });

  it('F16 whose starts can’t be counted gives way and is not judged', async () => {
    const { layout, store, delivery } = makeInstallation(parties);
    writeFileSync(layout.guard, readFileSync(GUARD), { mode: 0o755 });
    const id = await store().stage(delivery('1.2.0', runtime('1.2.0')));
    await store().select(id);
    const tools = mkdtempSync(join(layout.prefix, 'tools-'));
    writeFileSync(join(tools, 'dd'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const PATH = `${tools}:/usr/bin:/bin`;
    expect(spawnSync('sh', [layout.guard], { env: { PATH } }).status).toBe(0);
    expect(readFileSync(layout.program, 'utf8')).toBe('the program');
    expect(await store().state()).toMatchObject({ runtimeOnTrial: false, rejected: [] });
    await store().stage(delivery('1.2.0', runtime('1.2.0')));
    await store().select(id);
    expect(readFileSync(layout.program, 'utf8')).toBe('runtime 1.2.0');
  });

  it('whose exchange was cut before it was one is not judged, and can be selected again', async () => {
    const { layout, store, delivery } = makeInstallation(parties);
    writeFileSync(layout.guard, readFileSync(GUARD), { mode: 0o755 });
    const id = await store().stage(delivery('1.2.0', runtime('1.2.0')));
    const cut = (count: number) => {
      linkSync(layout.program, layout.previousProgram);
      writeFileSync(layout.runtimeTrial, `${count} ${id} ${'ab'.repeat(32)}\n`);
    };
    cut(3);
    expect(spawnSync('sh', [layout.guard]).status).toBe(0);
    expect(await store().state()).toMatchObject({ runtimeOnTrial: false, rejected: [] });
    cut(0);
    await store().select(id);
    expect(readFileSync(layout.program, 'utf8')).toBe('runtime 1.2.0');
  });
});
