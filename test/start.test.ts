/** `npm start` and `pnpm smoke`, as somebody would run them who has just cloned the repository. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { PageReader } from './kit/page-reader.ts';
import { startPostgres } from './kit/postgres.ts';
import { temporaryDirectory } from './kit/temporary-directory.ts';
import { until } from './kit/until.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly output: () => string;
}

/** In a process group of its own, so that a signal can be sent to all of it, as a terminal does. */
function startScript(script: string, args: readonly string[], env: Record<string, string>): Started {
  const child = spawn(process.execPath, ['--import', 'tsx', join(ROOT, 'scripts', script), ...args], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], TSX_TSCONFIG_PATH: join(ROOT, 'packages/hub/tsconfig.json'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream! }).on('line', (line) => lines.push(line));
  const ended = once(child, 'exit').then(([code, signal]): number | NodeJS.Signals => code ?? signal);
  return { child, ended, output: () => lines.join('\n') };
}

/** Starts everything on any free port; resolves when it says that Ctrl-C stops it. */
async function startAll(
  dataDir: string,
): Promise<Started & { readonly origin: string; readonly link: string }> {
  const started = startScript('start.ts', [], { DATA_DIR: dataDir, PORT: '0' });
  await until('the console named', () => /Ctrl-C/.test(started.output()) || started.child.exitCode !== null);
  const find = (pattern: RegExp) => pattern.exec(started.output())?.[1] ?? '';
  const origin = find(/Console\s+(http\S+)/);
  expect(origin, started.output()).not.toBe('');
  return { ...started, origin, link: find(/Sign in\s+(http\S+)/) };
}

function signalGroup({ child }: Started, signal: NodeJS.Signals): void {
  process.kill(-child.pid!, signal);
}

/** Processes that work on the directory: by their arguments, environment or working directory. */
async function processesOn(directory: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const files = ['cmdline', 'environ'].map((file) =>
        readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => ''),
      );
      const [cmdline = '', environ = ''] = await Promise.all(files);
      return `${cmdline}${environ}`.includes(directory) ? cmdline.replaceAll('\0', ' ').slice(0, 160) : '';
    }),
  );
  return found.filter((line) => line !== '');
}

async function localNodeOnline(reader: PageReader): Promise<boolean> {
  const { html } = await reader.page('/nodes?q=this+machine&state=online');
  return html.includes('this machine');
}

describe('npm start', () => {
  it('brings the local node online within seconds, stops at once by Ctrl-C, and comes back on the same data, after kill -9 too', async () => {
    await using directory = await temporaryDirectory();
    const first = await startAll(directory.path);
    const reader = new PageReader(first.origin);
    await reader.signIn(first.link);
    await until('the local node online', () => localNodeOnline(reader), { withinMs: 60_000, everyMs: 200 });
    const chains = /href="(nodes\/[0-9a-f]{64})"/.exec(
      (await reader.page('/nodes?q=this+machine')).html,
    )?.[1];
    await until('ten tips', async () => {
      const { html } = await reader.page(`/${chains}/chains`);
      return (html.match(/<tr/g) ?? []).length >= 11;
    });
    const from = performance.now();
    signalGroup(first, 'SIGINT');
    expect(await first.ended, first.output()).toBe(0);
    expect(performance.now() - from).toBeLessThan(10_000);
    await until('nothing left', async () => (await processesOn(directory.path)).length === 0, {
      withinMs: 60_000,
    });

    // A changed port, the same node: no copy, no newcomer.
    const second = await startAll(directory.path);
    const again = new PageReader(second.origin);
    again.keep(reader);
    await until('the local node online again', () => localNodeOnline(again), {
      withinMs: 60_000,
      everyMs: 200,
    });
    const { html } = await again.page(`${chains}/session`);
    expect(html).not.toMatch(/stale-copy|Stale copy/i);
    second.child.kill('SIGKILL');
    await second.ended;

    // Nobody is left to fight.
    const third = await startAll(directory.path);
    const last = new PageReader(third.origin);
    last.keep(reader);
    await until('the local node online once more', () => localNodeOnline(last), {
      withinMs: 60_000,
      everyMs: 200,
    });
    signalGroup(third, 'SIGTERM');
    expect(await third.ended, third.output()).toBe(0);
    await until('nothing left', async () => (await processesOn(directory.path)).length === 0, {
      withinMs: 60_000,
    });
  }, 240_000);

  it('says why it cannot start', async () => {
    const port = startScript('start.ts', [], { DATA_DIR: '/nowhere', PORT: 'seven' });
    expect(await port.ended).toBe(1);
    expect(port.output()).toContain("PORT='seven' is no port");
    const chain = startScript('start.ts', [], {
      DATA_DIR: '/nowhere',
      CHAINWEB_URL: 'http://127.0.0.1:1848',
    });
    expect(await chain.ended).toBe(1);
    expect(chain.output()).toContain('CHAINWEB_CHECKPOINT');
  });
});

describe('pnpm smoke', () => {
  it('starts the whole, reads its pages and reports; on a database that was used before as well', async () => {
    await using postgres = await startPostgres();
    const url = await postgres.createDatabase();
    // On the embedded database it is started above.
    const runs: Record<string, string>[] = [{ DATABASE_URL: url }, { DATABASE_URL: url }];
    for (const env of runs) {
      const smoke = startScript('smoke.ts', ['--json'], env);
      expect(await smoke.ended, smoke.output()).toBe(0);
      const report = JSON.parse(smoke.output().split('\n').at(-1)!) as Record<string, unknown>;
      expect(report).toMatchObject({ ok: true, tip_chains: 10, first_heartbeat_ms: expect.any(Number) });
      expect(report['nodes_online']).toBeGreaterThanOrEqual(1);
      expect(report['verified_headers']).toBeGreaterThanOrEqual(10);
      expect(report['agent_rss_mb']).toBeLessThan(110);
      expect(report['pages']).toHaveLength(6);
    }
  }, 180_000);
});
