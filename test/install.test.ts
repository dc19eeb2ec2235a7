/** `install.sh` as people run it: a real hub process, real shells, the real archive. */

import { execFile } from 'node:child_process';
import {
  appendFile,
  chmod,
  mkdir,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  formatStatement,
  parseManifest,
  parseStatement,
  regionCertKind,
  seal,
  signManifest,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishAgent } from './kit/agent-release.ts';
import { HubHome, type HubProcess } from './kit/hub-process.ts';
import { runScript, treeOf } from './kit/install-script.ts';
import { temporaryDirectory } from './kit/temporary-directory.ts';
import { until } from './kit/until.ts';
import { random } from './kit/wire-agent.ts';

const SHELLS: readonly (readonly [name: string, shell: readonly string[]])[] = [
  ['dash', ['dash']],
  ['bash', ['bash', '--posix']],
  ['busybox', ['busybox', 'sh']],
];

/** All that the script needs but what fetches. */
const TOOLS =
  'cat chmod cmp cp cut date dd env gzip id ldd ln mkdir mktemp mv od openssl readlink rm rmdir sed sh sha256sum sleep sync tar touch tr uname wc'.split(
    ' ',
  );

describe('install.sh', { timeout: 180_000 }, () => {
  let home: HubHome;
  let hub: HubProcess;
  let scratch: Awaited<ReturnType<typeof temporaryDirectory>>;
  let script: string;
  let release: string;
  let statement: string;
  let archive: string;
  let prefixes = 0;
  const newPrefix = () => {
    prefixes += 1;
    return join(scratch.path, `p${prefixes}`);
  };

  beforeAll(async () => {
    scratch = await temporaryDirectory();
    home = await HubHome.create();
    ({ directory: release, archive, statement } = await publishAgent(home));
    hub = await home.serve();
    script = await (await fetch(`${hub.origin}/install.sh`)).text();
  }, 240_000);
  afterAll(async () => {
    await home[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  const install = async (prefix: string, args: readonly string[] = [], shell: readonly string[] = ['sh']) =>
    runScript(shell, { script, args: ['--prefix', prefix, '--no-service', ...args] });

  describe.each(SHELLS)('under %s', (_name, shell) => {
    it('installs, joins, is a no-op when run again, and leaves nothing when taken away', async () => {
      const prefix = newPrefix();
      const token = await home.token();
      const first = await install(prefix, [token], shell);
      expect(first.said).toContain('the signatures hold');
      expect(first.said).toContain('Enrolled as node');
      expect(first.said).toContain('How the doctor finds it');
      expect(first.said).not.toContain(token);
      expect(first.code).toBe(0);
      const before = await treeOf(prefix);
      expect(before.length).toBeGreaterThan(8);
      const second = await install(prefix, [], shell);
      expect(second.said).toContain('Nothing to do');
      expect(second.code).toBe(0);
      expect(await treeOf(prefix)).toEqual(before);
      const kept = await install(prefix, ['--uninstall'], shell);
      expect(kept.said).toContain('--purge removes them');
      expect((await readdir(prefix)).sort()).toEqual(['agent.env', 'data']);
      const purged = await install(prefix, ['--uninstall', '--purge'], shell);
      expect(purged.code).toBe(0);
      expect((await readdir(scratch.path)).filter((name) => prefix.endsWith(`/${name}`))).toEqual([]);
      expect(await leftovers()).toEqual([]);
    });
  });

  it('takes the token from STOA_TOKEN or standard input, and runs as a file too', async () => {
    const file = join(scratch.path, 'install.sh');
    await writeFile(file, script);
    const args = (prefix: string) => [file, '--prefix', prefix, '--no-service'];
    const [one, two] = [newPrefix(), newPrefix()];
    const fromEnv = await runScript(['sh'], { args: args(one), env: { STOA_TOKEN: await home.token() } });
    expect(fromEnv.said).toContain('Enrolled as node');
    const fromStdin = await runScript(['sh'], { args: args(two), stdin: `${await home.token()}\n` });
    expect(fromStdin.said).toContain('Enrolled as node');
  });

  it.each(['/usr/bin/wget', '/usr/bin/busybox'])('does without curl: %s', async (wget) => {
    const bin = join(scratch.path, `with-${wget.split('/').at(-1)}`);
    await mkdir(bin);
    for (const tool of TOOLS) await symlink(`/usr/bin/${tool}`, join(bin, tool));
    await symlink(wget, join(bin, 'wget'));
    const args = ['--prefix', newPrefix(), '--no-service', await home.token()];
    const { code, said } = await runScript(['/bin/sh'], { script, args, env: { PATH: bin } });
    expect({ code, said }).toMatchObject({ code: 0, said: expect.stringContaining('Enrolled as node') });
    expect(said).not.toContain('could not be told');
  });

  it('tells the hub how far it got: downloaded, key made, the doctor’s findings', async () => {
    const token = await home.token();
    await install(newPrefix(), [token]);
    await using database = await home.openDatabase();
    const steps = async () => {
      const rows = await database.sql<{ step: string; detail: { checks?: unknown[] } }[]>`
        select step, detail from join_steps where at = (select max(at) from join_steps s where s.step = join_steps.step)`;
      return new Map(rows.map(({ step, detail }) => [step, detail]));
    };
    await until('three steps are noted', async () => (await steps()).size === 3);
    expect((await steps()).get('doctor')?.checks?.length).toBeGreaterThan(10);
  });

  it('verifies all there is and changes nothing in a dry run', async () => {
    const prefix = newPrefix();
    const before = await treeOf(scratch.path);
    const { code, said } = await install(prefix, ['--dry-run', await home.token()]);
    expect(code).toBe(0);
    expect(said).toContain('the signatures hold');
    expect(said).toMatch(/would: download[\s\S]*would: join region local[\s\S]*nothing was changed/);
    expect(await treeOf(scratch.path)).toEqual(before);
    expect(await leftovers()).toEqual([]);
  });

  it('installs the version that is asked for, or says that there is none', async () => {
    const version = release.split('/').at(-1)!;
    const there = await install(newPrefix(), ['--version', version, await home.token()]);
    expect(there.code).toBe(0);
    const absent = await install(newPrefix(), ['--version', '99.0.0', await home.token()]);
    expect(absent).toMatchObject({ code: 1, said: expect.stringContaining('is the version right') });
  });

  it.each([
    ['no token', [], 'no join token'],
    ['half a token', ['stoa1_AAAA'], 'damaged'],
    ['something else for a token', ['hunter2'], "starts with 'stoa1_'"],
    ['an option that there is not', ['--frobnicate'], 'there is no option'],
    ['a version that is a path', ['--version', '../../etc'], 'expected'],
    ['a purge without its uninstall', ['--purge'], 'goes with --uninstall'],
  ])('refuses %s, and does nothing', async (_what, args, message) => {
    const prefix = newPrefix();
    const { code, said } = await install(prefix, args);
    expect({ code, said }).toMatchObject({ code: 1, said: expect.stringContaining(message) });
    expect(await treeOf(prefix)).toEqual([]);
  });

  it('runs nothing when it was cut on its way, wherever', async () => {
    const prefix = newPrefix();
    const args = ['--prefix', prefix, '--no-service', await home.token()];
    const tail = script.trimEnd().length;
    const cuts = [
      ...Array.from({ length: 40 }, (_, i) => Math.floor((tail / 40) * i)),
      ...lastBytes(tail, 27),
    ];
    for (const cut of cuts) {
      const { said } = await runScript(['dash'], { script: script.slice(0, cut), args });
      expect(said, `cut at ${cut} of ${tail}`).not.toContain('signatures hold');
      expect(await treeOf(prefix)).toEqual([]);
    }
  });

  it('checks with openssl or stops: without it, and with one that cannot judge Ed25519', async () => {
    const bin = join(scratch.path, 'bin');
    await mkdir(bin);
    for (const tool of [
      'uname',
      'id',
      'mktemp',
      'chmod',
      'rm',
      'curl',
      'tar',
      'gzip',
      'od',
      'dd',
      'sed',
      'tr',
      'cat',
    ])
      await writeFile(join(bin, tool), `#!/bin/sh\nexec /usr/bin/env PATH=/usr/bin:/bin ${tool} "$@"\n`);
    await writeFile(join(bin, 'ldd'), '#!/bin/sh\necho glibc\n');
    const run = async () => {
      for (const tool of await readdir(bin)) await chmod(join(bin, tool), 0o755);
      const args = ['--prefix', newPrefix(), '--no-service', await home.token()];
      return runScript(['/bin/sh'], { script, args, env: { PATH: bin } });
    };
    expect(await run()).toMatchObject({ code: 1, said: expect.stringContaining('openssl is not installed') });
    // Says yes to every signature, as one that ignores -rawin might.
    await writeFile(join(bin, 'openssl'), '#!/bin/sh\nexit 0\n');
    expect(await run()).toMatchObject({ code: 1, said: expect.stringContaining('cannot check Ed25519') });
    await rm(join(bin, 'openssl'));
    await writeFile(join(bin, 'ldd'), '#!/bin/sh\necho musl libc >&2; exit 1\n');
    expect(await run()).toMatchObject({ code: 1, said: expect.stringContaining('built on musl') });
  });

  describe('refuses what was tampered with, and leaves the host as it was', () => {
    /** A thief in the middle: the hub as it is, but for what `forge` answers by itself. */
    async function between(forge: RequestListener, forged: string, run: (origin: string) => Promise<void>) {
      const forward = async (...[request, response]: Parameters<RequestListener>) => {
        const answer = await fetch(`${hub.origin}${request.url}`);
        response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
      };
      const server = createServer((request, response) => {
        void (request.url?.startsWith(forged) ? forge : forward)(request, response);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as { port: number };
      try {
        await run(`http://127.0.0.1:${port}`);
      } finally {
        server.closeAllConnections();
        server.close();
      }
    }

    const withStatement = async (text: string, message: RegExp) => {
      const prefix = newPrefix();
      await between(
        (_request, response) => response.end(text),
        '/download/statement',
        async (origin) => {
          const token = await home.token(origin);
          const forged = script.replaceAll(hub.origin, origin);
          const args = ['--prefix', prefix, '--no-service', token];
          const { code, said } = await runScript(['sh'], { script: forged, args });
          expect({ code, said }).toMatchObject({ code: 1, said: expect.stringMatching(message) });
        },
      );
      expect(await treeOf(prefix)).toEqual([]);
    };

    it('a root that the token was not made for', async () => {
      const whole = parseStatement(statement);
      const root = nodeCrypto.signingKey(random(32)).publicKey;
      await withStatement(formatStatement({ ...whole, root }), /REFUSED: the hub shows the root key/);
    });

    it('a certificate that the root did not sign, or that is for another role', async () => {
      const whole = parseStatement(statement);
      const thief = nodeCrypto.signingKey(random(32));
      const body = {
        serial: 1,
        region: 'local',
        role: 'authority',
        publicKey: thief.publicKey,
        notAfter: 9e12,
      } as const;
      const certificate = seal(regionCertKind, body, thief);
      const signature = signManifest(whole.manifest, thief);
      await withStatement(formatStatement({ ...whole, certificate, signature }), /not signed by the root/);
      const { sealed } = await home.signer.chain();
      await withStatement(formatStatement({ ...whole, certificate: sealed.enrol }), /for another role/);
    });

    it('a manifest or a signature with one bit changed', async () => {
      const whole = parseStatement(statement);
      for (const field of ['manifest', 'signature'] as const) {
        const bytes = Uint8Array.from(whole[field]);
        bytes[bytes.length - 3]! ^= 1;
        await withStatement(
          formatStatement({ ...whole, [field]: bytes }),
          /REFUSED: the manifest is not signed/,
        );
      }
      await withStatement('<html>a captive portal</html>', /damaged|lacks/);
    });

    it('an archive with one byte changed, one too many, or cut for good', async () => {
      const good = await readFile(archive);
      const changed = Buffer.from(good);
      changed[good.length - 9]! ^= 1;
      for (const [content, message] of [
        [changed, /not the one that was signed/],
        [Buffer.concat([good, Buffer.from('x')]), /bytes, \d+ were signed/],
        [good.subarray(0, 1_000_000), /bytes, \d+ were signed/],
      ] as const) {
        const prefix = newPrefix();
        await between(
          (_request, response) => response.end(content),
          '/download/sha256/',
          async (origin) => {
            const args = ['--prefix', prefix, '--no-service', await home.token(origin)];
            const forged = script.replaceAll(hub.origin, origin);
            const { code, said } = await runScript(['sh'], { script: forged, args });
            expect({ code, said }).toMatchObject({ code: 1, said: expect.stringMatching(message) });
            expect(await treeOf(prefix)).toEqual([]);
          },
        );
      }
    });

    it('nothing of an honest archive whose connection breaks: it goes on where it was cut', async () => {
      const good = await readFile(archive);
      const ranges: (string | undefined)[] = [];
      const prefix = newPrefix();
      await between(
        (request, response) => {
          ranges.push(request.headers.range);
          const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
          const to = Math.min(good.length, from + 20_000_000);
          response.writeHead(from === 0 ? 200 : 206, {
            'content-length': good.length - from,
            ...(from > 0 && { 'content-range': `bytes ${from}-${good.length - 1}/${good.length}` }),
          });
          response.write(good.subarray(from, to), () =>
            to < good.length ? response.destroy() : response.end(),
          );
        },
        '/download/sha256/',
        async (origin) => {
          const args = ['--prefix', prefix, '--no-service', await home.token(origin)];
          await runScript(['sh'], { script: script.replaceAll(hub.origin, origin), args });
        },
      );
      expect(ranges.length).toBeGreaterThan(1);
      expect(ranges[0]).toBeUndefined();
      expect(ranges[1]).toMatch(/^bytes=\d{7,}-$/);
      expect(await readdir(prefix)).toContain('stoa-agent');
    });
  });

  it('is offered nothing that is not signed for its region, and says so', async () => {
    const own = join(release, 'statement');
    await appendFile(own, 'x');
    try {
      await until('it is gone', async () => (await fetch(`${hub.origin}/download/statement`)).status === 404);
    } finally {
      await truncate(own, Buffer.byteLength(statement));
    }
    await until('it is back', async () => (await fetch(`${hub.origin}/download/statement`)).status === 200);
    expect(hub.output()).toContain('a release is not offered');
  });

  it('is served whole, in parts and from caches', async () => {
    const { artefacts } = parseManifest(parseStatement(statement).manifest);
    const { sha256, size } = artefacts[0]!;
    const url = `${hub.origin}/download/sha256/${sha256}`;
    const ask = (headers: Record<string, string>, method = 'GET') => fetch(url, { method, headers });
    const head = await ask({}, 'HEAD');
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(size)]);
    expect(head.headers.get('cache-control')).toContain('immutable');
    const part = await ask({ range: 'bytes=10-19' });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 10-19/${size}`]);
    expect(Buffer.from(await part.arrayBuffer())).toEqual((await readFile(archive)).subarray(10, 20));
    expect((await ask({ range: `bytes=${size}-` })).status).toBe(416);
    expect((await ask({ 'if-none-match': `"${sha256}"` })).status).toBe(304);
    expect((await fetch(`${hub.origin}/download/sha256/${'0'.repeat(64)}`)).status).toBe(404);
    for (const path of [
      '/download/../../etc/passwd',
      '/download/%2e%2e%2fx/statement',
      '/download/sha256/%00',
    ])
      expect((await fetch(`${hub.origin}${path}`)).status).toBe(404);
  });

  async function leftovers(): Promise<string[]> {
    const { stdout } = await promisify(execFile)('find', [
      '/tmp',
      '-maxdepth',
      '1',
      '-name',
      'tmp.*',
      '-newer',
      join(home.dataDir, 'checkpoint.json'),
    ]);
    return stdout.split('\n').filter(Boolean);
  }
});

function lastBytes(end: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => end - i - 1);
}
