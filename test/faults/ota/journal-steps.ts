/** F13: kill -9 right before every effect on the disk of each act; old or new runs, and the act can be done again. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OtaCase } from './case.ts';
import { CaseFailure, type Release, type Site } from './site.ts';

interface Act {
  readonly name: string;
  /** What was done before. */
  prepare(site: Site): Promise<Release>;
  /** Killed before its n-th effect; whole where that is undefined. */
  act(site: Site, release: Release, killAt?: number): Promise<unknown>;
  /** Versions of which one must run after the cut. */
  readonly runs: readonly string[];
  /** Brings it to its end. */
  finish(site: Site, release: Release): Promise<unknown>;
  /** Undefined where either may run again. */
  readonly ends: string | undefined;
  readonly runtime?: string;
}

async function running(site: Site): Promise<void> {
  await site.stageAndSelect(site.payload('1.1.0'));
  await site.start();
}

/** 1.1.0 runs, and the release is as far as the act takes it on from. */
function after(done: 'nothing' | 'staged' | 'selected', release: (site: Site) => Release): Act['prepare'] {
  return async (site) => {
    await running(site);
    const made = release(site);
    if (done === 'selected') await site.stageAndSelect(made);
    if (done === 'staged' && (await site.stage(made)) !== 'ok')
      throw new CaseFailure('dead', 'a good release is refused');
    return made;
  };
}

const payload = (site: Site): Release => site.payload('1.2.0');
const runtime = (site: Site): Release => site.runtimeRelease('1.2.0');

const ACTS: readonly Act[] = [
  {
    name: 'staging a payload',
    prepare: after('nothing', payload),
    act: (site, release, killAt) => site.stage(release, killAt),
    runs: ['1.1.0'],
    finish: (site, release) => site.stageAndSelect(release),
    ends: '1.2.0',
  },
  {
    name: 'selecting a payload',
    prepare: after('staged', payload),
    act: (site, { id }, killAt) => site.install('select', [id], killAt),
    runs: ['1.1.0', '1.2.0'],
    finish: (site, release) => site.stageAndSelect(release),
    ends: '1.2.0',
  },
  {
    name: 'rejecting a payload',
    prepare: after('selected', payload),
    act: (site, { id }, killAt) => site.install('reject', [id, 'seen to fail'], killAt),
    runs: ['1.1.0', '1.2.0'],
    finish: (site, { id }) => site.install('reject', [id, 'seen to fail']),
    ends: '1.1.0',
  },
  {
    name: 'the first start of a payload',
    prepare: after('selected', payload),
    act: (site, _release, killAt) => site.start(killAt === undefined ? {} : { killAt }),
    runs: ['1.2.0'],
    finish: (site) => site.start(),
    ends: '1.2.0',
  },
  {
    name: 'the start that rolls back',
    prepare: async (site) => {
      const release = await after('selected', (one) => one.payload('1.2.0', 'exits'))(site);
      for (let time = 0; time < 3; time += 1) await site.start();
      return release;
    },
    act: (site, _release, killAt) => site.start(killAt === undefined ? {} : { killAt }),
    runs: ['1.1.0'],
    finish: async (site) => {
      for (let time = 0; time < 9; time += 1) if ((await site.start())?.failures[0]?.final === true) return;
    },
    ends: '1.1.0',
  },
  {
    name: 'giving way for silence',
    prepare: async (site) => {
      const release = await after('selected', (one) => one.payload('1.2.0', 'mute'))(site);
      site.silentMs = 1_000;
      return release;
    },
    act: (site, _release, killAt) => site.start(killAt === undefined ? {} : { killAt }),
    runs: ['1.1.0', '1.2.0'],
    finish: () => Promise.resolve(),
    ends: undefined,
  },
  {
    name: 'staging a runtime',
    prepare: after('nothing', runtime),
    act: (site, release, killAt) => site.stage(release, killAt),
    runs: ['1.1.0'],
    finish: (site, release) => site.stageAndSelect(release),
    ends: '1.1.0',
    runtime: '1.2.0',
  },
  {
    name: 'exchanging the runtime',
    prepare: after('staged', runtime),
    act: (site, { id }, killAt) => site.install('select', [id], killAt),
    runs: ['1.1.0'],
    finish: async (site, release) => {
      if (site.runtime !== '1.2.0') await site.stageAndSelect(release);
    },
    ends: '1.1.0',
    runtime: '1.2.0',
  },
  {
    name: 'keeping a runtime',
    prepare: after('selected', runtime),
    act: (site, _release, killAt) => site.install('keep', ['factory'], killAt),
    runs: ['1.1.0'],
    finish: (site) => site.install('keep', ['factory']),
    ends: '1.1.0',
    runtime: '1.2.0',
  },
];

/** As many as the act has effects, in one case: they share what was before. Resolves with how many cuts there were. */
function cutsOf(act: Act): OtaCase {
  return {
    name: `F13 kill -9 at every step of ${act.name}`,
    quick: act.name === 'selecting a payload',
    async run(site) {
      const release = await act.prepare(site);
      site.save();
      const effects = await site.effectsOf(() => act.act(site, release));
      if (effects < 1) throw new Error(`${act.name} has no effect on the disk`);
      for (let killAt = 1; killAt <= effects; killAt += 1) {
        site.restore();
        await act.act(site, release, killAt);
        await site.expectRuns(act.runs);
        await act.finish(site, release);
        await site.expectRuns(act.ends === undefined ? act.runs : [act.ends]);
        if (act.runtime !== undefined && site.runtime !== act.runtime)
          throw new CaseFailure('dead', `cut at ${killAt}: the runtime is ${site.runtime}`);
      }
    },
  };
}

const guardCuts: OtaCase = {
  name: 'F13 F15 kill -9 at every step of the guard that puts a runtime back',
  async run(site) {
    await running(site);
    await site.stageAndSelect(site.runtimeRelease('1.2.0'));
    const guard = readFileSync(join(site.prefix, 'guard.sh'), 'utf8');
    const trial = readFileSync(join(site.prefix, 'runtime-trial'), 'utf8');
    writeFileSync(join(site.prefix, 'runtime-trial'), trial.replace(/^\d+/, '3'));
    site.save();
    const commands = guard.match(/\b(mv|rm) -f/g)?.length ?? 0;
    for (let cut = 0; cut < commands; cut += 1) {
      site.restore();
      let seen = -1;
      const killed = guard.replace(/\b(mv|rm) -f/g, (command) => {
        seen += 1;
        return seen === cut ? `kill -9 $$ || ${command}` : command;
      });
      spawnSync('sh', ['-c', killed, join(site.prefix, 'guard.sh')]);
      await site.expectRuns(['1.1.0']);
      if (site.runtime !== 'old') throw new CaseFailure('dead', `cut ${cut}: the runtime is ${site.runtime}`);
    }
  },
};

export const JOURNAL_STEPS: readonly OtaCase[] = [...ACTS.map(cutsOf), guardCuts];
