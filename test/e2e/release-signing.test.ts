/** Three people sign a release with the commands that they have, and what a hub says of it before it publishes. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatBuild } from '@stoa/protocol/release';
import { expect, it } from 'vitest';
import { hubCommand } from '../kit/hub-command.ts';
import { ReleaseHolders } from '../kit/release-holders.ts';
import { temporaryDirectory } from '../kit/temporary-directory.ts';

it('is taken by a hub that knows the first root alone, through a rotation, and not once a file was changed', async () => {
  await using place = await temporaryDirectory();
  const holders = await ReleaseHolders.open(join(place.path, 'holders'));
  const root = await holders.begin();
  await holders.nameHub({ snapshot: 'ab'.repeat(32), timestamp: 'ab'.repeat(32) });
  const build = join(place.path, 'build');
  await mkdir(build);
  await writeFile(join(build, 'payload.cjs'), 'exports.start = () => undefined;');
  const files = (['linux-x64', 'linux-arm64'] as const).map(
    (platform) => ({ kind: 'payload', platform, file: 'payload.cjs' }) as const,
  );
  await writeFile(
    join(build, 'release.json'),
    formatBuild({ version: '1.0.0', node: '24.21.0', minLauncher: '0.1.0', files }),
  );
  expect(await holders.sign(build, { by: ['bob', 'carol'] })).toBe(1);
  const verify = () => hubCommand({}, 'release', 'verify', build, '--root', root, '--json');
  const told = await verify();
  expect(told.code, told.err).toBe(0);
  expect(told.json()).toMatchObject({ root: 2, newRoots: 1, release: '1.0.0', signers: ['bob', 'carol'] });
  await writeFile(join(build, 'payload.cjs'), 'exports.start = () => evil();');
  const changed = await verify();
  expect([changed.code, changed.err]).toEqual([1, expect.stringContaining('release_refused')]);
});
