/** `install.sh` where an agent is already, which its own updates may have changed. */

import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishAgent } from './kit/agent-release.ts';
import { HubHome } from './kit/hub-process.ts';
import { runScript } from './kit/install-script.ts';
import { temporaryDirectory } from './kit/temporary-directory.ts';

describe('install.sh run again', { timeout: 180_000 }, () => {
  let home: HubHome;
  let scratch: Awaited<ReturnType<typeof temporaryDirectory>>;
  let script: string;
  let version: string;

  beforeAll(async () => {
    scratch = await temporaryDirectory();
    home = await HubHome.create();
    ({ version } = await publishAgent(home));
    const { origin } = await home.serve();
    script = await (await fetch(`${origin}/install.sh`)).text();
  }, 120_000);
  afterAll(async () => {
    await home[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  const install = (prefix: string, args: readonly string[]) =>
    runScript(['sh'], { script, args: ['--prefix', prefix, '--no-service', ...args] });

  it('runs what a person installs, whatever its own updates tried before, and never below the floor', async () => {
    const prefix = join(scratch.path, 'p');
    expect((await install(prefix, [await home.token()])).code).toBe(0);
    const selection = (floor: string) => ({
      format: 1,
      slots: [],
      selections: 4,
      floor: { since: 0, version: 1, content: floor, newest: { payload: '0.0.0', runtime: '0.0.0' } },
      rootVersion: 1,
      rejected: [{ id: '9.9.9-0123456789ab', version: '9.9.9', sha256: 'ab'.repeat(32), reason: 'crashed' }],
    });
    const again = async (floor: string) => {
      await writeFile(join(prefix, 'selection.json'), JSON.stringify(selection(floor)));
      await rm(join(prefix, '.sha256'));
      return install(prefix, ['--version', version]);
    };
    expect((await again('0.0.0')).code).toBe(0);
    expect(JSON.parse(await readFile(join(prefix, 'selection.json'), 'utf8'))).toMatchObject({
      selections: 5,
      rejected: [],
    });
    const program = await readFile(join(prefix, 'guard.sh'), 'utf8');
    await writeFile(join(prefix, 'guard.sh'), ': >"$(dirname "$0")/guarded"');
    expect(await again('99.0.0')).toMatchObject({
      code: 1,
      said: expect.stringContaining('older than 99.0.0'),
    });
    expect(await readFile(join(prefix, 'guard.sh'), 'utf8')).not.toBe(program);
    // F15: where no unit is, the command itself looks whether a new program starts.
    await promisify(execFile)(join(prefix, 'bin/stoa-agent'), ['--version']);
    expect(await readdir(prefix)).not.toContain('guarded');
    await promisify(execFile)(join(prefix, 'bin/stoa-agent'), ['run', '--help']);
    expect(await readdir(prefix)).toContain('guarded');
  });
});
