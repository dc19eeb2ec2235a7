/** Programs that take the place of the program. */
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OtaCase } from './case.ts';
import { CaseFailure, type Release, type Site } from './site.ts';

async function running(site: Site): Promise<void> {
  await site.stageAndSelect(site.payload('1.1.0'));
  await site.start();
}

/** @param code of the refusal when it is selected; undefined where it gets into the program's place. */
async function refused(site: Site, release: Release, code: string): Promise<void> {
  const staged = await site.stage(release);
  const end = staged === 'ok' ? await site.install('select', [release.id]) : staged;
  if (end !== code) throw new CaseFailure('wrong_accept', `it ends as ${end}, ${code} was expected`);
  if (site.runtime !== 'old') throw new CaseFailure('dead', `the runtime is ${site.runtime}`);
  await site.expectRuns(['1.1.0'], 1);
}

const selfTest = (what: string, make: (site: Site) => Uint8Array): OtaCase => ({
  name: `F15 a runtime that is ${what} does not get into the program's place`,
  async run(site) {
    await running(site);
    const release = site.release('1.2.0', make(site), { custom: { kind: 'runtime' } });
    await refused(site, release, 'install_selftest');
    await site.stageAndSelect(site.runtimeRelease('1.3.0'));
    await site.expectRuns(['1.1.0'], 1);
  },
});

/** An executable of this machine, said to be one of another. */
function otherMachine(): Uint8Array {
  const elf = readFileSync('/bin/true');
  elf.writeUInt16LE(0xf3, 18);
  return elf;
}

/** Passes its self-test, and then does what is said. */
function treacherous(site: Site, version: string, does: string): Release {
  const body = readFileSync(join(site.prefix, 'stoa-agent'), 'utf8').replace(/^#!.*\n/, '');
  return site.runtimeRelease(version, `if (!process.argv.includes('--selftest')) { ${does} }\n${body}`);
}

const diesAtBoot = (how: string, does: string): OtaCase => ({
  name: `F15 a runtime that passes its self-test and ${how} at boot gives way after three starts, and is not taken again`,
  async run(site) {
    await running(site);
    const release = treacherous(site, '1.2.0', does);
    await site.stageAndSelect(release);
    await site.expectRuns(['1.1.0'], 4);
    if (site.runtime !== 'old') throw new CaseFailure('dead', `the runtime is ${site.runtime}`);
    const again = await site.stage(release);
    if (again !== 'install_rejected') throw new CaseFailure('wrong_accept', `a dead runtime again: ${again}`);
    await site.stageAndSelect(site.runtimeRelease('1.3.0'));
    await site.expectRuns(['1.1.0'], 1);
  },
});

export const RUNTIMES: readonly OtaCase[] = [
  selfTest('for another machine', otherMachine),
  selfTest('a text', () => Buffer.from('#!/nonexistent\n')),
  selfTest('cut', (site) => readFileSync(join(site.prefix, 'stoa-agent')).subarray(0, 30_000)),
  selfTest('silent for ever', () => Buffer.from('#!/bin/false\n')),
  diesAtBoot('exits', 'process.exit(1);'),
  diesAtBoot('aborts', 'process.abort();'),
  {
    name: 'F15 a good runtime stays once a process of it said so, through any number of starts',
    quick: true,
    async run(site) {
      await running(site);
      await site.stageAndSelect(site.runtimeRelease('1.2.0'));
      await site.expectRuns(['1.1.0'], 1);
      if ((await site.install('keep', ['factory'])) !== 'ok')
        throw new CaseFailure('dead', 'it can not be kept');
      for (let time = 0; time < 5; time += 1) await site.expectRuns(['1.1.0'], 1);
      if (site.runtime !== '1.2.0') throw new CaseFailure('dead', `the runtime is ${site.runtime}`);
    },
  },
  {
    name: 'F14 a program that is being executed is exchanged all the same (ETXTBSY)',
    async run(site) {
      await running(site);
      const program = join(site.prefix, 'stoa-agent');
      const body = readFileSync(program);
      const release = site.runtimeRelease('1.2.0');
      const staged = await site.stage(release);
      // The kernel lets nobody write into an executable that runs; its name can be given to another.
      spawnSync('rm', [program]);
      copyFileSync('/bin/sleep', program);
      const sleeping = spawn(program, ['60'], { stdio: 'ignore' });
      const selected = await site.install('select', [release.id]);
      sleeping.kill('SIGKILL');
      if (staged !== 'ok' || selected !== 'ok' || site.runtime !== '1.2.0')
        throw new CaseFailure('dead', `staged ${staged}, selected ${selected}, ${body.length} bytes before`);
      await site.expectRuns(['1.1.0'], 1);
    },
  },
  {
    name: 'F32 a runtime whose bytes are not those that were signed is refused, and the right ones are taken',
    async run(site) {
      await running(site);
      const body = readFileSync(site.runtimeRelease('1.2.0').file);
      const wrong = Buffer.from(body);
      wrong[wrong.length - 5]! ^= 1;
      const custom = { kind: 'runtime' } as const;
      for (const sent of [wrong, body.subarray(0, 1_000), Buffer.concat([body, body])])
        await refused(site, site.release('1.2.0', body, { custom, sent }), 'install_mismatch');
      await site.stageAndSelect(site.release('1.2.0', body, { custom }));
      await site.expectRuns(['1.1.0'], 1);
    },
  },
];
