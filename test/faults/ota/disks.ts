/** File systems that take no more, and files that are not what was written. */

import { spawnSync } from 'node:child_process';
import {
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { OtaCase } from './case.ts';
import { CaseFailure, type Site } from './site.ts';

async function updated(site: Site): Promise<{ newer: string; older: string }> {
  const [older, newer] = [site.payload('1.1.0'), site.payload('1.2.0')];
  for (const release of [older, newer]) {
    await site.stageAndSelect(release);
    await site.start();
  }
  return { newer: newer.id, older: older.id };
}

interface Damage {
  readonly what: string;
  readonly runs: string;
  readonly quick?: boolean;
  do(site: Site, ids: { newer: string; older: string }): void;
}

const payloadOf = (site: Site, id: string): string => join(site.prefix, 'slots', id, 'payload.cjs');
const targetsOf = (site: Site, id: string): string => join(site.prefix, 'slots', id, 'targets.json');

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
}

const DAMAGES: readonly Damage[] = [
  {
    what: 'F13 a flipped bit in the payload',
    runs: '1.1.0',
    quick: true,
    do: (site, { newer }) => flip(payloadOf(site, newer)),
  },
  {
    what: 'F13 a truncated payload',
    runs: '1.1.0',
    do: (site, { newer }) => truncateSync(payloadOf(site, newer), 100),
  },
  {
    what: 'F16 a payload of 0 bytes',
    runs: '1.1.0',
    do: (site, { newer }) => truncateSync(payloadOf(site, newer), 0),
  },
  {
    what: 'F13 a flipped bit in the metadata',
    runs: '1.1.0',
    do: (site, { newer }) => flip(targetsOf(site, newer)),
  },
  {
    what: 'F16 metadata of 0 bytes',
    runs: '1.1.0',
    do: (site, { newer }) => truncateSync(targetsOf(site, newer), 0),
  },
  {
    what: 'the payload of one slot in another',
    runs: '1.1.0',
    do: (site, { newer, older }) =>
      writeFileSync(payloadOf(site, newer), readFileSync(payloadOf(site, older))),
  },
  {
    what: 'F14 a link in place of a payload',
    runs: '1.1.0',
    do: (site, { newer }) => {
      const path = payloadOf(site, newer);
      renameSync(path, `${path}.real`);
      symlinkSync(`${path}.real`, path);
    },
  },
  {
    what: 'F13 no slot at all',
    runs: '0.9.0',
    do: (site) => rmSync(join(site.prefix, 'slots'), { recursive: true }),
  },
  {
    what: 'F13 a selection of 0 bytes',
    runs: '0.9.0',
    do: (site) => truncateSync(join(site.prefix, 'selection.json'), 0),
  },
  {
    what: 'F13 a selection that was cut',
    runs: '0.9.0',
    do: (site) => truncateSync(join(site.prefix, 'selection.json'), 90),
  },
  {
    what: 'F13 roots of 0 bytes',
    runs: '1.2.0',
    do: (site) => {
      for (const name of readdirSync(join(site.prefix, 'roots')))
        truncateSync(join(site.prefix, 'roots', name), 0);
    },
  },
  {
    what: 'F13 a journal of 0 bytes',
    runs: '1.2.0',
    do: (site) => truncateSync(join(site.data, 'launcher/default/journal.json'), 0),
  },
  {
    what: 'a directory in place of the journal',
    runs: '0.9.0',
    do: (site) => {
      const path = join(site.data, 'launcher/default/journal.json');
      rmSync(path);
      spawnSync('mkdir', ['-p', join(path, 'child')]);
    },
  },
];

const damaged = ({ what, runs, quick = false, do: damage }: Damage): OtaCase => ({
  name: `${what}: ${runs} runs, and a good release is taken`,
  quick,
  async run(site) {
    damage(site, await updated(site));
    await site.expectRuns([runs]);
    rmSync(join(site.data, 'launcher/default/journal.json'), { recursive: true, force: true });
    await site.stageAndSelect(site.payload('1.3.0'));
    await site.expectRuns(['1.3.0']);
  },
});

/** Only where this process may mount: elsewhere the case says so instead of passing for nothing. */
function mounted(name: string, run: (site: Site, mount: Site['mount']) => Promise<void>): OtaCase {
  return {
    name,
    run: (site) =>
      run(site, (path, options) => {
        if (!site.mount(path, options)) throw new Error('this process may not mount: run it as root');
        return true;
      }),
  };
}

const DISKS: readonly OtaCase[] = [
  mounted(
    'F16 a full disk below the program: refused before anything is written, taken once there is room',
    async (site, mount) => {
      mount(site.prefix, 'size=8m');
      site.placeAgain();
      await updated(site);
      const ballast = join(site.prefix, 'ballast');
      spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=64k'], { stdio: 'ignore' });
      const refused = await site.stage(site.payload('1.3.0'));
      if (refused !== 'install_no_room') throw new CaseFailure('dead', `staged on a full disk: ${refused}`);
      await site.expectRuns(['1.2.0']);
      rmSync(ballast);
      await site.stageAndSelect(site.payload('1.3.0'));
      await site.expectRuns(['1.3.0']);
    },
  ),
  mounted(
    'F16 a full disk below the journal: nothing on trial is tried, and what is proven runs',
    async (site, mount) => {
      mount(site.data, 'size=1m,mode=700');
      await updated(site);
      await site.stageAndSelect(site.payload('1.3.0', 'exits'));
      const ballast = join(site.data, 'ballast');
      spawnSync('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=4k'], { stdio: 'ignore' });
      for (let time = 0; time < 3; time += 1) await site.expectRuns(['1.2.0'], 1);
      rmSync(ballast);
      await site.expectRuns(['1.2.0'], 4);
    },
  ),
  mounted('F14 a read-only file system below everything', async (site, mount) => {
    mount(site.prefix, 'size=8m');
    mount(site.data, 'size=1m,mode=700');
    site.placeAgain();
    await updated(site);
    for (const path of [site.prefix, site.data]) spawnSync('mount', ['-o', 'remount,ro', path]);
    const refused = await site.stage(site.payload('1.3.0'));
    if (refused === 'ok') throw new CaseFailure('wrong_accept', 'staged on a read-only file system');
    await site.expectRuns(['1.2.0'], 1);
    for (const path of [site.prefix, site.data]) spawnSync('mount', ['-o', 'remount,rw', path]);
    await site.stageAndSelect(site.payload('1.3.0'));
    await site.expectRuns(['1.3.0']);
  }),
  mounted('F14 slots on another file system than the program', async (site, mount) => {
    mount(join(site.prefix, 'slots'), 'size=4m,mode=755');
    await updated(site);
    await site.expectRuns(['1.2.0'], 1);
  }),
  mounted(
    'F14 a staged runtime on another file system: refused whole, and the old one runs',
    async (site, mount) => {
      mount(join(site.prefix, 'runtimes'), 'size=8m,mode=755');
      await updated(site);
      const release = site.runtimeRelease('1.2.0');
      await site.stage(release);
      const refused = await site.install('select', [release.id]);
      if (refused === 'ok' || site.runtime !== 'old')
        throw new CaseFailure('dead', `exchanged across file systems: ${refused}`);
      const left = readdirSync(site.prefix).filter((name) => /prev|trial/.test(name));
      if (left.length > 0) throw new CaseFailure('dead', `left behind: ${left.join()}`);
      await site.expectRuns(['1.2.0'], 1);
    },
  ),
];

export const FILES: readonly OtaCase[] = [...DAMAGES.map(damaged), ...DISKS];
