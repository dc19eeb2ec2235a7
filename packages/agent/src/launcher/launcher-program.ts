import { realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { isSea } from 'node:sea';
import { createDisk } from '#atomic-file.ts';
import { describeError } from '#error.ts';
import { readAssets } from '#launcher/assets.ts';
import type { Limits } from '#launcher/choice.ts';
import { launch } from '#launcher/launch.ts';
import { layoutOf } from '#launcher/layout.ts';
import { ownJournal, statePlaces } from '#launcher/state-places.ts';
import type { WatchLimits } from '#launcher/watchdog.ts';

/**
 * `stoa-agent`: starts a payload that was verified, and stands by while it runs. `stoa-agent root …` is the privileged unit,
 * `--selftest [PREFIX]` shows whether this program could take the place of the one in PREFIX, `--take-over PREFIX [check]` (of
 * install.sh) makes what it carries the first choice there. Resolves with the exit code.
 */
export async function runLauncher(by: {
  env: NodeJS.ProcessEnv;
  limits: Limits;
  watch: WatchLimits;
}): Promise<number> {
  const wholeArgv = process.argv.slice(2);
  const script = isSea() ? [] : [...process.execArgv, process.argv[1] ?? ''];
  const program = realpathSync(script.at(-1) ?? process.execPath);
  const { ino: programInode } = statSync(program);
  const prefix = dirname(program);
  if (wholeArgv[0] === '--selftest') {
    const { selfTest } = await import('#launcher/self-test.ts');
    const [, installation] = wholeArgv;
    // A script that is staged has no files beside it yet: those of the installation that it is meant for will be its own.
    const tested = await selfTest(readAssets(installation ?? prefix), installation);
    process.stdout.write(`${JSON.stringify(tested)}\n`);
    return 0;
  }
  if (wholeArgv[0] === '--take-over') return takeOverCommand(wholeArgv.slice(1), prefix);
  const role = wholeArgv[0] === 'root' ? 'root' : 'agent';
  const argv = role === 'root' ? wholeArgv.slice(1) : wholeArgv;
  const host = { root: process.getuid?.() === 0, home: homedir() };
  const places = statePlaces(argv, by.env, host);
  const state = ownJournal(role, places, {
    root: host.root,
    stat: (path) => statSync(path, { throwIfNoEntry: false }),
  });
  return launch({
    role,
    argv,
    again: [process.execPath, ...script, ...wholeArgv],
    env: by.env,
    prefix,
    programInode,
    running: isSea() ? '/proc/self/exe' : program,
    state,
    embedded: readAssets(prefix),
    limits: by.limits,
    watch: by.watch,
  });
}

async function takeOverCommand([installation, check]: readonly string[], prefix: string): Promise<number> {
  const [{ takeOver }, { evaluate }] = await Promise.all([
    import('#launcher/take-over.ts'),
    import('#launcher/evaluation.ts'),
  ]);
  const { version } = evaluate(readAssets(prefix).factory, 'stoa-agent:factory');
  const disk = createDisk({ directoryMode: 0o755 });
  try {
    const { write } = await takeOver({ disk, layout: layoutOf(installation ?? prefix) }, version);
    if (check !== 'check') await write();
    return 0;
  } catch (error) {
    process.stderr.write(`${describeError(error).message}\n`);
    return 1;
  }
}
