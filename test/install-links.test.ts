/** What `install.sh` does as root in the directory of the agent's user, who may have put links there before. */

import { chmod, chown, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runScript } from './kit/install-script.ts';
import { temporaryDirectory } from './kit/temporary-directory.ts';

const SCRIPT = fileURLToPath(new URL('../packages/hub/src/joining/static/install.sh', import.meta.url));
const NOBODY = 65_534;

/** The script's own functions, with a stand-in for the agent's program and for what tells the hub. */
async function host(program: string) {
  const scratch = await temporaryDirectory();
  onTestFinished(() => scratch[Symbol.asyncDispose]());
  const path = (name: string) => join(scratch.path, name);
  await chmod(scratch.path, 0o755);
  for (const name of ['data', 'work', 'prefix/bin']) await mkdir(path(name), { recursive: true });
  await chown(path('data'), NOBODY, NOBODY);
  await chmod(path('work'), 0o700);
  await writeFile(path('secret'), 'a secret of root', { mode: 0o600 });
  await writeFile(path('prefix/bin/stoa-agent'), `#!/bin/sh\n${program}\n`, { mode: 0o755 });
  const text = await readFile(SCRIPT, 'utf8');
  const functions = ['say', 'as_agent', 'join_region', 'run_doctor', 'await_agent'].map(
    (name) => new RegExp(`^${name}\\(\\) \\{(?: .*\\}$|[\\s\\S]*?^\\}$)`, 'm').exec(text)?.[0],
  );
  expect(functions).not.toContain(undefined);
  const script = `set -eu
umask 022
SERVICE=yes SERVICE_USER=nobody HUB=https://hub.example TOKEN=stoa1_secret TOKEN_ID=1
DATA='${path('data')}' WORK='${path('work')}' PREFIX='${path('prefix')}'
${functions.join('\n')}
await_agent() { :; }
post() { cat "$2" >'${path('told')}'; }
`;
  return { path, run: (call: string) => runScript(['sh'], { script: `${script}${call}\n` }) };
}

describe.skipIf(process.getuid?.() !== 0)('install.sh in the directory of the agent’s user', () => {
  it('writes no token through a link, and gives it to that user alone', async () => {
    const { path, run } = await host(`cat "$3"; stat -c '%U %a' "$3"`);
    await symlink(path('secret'), path('data/join-token'));
    const { code, said } = await run('join_region');
    expect({ code, said }).toEqual({ code: 0, said: 'stoa1_secret\nnobody 600\n' });
    expect(await readFile(path('secret'), 'utf8')).toBe('a secret of root');
    expect((await stat(path('secret'))).uid).toBe(0);
    await expect(stat(path('data/join-token'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('tells the hub nothing that the agent’s user could not read', async () => {
    const { path, run } = await host(`rm -f "$3"; ln -s '../secret' "$3"`);
    const linked = await run('run_doctor');
    expect(linked.code).toBe(0);
    await expect(stat(path('told'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await readFile(path('secret'), 'utf8')).toBe('a secret of root');
    const honest = await host(`printf '{"checks":[]}' >"$3"`);
    await honest.run('run_doctor');
    expect(await readFile(honest.path('told'), 'utf8')).toBe('{"checks":[]}');
  });
});
