/**
 * The program `stoa-agent`: starts a payload that was verified, and stands by while it runs. `stoa-agent root …` is the
 * privileged unit, `--selftest [PREFIX]` shows whether this program could take the place of the one in PREFIX.
 */
import { realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname } from 'node:path';
import { isSea } from 'node:sea';
import { describeError } from '#error.ts';
import { readAssets } from '#launcher/assets.ts';
import { LIMITS } from '#launcher/choice.ts';
import { launch } from '#launcher/launch.ts';
import { journalDirectory } from '#launcher/layout.ts';
import { statePlaces } from '#launcher/state-places.ts';
import { WATCH } from '#launcher/watchdog.ts';

async function main(): Promise<number> {
  const wholeArgv = process.argv.slice(2);
  const script = isSea() ? [] : [...process.execArgv, process.argv[1] ?? ''];
  const program = realpathSync(script.at(-1) ?? process.execPath);
  const { ino: programInode } = statSync(program);
  const prefix = dirname(program);
  const assets = readAssets(prefix);
  if (wholeArgv[0] === '--selftest') {
    const { selfTest } = await import('#launcher/self-test.ts');
    process.stdout.write(`${JSON.stringify(await selfTest(assets, wholeArgv[1]))}\n`);
    return 0;
  }
  const role = wholeArgv[0] === 'root' ? 'root' : 'agent';
  const argv = role === 'root' ? wholeArgv.slice(1) : wholeArgv;
  const host = { root: process.getuid?.() === 0, home: homedir() };
  const state = journalDirectory(role, statePlaces(argv, process.env, host));
  return launch({
    role,
    argv,
    again: [process.execPath, ...script, ...wholeArgv],
    env: process.env,
    prefix,
    programInode,
    running: isSea() ? '/proc/self/exe' : program,
    state,
    embedded: assets,
    limits: LIMITS,
    watch: WATCH,
  });
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(
      `stoa-agent: ${error instanceof Error ? (error.stack ?? error.message) : describeError(error).message}\n`,
    );
    process.exit(1);
  },
);
