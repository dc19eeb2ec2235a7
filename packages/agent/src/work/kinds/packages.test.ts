import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createClock } from '#clock.ts';
import { PACKAGE_STEPS } from '#root/steps/packages.ts';
import { createCommands } from '#work/commands.ts';
import { parseSimulation, simulateUpgrade } from '#work/kinds/packages.ts';
import { runningJob } from '#work/kinds/running-job.fixture.ts';

const run = promisify(execFile);
const commands = createCommands(createClock());

/** A root of its own for apt: one package installed, a newer one in a repository of files. */
async function aptRoot(): Promise<string[]> {
  const root = await mkdtemp(join(tmpdir(), 'stoa-apt-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  for (const place of [
    'etc/apt/apt.conf.d',
    'etc/apt/preferences.d',
    'var/lib/apt/lists/partial',
    'var/lib/dpkg/updates',
    'var/lib/dpkg/info',
    'var/lib/dpkg/triggers',
    'var/cache/apt/archives/partial',
    'var/log/apt',
    'repo',
    'pkg/DEBIAN',
    'pkg/usr/share/stoa',
  ])
    await mkdir(join(root, place), { recursive: true });
  const control = (version: string) =>
    `Package: stoa-sample\nVersion: ${version}\nArchitecture: all\nMaintainer: t <t@example.org>\nDescription: a sample\n`;
  await writeFile(join(root, 'pkg/DEBIAN/control'), control('2.0'));
  await writeFile(join(root, 'pkg/usr/share/stoa/sample'), 'new\n');
  await run('dpkg-deb', [
    '--root-owner-group',
    '-b',
    join(root, 'pkg'),
    join(root, 'repo/stoa-sample_2.0_all.deb'),
  ]);
  const { size } = await (await import('node:fs/promises')).stat(join(root, 'repo/stoa-sample_2.0_all.deb'));
  const { stdout } = await run('sha256sum', [join(root, 'repo/stoa-sample_2.0_all.deb')]);
  await writeFile(
    join(root, 'repo/Packages'),
    `${control('2.0')}Filename: ./stoa-sample_2.0_all.deb\nSize: ${size}\nSHA256: ${stdout.slice(0, 64)}\n`,
  );
  await writeFile(
    join(root, 'var/lib/dpkg/status'),
    `${control('1.0').replace('Version', 'Status: install ok installed\nVersion')}\n`,
  );
  await writeFile(join(root, 'var/lib/dpkg/info/stoa-sample.list'), '/.\n');
  await writeFile(join(root, 'etc/apt/sources.list'), `deb [trusted=yes] file:${root}/repo ./\n`);
  return [
    '-o',
    `Dir=${root}`,
    '-o',
    `Dir::State::status=${root}/var/lib/dpkg/status`,
    '-o',
    'APT::Sandbox::User=root',
    '-o',
    `DPkg::Options::=--root=${root}`,
    '-o',
    'DPkg::Options::=--force-not-root',
    '-o',
    'DPkg::Path=/usr/sbin:/usr/bin:/sbin:/bin',
    '-o',
    'Dir::Etc::main=/dev/null',
    '-o',
    'DPkg::Post-Invoke::=true',
  ];
}

describe('apt-upgrade', () => {
  it.skipIf(process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))(
    'finds and upgrades what is old, with apt itself',
    async () => {
      const flags = await aptRoot();
      const { job } = runningJob('apt-upgrade');
      const lines: string[] = [];
      const step = async (
        acts: readonly { argv: readonly string[]; env?: Readonly<Record<string, string>> }[],
      ) => {
        for (const { argv, env } of acts) {
          const [program = '', ...args] = argv;
          const end = await commands.run({
            argv: [program, ...flags, ...args],
            ...(env && { env }),
            timeoutMs: 60_000,
            onLine: (line) => lines.push(line),
          });
          expect(end.exitCode, lines.join('\n')).toBe(0);
        }
      };
      const facts = { args: { packages: ['stoa-sample'] } } as unknown as Parameters<
        (typeof PACKAGE_STEPS)['apt-update']['acts']
      >[0];
      await step(PACKAGE_STEPS['apt-update'].acts(facts));
      expect(await simulateUpgrade({ commands }, job, flags)).toEqual([
        { name: 'stoa-sample', from: '1.0', to: '2.0', security: false },
      ]);
      await step(PACKAGE_STEPS['apt-upgrade-some'].acts(facts));
      const root = flags[1]!.slice('Dir='.length);
      expect(await readFile(join(root, 'usr/share/stoa/sample'), 'utf8')).toBe('new\n');
      expect(await simulateUpgrade({ commands }, job, flags)).toEqual([]);
    },
  );

  it('tells security updates from others', () => {
    // `apt-get --simulate upgrade`, apt 2.6.1, Debian 12.
    const lines = [
      'Reading package lists...',
      'Inst libssl3 [3.0.14-1~deb12u1] (3.0.15-1~deb12u1 Debian-Security:12/stable-security [amd64])',
      'Inst base-files [12.4] (12.4+deb12u8 Debian:12.8/stable [amd64]) []',
      'Conf libssl3 (3.0.15-1~deb12u1 Debian-Security:12/stable-security [amd64])',
    ];
    expect(parseSimulation(lines).map(({ name, security }) => [name, security])).toEqual([
      ['libssl3', true],
      ['base-files', false],
    ]);
  });
});
