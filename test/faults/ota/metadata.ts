/** Metadata that no two holders signed for this node now, and clocks that stand anywhere. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeReleaseParties, makeTarget } from '@stoa/protocol/fixtures';
import type { OtaCase } from './case.ts';
import { CaseFailure, type Release, type Site } from './site.ts';

const BYTES = Buffer.from("exports.version = '6.6.6'; exports.start = async () => process.exit(66);\n");
const thief = makeReleaseParties('a thief');

const attack = (name: string, by: { code: string; quick?: boolean; make(site: Site): Release }): OtaCase => ({
  name,
  quick: by.quick ?? false,
  async run(site) {
    await site.stageAndSelect(site.payload('1.1.0', 'good', { version: 5, floor: '1.1.0' }));
    await site.start();
    const end = await site.stage(by.make(site));
    if (end !== by.code) throw new CaseFailure('wrong_accept', `it ends as ${end}, ${by.code} was expected`);
    await site.expectRuns(['1.1.0'], 1);
  },
});

const signedBy = (site: Site, keys: Parameters<Site['parties']['targets']>[1]): Release => {
  const target = makeTarget(`${process.platform}-${process.arch}` as 'linux-x64', '6.6.6', { bytes: BYTES });
  const targets = site.parties.targets(
    { version: 6, release: '6.6.6', floor: '1.1.0', targets: [target] },
    keys,
  );
  return site.release('6.6.6', BYTES, { targets });
};

const content = { version: 6, floor: '1.1.0' };

const ATTACKS: readonly OtaCase[] = [
  attack('one stolen targets key', {
    code: 'install_untrusted',
    quick: true,
    make: (site) => signedBy(site, [site.parties.keys.targets[0]!]),
  }),
  attack('one stolen targets key twice', {
    code: 'install_untrusted',
    make: (site) => signedBy(site, [site.parties.keys.targets[0]!, site.parties.keys.targets[0]!]),
  }),
  attack('the hub’s keys', {
    code: 'install_untrusted',
    make: (site) => signedBy(site, [site.parties.keys.hub, site.parties.keys.targets[0]!]),
  }),
  attack('keys that no root names', {
    code: 'install_untrusted',
    make: (site) => signedBy(site, thief.keys.targets),
  }),
  attack('a root of a thief’s', {
    code: 'install_untrusted',
    make: (site) => site.release('6.6.6', BYTES, { content, roots: [thief.root({ version: 2 })] }),
  }),
  attack('F20 a root that leaves one out', {
    code: 'install_untrusted',
    make: (site) => site.release('6.6.6', BYTES, { content, roots: [site.parties.root({ version: 3 })] }),
  }),
  attack('F19 older metadata than was seen (rollback)', {
    code: 'install_replayed',
    make: (site) => site.release('6.6.6', BYTES, { content: { ...content, version: 4 } }),
  }),
  attack('an older payload than the floor', {
    code: 'install_below_floor',
    make: (site) => site.release('1.0.9', BYTES, { content: { version: 6, floor: '1.0.0' } }),
  }),
  attack('a floor that goes down', {
    code: 'install_below_floor',
    make: (site) => site.release('6.6.6', BYTES, { content: { version: 6, floor: '1.0.0' } }),
  }),
  attack('another file than was signed', {
    code: 'install_mismatch',
    make: (site) => site.release('6.6.6', Buffer.from('signed'), { content, sent: BYTES }),
  }),
  attack('F16 a file of 0 bytes', {
    code: 'install_mismatch',
    make: (site) => site.release('6.6.6', BYTES, { content, sent: Buffer.alloc(0) }),
  }),
  attack('an endless file', {
    code: 'install_mismatch',
    make: (site) => site.release('6.6.6', BYTES, { content, sent: Buffer.alloc(40_000_000) }),
  }),
  attack('a payload for another machine', {
    code: 'install_wrong_platform',
    make: (site) =>
      site.release('6.6.6', BYTES, {
        content,
        custom: { platform: process.arch === 'x64' ? 'linux-arm64' : 'linux-x64' },
      }),
  }),
  attack('a payload for a launcher to come', {
    code: 'install_needs_launcher',
    make: (site) => site.release('6.6.6', BYTES, { content, custom: { minLauncher: '99.0.0' } }),
  }),
];

const clock = (years: number): OtaCase => ({
  name: `F21 a clock ${years} years off changes nothing`,
  async run(site) {
    const preload = join(site.root, 'clock.cjs');
    writeFileSync(preload, `const now = Date.now; Date.now = () => now() + ${years} * 31557600000;\n`);
    await site.stageAndSelect(site.payload('1.1.0'));
    const ran = [await site.start({ preload }), await site.start()];
    if (ran.some((one) => one?.running !== '1.1.0'))
      throw new CaseFailure('dead', 'the clock decides what runs');
  },
});

export const METADATA: readonly OtaCase[] = [
  ...ATTACKS,
  clock(10),
  clock(-10),
  {
    name: 'F17 expired metadata stops nothing that runs',
    async run(site) {
      await site.stageAndSelect(site.payload('1.1.0', 'good', { expiresAt: 1_000_000 }));
      await site.start();
      await site.expectRuns(['1.1.0'], 1);
    },
  },
];
