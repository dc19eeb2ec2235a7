import { readdirSync } from 'node:fs';
import { makeReleaseParties, namedKeys } from '@stoa/protocol/fixtures';
import { peekRoot, verifyRoots } from '@stoa/protocol/release';
import { describe, expect, it } from 'vitest';
import { makeInstallation } from '#launcher/installation.fixture.ts';
import { layoutOf } from '#launcher/layout.ts';
import { readTrust, writeRoots } from '#launcher/trust.ts';
import { MemoryDisk } from '#memory-disk.ts';

const parties = makeReleaseParties('trust');
const { roles } = peekRoot(parties.root());
const roots = [1, 2, 3, 4].map((version) => parties.root({ version }));

/** A root 2 of two keys that nobody trusts, which the real root 3 seems to follow: it names the real holders beside them. */
function forgedPredecessor(): Uint8Array {
  const thief = [parties.newKey(), parties.newKey()];
  const own = namedKeys(thief);
  const root = { keys: [...own, ...roles.root.keys], threshold: 2 };
  const forged = parties.root(
    { version: 2, roles: { ...roles, root, targets: { keys: own, threshold: 2 } } },
    thief,
  );
  expect(verifyRoots(forged, [roots[2]!]).version).toBe(3);
  return forged;
}

describe('roots that are handed over', () => {
  it('are kept only where the chain led through them: none that is older than the trusted one', async () => {
    const { store, delivery, layout } = makeInstallation(parties);
    const embedded = store({ embeddedRoot: roots[2]! });
    await embedded.stage(delivery('1.2.0', { roots: [forgedPredecessor(), roots[3]!] }));
    expect(readdirSync(layout.roots).sort()).toEqual(['3.root.json', '4.root.json']);
    await embedded.stage(delivery('1.2.0', { roots: [forgedPredecessor(), roots[0]!] }));
    expect(readdirSync(layout.roots).sort()).toEqual(['3.root.json', '4.root.json']);
  });
});

describe('the trusted roots', () => {
  it('begin with an older one that was followed here, if it leads to the one inside the program', async () => {
    const [disk, layout] = [new MemoryDisk(), layoutOf('/opt/stoa-agent')];
    await writeRoots(disk, layout, roots.slice(1));
    const { root } = await readTrust(disk, layout, roots[2]!);
    expect([root.version, root.earlier.map(({ version }) => version)]).toEqual([4, [2, 3]]);
    const other = makeReleaseParties('others').root({ version: 3 });
    expect((await readTrust(disk, layout, other)).root).toMatchObject({ version: 3, earlier: [] });
  });
});
