import { toHex, utf8 } from '@stoa/protocol';
import { formatBuild, verifyRoots, verifyTargets } from '@stoa/protocol/release';
import { describe, expect, test } from 'vitest';
import { MemoryDisk, PowerCut } from '#memory-disk.fixture.ts';
import { START, seededRandom, signingKey } from '#region.fixture.ts';
import {
  createDevelopmentHolders,
  rotateDevelopmentRoot,
  signDevelopmentRelease,
} from '#releases/development.ts';

function place() {
  const clock = { now: () => START };
  return { dir: '/dev', disk: new MemoryDisk(), clock, random: seededRandom('holders') };
}

function build(disk: MemoryDisk, dir: string, version: string): string {
  const file = 'payload.cjs';
  disk.set(`${dir}/${file}`, utf8(`exports.version = '${version}'`));
  const files = (['linux-x64', 'linux-arm64'] as const).map((platform) => ({
    kind: 'payload' as const,
    platform,
    file,
  }));
  disk.set(
    `${dir}/release.json`,
    utf8(formatBuild({ version, node: '24.21.0', minLauncher: '1.0.0', files })),
  );
  return dir;
}

describe('holders of development', () => {
  test('are made once, marked, and their root is rotated by themselves', async () => {
    const by = place();
    const first = await createDevelopmentHolders(by);
    expect(first.newest).toMatchObject({ version: 1, development: true });
    expect(first.newest!.roles.timestamp.keys).toHaveLength(0);
    expect((await createDevelopmentHolders(by)).files).toEqual(first.files);
    const hub = signingKey('hub').publicKey;
    const { files } = await rotateDevelopmentRoot({ ...by, online: { snapshot: hub, timestamp: hub } });
    expect(verifyRoots(files[0]!, files.slice(1)).roles.timestamp.keys[0]!.publicKey).toEqual(hub);
  });

  test('are finished by the next call wherever the first was cut off', async () => {
    let whole = false;
    for (let steps = 0; !whole; steps += 5) {
      const by = place();
      by.disk.crashAfter(steps);
      whole = await createDevelopmentHolders(by).then(
        () => true,
        (error: Error) => {
          expect(error).toBeInstanceOf(PowerCut);
          return false;
        },
      );
      by.disk.restart();
      expect((await createDevelopmentHolders(by)).newest?.version).toBe(1);
      await signDevelopmentRelease({ ...by, build: build(by.disk, '/b', '1.0.0') });
    }
  });

  test('sign anew what was cut off between their signatures', async () => {
    const clock = { at: START, now: () => clock.at };
    let whole = false;
    for (let steps = 0; !whole; steps += 1) {
      const by = { ...place(), clock };
      await createDevelopmentHolders(by);
      const release = { ...by, build: build(by.disk, '/b', '1.0.0') };
      by.disk.crashAfter(steps);
      whole = await signDevelopmentRelease(release).then(
        () => true,
        () => false,
      );
      by.disk.restart();
      clock.at += 5_000;
      expect((await signDevelopmentRelease(release)).version).toBe(1);
    }
  });

  test('sign one build after the other, with all that a hub publishes beside it', async () => {
    const by = place();
    const { disk } = by;
    const { newest } = await createDevelopmentHolders(by);
    const first = await signDevelopmentRelease({ ...by, build: build(disk, '/b1', '1.0.0') });
    const next = {
      ...by,
      build: build(disk, '/b2', '1.1.0'),
      floor: '1.0.0',
      security: true,
      notes: 'mends',
    };
    const second = await signDevelopmentRelease(next);
    expect([first.version, second.version]).toEqual([1, 2]);
    const release = verifyTargets(newest!, disk.bytes('/b2/metadata/2.targets.json'), { at: START });
    expect(release).toMatchObject({ release: '1.1.0', floor: '1.0.0', security: true, notes: 'mends' });
    expect(release.targets.map(({ path }) => path).sort()).toEqual([
      'payload/1.0.0/linux-arm64',
      'payload/1.0.0/linux-x64',
      'payload/1.1.0/linux-arm64',
      'payload/1.1.0/linux-x64',
    ]);
    expect(disk.files.has('/b2/metadata/1.root.json')).toBe(true);
  });

  test('sign a build once, and another build of the same version anew', async () => {
    const by = place();
    await createDevelopmentHolders(by);
    const { version, targets } = await signDevelopmentRelease({
      ...by,
      build: build(by.disk, '/b', '1.0.0'),
    });
    const again = await signDevelopmentRelease({ ...by, build: '/b' });
    expect([again.version, toHex(again.targets)]).toEqual([version, toHex(targets)]);
    by.disk.set('/b/payload.cjs', utf8('other'));
    expect(await signDevelopmentRelease({ ...by, build: '/b' })).toMatchObject({ version: 2 });
  });
});
