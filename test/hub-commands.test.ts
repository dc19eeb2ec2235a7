/** The commands beside a running hub, and those that need none, as processes: what they print, write and end with. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { watch } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { systemClock } from '@stoa/hub';
import { fromHex, toHex } from '@stoa/protocol';
import { formatBuild } from '@stoa/protocol/release';
import { createDevelopmentHolders, rotateDevelopmentRoot, signDevelopmentRelease } from '@stoa/signer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hubCommand } from './kit/hub-command.ts';
import { HubHome } from './kit/hub-process.ts';
import { hubProgram } from './kit/hub-program.ts';
import { temporaryDirectory } from './kit/temporary-directory.ts';
import { TufClient } from './kit/tuf-client.ts';
import { random } from './kit/wire-agent.ts';

/** Large enough that a kill finds the command at work. */
const RUNTIME_BYTES = 4_000_000;

describe('commands of a hub', { timeout: 300_000 }, () => {
  let home: HubHome;
  let origin: string;
  let env: Record<string, string>;
  const run = (...words: string[]) => hubCommand(env, ...words);
  const path = (...names: string[]) => join(home.dataDir, 'work', ...names);
  const payload = (version: string) => Buffer.from(`'payload ${version}';\n`.repeat(3_000));

  beforeAll(async () => {
    home = await HubHome.create();
    ({ origin } = await home.serve());
    env = { DATA_DIR: home.dataDir, REGION: home.region.name };
  }, 120_000);
  afterAll(() => home[Symbol.asyncDispose]());

  it('export the audit log, and verify it without a hub', async () => {
    const file = join(home.dataDir, 'audit.jsonl.gz');
    const root = toHex(home.region.rootFingerprint);
    const exported = await run('audit', 'export', '--out', file, '--json');
    expect([exported.code, exported.err]).toEqual([0, '']);
    const verify = (path: string, ...more: string[]) =>
      hubCommand({ DATA_DIR: '/nonexistent' }, 'audit', 'verify', path, '--json', ...more);
    const good = await verify(file, '--root', root);
    expect([good.code, good.json()]).toMatchObject([0, { ok: true, root, rootChecked: true, problems: [] }]);
    const text = gunzipSync(await readFile(file)).toString();
    expect(text).toContain('"act":"audit.export"');
    const changed = join(home.dataDir, 'changed.jsonl.gz');
    await writeFile(changed, gzipSync(text.replace('"actor":"command line"', '"actor":"nobody at all"')));
    const bad = await verify(changed);
    expect(bad.code).toBe(1);
    expect(JSON.stringify(bad.json()['problems'])).toMatch(/content of row \d+ is not what was hashed/);
    expect((await verify(file, '--root', '0'.repeat(64))).json()).toMatchObject({
      problems: [{ code: 'wrong_root' }],
    });
    expect((await verify(file, '--root', 'no')).code).toBe(2);
  });

  it('pull the cord of all rollouts, which holds, and let go', async () => {
    expect((await run('rollout', 'pause-all', '--reason', 'look', '--json')).json()).toEqual({
      ok: true,
      pausedAll: true,
    });
    const held = await run('rollout', 'status');
    expect([held.code, held.out]).toEqual([0, expect.stringContaining('PAUSE ALL since')]);
    expect((await run('rollout', 'resume-all')).code).toBe(0);
    expect((await run('rollout', 'status', '--json')).json()).toEqual({ pausedAll: false, rollouts: [] });
  });

  it('change what a benchmark is held against, and tell what a node is worth', async () => {
    const set = ['score', 'baselines', '--set', 'cpuSingle=6000', 'ipc=2', '--json'];
    expect(await run(...set)).toMatchObject({ code: 2, err: expect.stringContaining('--reason') });
    expect((await run(...set, '--reason', 'faster machines')).json()).toMatchObject({
      ...{ ok: true, version: 1 },
      baselines: { cpuSingle: 6_000, ipc: 2, memory: 8 },
    });
    expect((await run('score', 'restamp', '--json')).json()).toEqual({ ok: true, nodes: 0 });
    expect((await run('score', 'show', 'ab'.repeat(32))).out).toContain(
      'No score yet: stoa-hub job run benchmark',
    );
  });

  it('back up a hub that runs, and restore it elsewhere', async () => {
    await using place = await temporaryDirectory();
    const [file, key] = [join(place.path, 'hub.backup'), join(place.path, 'backup.key')];
    await writeFile(key, Buffer.alloc(32, 7));
    const made = await run('backup', file, '--key-file', key, '--json');
    expect([made.code, made.err]).toEqual([0, '']);
    expect(made.json()).toMatchObject({ ok: true, files: expect.any(Number) });
    expect(await run('backup', file, '--key-file', key)).toMatchObject({ code: 1 });
    const unasked = await run('backup', `${file}2`);
    expect([unasked.code, unasked.err]).toEqual([2, expect.stringContaining('--passphrase-file')]);
    const elsewhere = { ...env, DATA_DIR: join(home.dataDir, 'elsewhere') };
    await mkdir(elsewhere.DATA_DIR, { mode: 0o711 });
    const back = await hubCommand(elsewhere, 'restore', file, '--key-file', key, '--json');
    expect([back.code, back.err]).toEqual([0, '']);
    expect(back.json()).toMatchObject({ ok: true, generation: 1, manifest: { region: home.region.name } });
    expect(await readFile(join(elsewhere.DATA_DIR, 'instance.key'))).toEqual(
      await readFile(join(home.dataDir, 'instance.key')),
    );
    const twice = await hubCommand(elsewhere, 'restore', file, '--key-file', key);
    expect([twice.code, twice.err]).toEqual([1, expect.stringContaining('target_not_empty')]);
  });

  it('import what another hub exported: dry, refused, then for good', async () => {
    await using place = await temporaryDirectory();
    const file = join(place.path, 'export.jsonl');
    const sums = { accounts: 1, nodes: 0, sshKeys: 0, benchmarks: 0, balances: '1500000000000' };
    const rows = (told: typeof sums) =>
      [
        { format: 'stoa-import/1', region: home.region.name, exportedAt: '2026-11-25T00:00:00Z', sums: told },
        { kind: 'account', email: 'old@x.example', tier: 'baron' },
        { kind: 'balance', email: 'old@x.example', pending: '0', current: '1.5', redeemed: '0' },
      ].map((row) => JSON.stringify(row));
    await writeFile(file, rows({ ...sums, balances: '1' }).join('\n'));
    const refused = await run('import', file, '--json');
    expect([refused.code, refused.json(), refused.err]).toMatchObject([
      1,
      { ok: false, problems: [{ code: 'sum_differs', line: 1 }] },
      expect.stringContaining('import_refused'),
    ]);
    await writeFile(file, rows(sums).join('\n'));
    const dry = await run('import', file, '--dry-run');
    expect([dry.code, dry.out]).toEqual([
      0,
      expect.stringMatching(/accounts: 1 made[\s\S]*nothing was written/),
    ]);
    expect((await run('import', file, '--json')).json()).toMatchObject({
      ok: true,
      done: { accounts: { made: 1 } },
    });
    const again = (await run('import', file, '--json')).json();
    expect(again).toMatchObject({
      done: { accounts: { made: 0, left: 1 }, balances: { changed: 0, left: 1 } },
    });
    expect((await run('import', `${file}.none`)).code).toBe(1);
    expect((await run('admin', 'reset-link', 'old@x.example')).code).toBe(0);
  });

  it('list, show, tag and retire nodes by a selector, their blast radius first', async () => {
    await using database = await home.openDatabase();
    for (let i = 0; i < 5; i += 1)
      await database.sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
        values (${String(i).repeat(64)}, ${`rack-${i}`}, 'ann@x.example', 'eu', '\\x00', '\\x00', now())`;
    const list = await run('nodes', 'ls', '-q', 'label:rack-3 OR label:rack-4', '--json');
    expect([list.code, list.json()]).toMatchObject([
      0,
      { nodes: [{ label: 'rack-3', state: 'new' }, { label: 'rack-4' }], more: false },
    ]);
    expect((await run('nodes', 'ls', '--limit', '2')).out).toMatch(
      /^STATE +LABEL[\s\S]*rack-1[\s\S]*and more/,
    );
    expect((await run('nodes', 'show', 'rack-2', '--json')).json()).toMatchObject({ id: '2'.repeat(64) });
    const tag = ['nodes', 'tag', '-q', 'owner:ann@x.example', '--add', 'lab', 'ssd', '--json'];
    expect((await run(...tag, '--dry-run')).json()).toMatchObject({
      dryRun: true,
      acts: [{ act: 'tag', tag: 'lab', nodes: 5, changed: 0 }, { tag: 'ssd' }],
    });
    const unasked = await run(...tag);
    expect([unasked.code, unasked.err]).toEqual([2, expect.stringContaining('--yes')]);
    expect((await run(...tag, '--yes')).json()).toMatchObject({ acts: [{ changed: 5 }, { changed: 5 }] });
    const retire = await run('nodes', 'retire', '-q', 'tag:lab label:rack-0', '--yes');
    expect([retire.code, retire.out]).toEqual([
      0,
      expect.stringMatching(/^Retire 1 node[\s\S]*Done: 1 node\./),
    ]);
    expect((await run('nodes', 'ls', '-q', 'state:retired', '--json')).json()).toMatchObject({
      nodes: [{ label: 'rack-0', tags: ['lab', 'ssd'] }],
    });
    const acts = await database.sql`select act, actor from audit_log where act like 'node.%' order by seq`;
    expect(acts.map(({ act }) => act as string)).toEqual(['node.tag', 'node.tag', 'node.retire']);
    const wrong = await run('nodes', 'ls', '-q', 'state:nowhere');
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('Column')]);
    expect((await run('nodes', 'retire', '-q', '', '--yes')).code).toBe(2);
    expect((await run('nodes', 'show', 'nobody')).code).toBe(1);
  });

  async function build(version: string): Promise<string> {
    const directory = path(version);
    await mkdir(directory, { recursive: true });
    const files = [
      { kind: 'payload' as const, platform: 'linux-x64' as const, file: 'payload.cjs' },
      { kind: 'runtime' as const, platform: 'linux-x64' as const, file: 'runtime' },
    ];
    await writeFile(join(directory, 'payload.cjs'), payload(version));
    await writeFile(join(directory, 'runtime'), randomBytes(RUNTIME_BYTES));
    await writeFile(
      join(directory, 'release.json'),
      formatBuild({ version, node: '24.21.0', minLauncher: '1.0.0', files }),
    );
    return directory;
  }

  /** Starts publishing, and kills it as soon as a file of the release is written. */
  async function publishCutOff(directory: string): Promise<void> {
    const targets = join(home.dataDir, 'releases', 'targets');
    await mkdir(targets, { recursive: true });
    const seen = new EventEmitter();
    const watcher = watch(targets, () => seen.emit('written'));
    const child = spawn(process.execPath, [await hubProgram(), 'release', 'publish', directory], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    await once(seen, 'written');
    child.kill('SIGKILL');
    expect((await ended)[1]).toBe('SIGKILL');
    watcher.close();
  }

  it('publish releases, which a TUF client of others fetches; F13 a publish that is killed leaves what was served', async () => {
    const holders = { dir: path('holders'), clock: systemClock, random };
    const keysOf = async (...more: string[]) => {
      const { keys } = (await run('release', 'keys', '--json', ...more)).json() as {
        keys: { role: string; publicKey: string }[];
      };
      const newest = (role: string) => fromHex(keys.findLast((key) => key.role === role)!.publicKey);
      return { snapshot: newest('snapshot'), timestamp: newest('timestamp') };
    };
    const first = await createDevelopmentHolders({ ...holders, online: await keysOf() });
    const rootFile = path('1.root.json');
    await writeFile(rootFile, first.files[0]!);
    await build('1.0.0');
    const unasked = await run('release', 'trust', rootFile);
    expect([unasked.code, unasked.out, unasked.err]).toEqual([
      2,
      expect.stringContaining(first.newest!.sha256),
      expect.stringContaining('--hash'),
    ]);
    const trusted = await run('release', 'trust', rootFile, '--hash', first.newest!.sha256, '--json');
    expect(trusted.json()).toMatchObject({ ok: true, changed: true, version: 1 });

    await signDevelopmentRelease({ ...holders, build: path('1.0.0'), notes: 'The first.' });
    expect(
      (await run('release', 'verify', path('1.0.0'), '--root', rootFile, '--json')).json(),
    ).toMatchObject({
      ...{ ok: true, changes: true, release: '1.0.0', signers: ['alice', 'bob'], files: 2 },
    });
    const published = await run('release', 'publish', path('1.0.0'), '--json');
    expect([published.code, published.json()]).toMatchObject([0, { changed: true, release: { version: 1 } }]);
    const node = await TufClient.open({ directory: path('node'), origin, root: first.files[0]! });
    expect(Buffer.from((await node.fetch('payload/1.0.0/linux-x64'))!)).toEqual(payload('1.0.0'));

    const next = await keysOf('--next');
    await rotateDevelopmentRoot({ ...holders, online: next });
    await signDevelopmentRelease({ ...holders, build: await build('1.1.0'), security: true });
    await publishCutOff(path('1.1.0'));
    expect(await node.fetch('payload/1.1.0/linux-x64')).toBeUndefined();
    expect(await node.fetch('payload/1.0.0/linux-x64')).toBeDefined();
    expect((await run('release', 'publish', path('1.1.0'), '--json')).json()).toMatchObject({
      ...{ changed: true, root: 2, release: { version: 2 } },
    });
    expect(Buffer.from((await node.fetch('payload/1.1.0/linux-x64'))!)).toEqual(payload('1.1.0'));
    expect((await run('release', 'list', '--json')).json()).toMatchObject({
      root: 2,
      releases: [
        { targets: 2, inForce: true, security: true, signers: ['alice', 'bob'] },
        { targets: 1, inForce: false },
      ],
    });
  });

  it('tell by their exit what went wrong', async () => {
    const nowhere = await hubCommand({ DATA_DIR: '/nonexistent' }, 'login-link');
    expect([nowhere.code, nowhere.err]).toEqual([4, expect.stringContaining('database_unavailable')]);
    expect((await run('audit', 'export', '--from', 'yesterday')).code).toBe(2);
    expect((await run('no-such-command')).code).toBe(2);
    const key = join(home.dataDir, 'dump.key');
    await writeFile(key, randomBytes(32));
    const [roots, dump] = await Promise.all([
      run('ledger', 'roots', '2026-11-26T17', '--json'),
      hubCommand({}, 'ledger', 'verify-dump', '/nonexistent/dump', '--key-file', key),
    ]);
    expect([roots.code, roots.json()]).toEqual([
      0,
      { ok: true, hubHour: 498_809, hour: '2026-11-26T17:00:00Z', instances: [] },
    ]);
    expect([dump.code, dump.err]).toEqual([
      1,
      expect.stringMatching(/\/nonexistent\/dump .*file_unreadable/s),
    ]);
    expect((await run('--help')).out).toContain('4 hub or database not reached');
  });
});
