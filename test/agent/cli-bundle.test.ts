import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClock, serveStatus } from '@stoa/agent';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const JITLESS = ['--jitless', '--disable-sigusr1'];

let directory: string;
let program: string;

/** The command line as it ships: one CommonJS file, which has no top-level await. */
const ENTRY = `
  import { runCli } from './packages/agent/src/cli/cli.ts';
  const never = () => Promise.reject(new Error('not in this test'));
  const io = {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    interactive: false,
    terminal: false,
    ask: never,
  };
  runCli({
    argv: process.argv.slice(2),
    env: process.env,
    host: { root: false, home: '/nonexistent' },
    io,
    signal: new AbortController().signal,
    deps: { version: '1.2.3', run: never, enroll: never, rotateKey: never, edit: never, installation: never, identity: async () => undefined },
  }).then((code) => {
    const { user, system } = process.cpuUsage();
    process.stderr.write(JSON.stringify({ cpuMs: (user + system) / 1000 }));
    process.exit(code);
  });
`;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'stoa-bundle-'));
  program = join(directory, 'agent.cjs');
  await build({
    stdin: { contents: ENTRY, resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    minify: true,
    outfile: program,
    external: ['bufferutil', 'utf-8-validate'],
    logLevel: 'silent',
  });
});

afterAll(() => rmSync(directory, { recursive: true }));

function stoaAgent(argv: readonly string[], flags: readonly string[] = []) {
  return spawnSync(process.execPath, [...flags, program, ...argv, '--data', directory], { encoding: 'utf8' });
}

describe('the bundled command line', () => {
  it.each([[[]], [JITLESS]])('answers with node %j', (flags) => {
    expect(stoaAgent(['--version'], flags)).toMatchObject({ status: 0, stdout: 'stoa-agent 1.2.3\n' });
    expect(stoaAgent(['status'], flags)).toMatchObject({
      status: 4,
      stderr: expect.stringContaining('no agent'),
    });
    const doctor = stoaAgent(['doctor', '--json', '--chainweb-url', 'http://127.0.0.1:1'], flags);
    expect(JSON.parse(doctor.stdout)).toMatchObject({ ok: false, result: 'fail' });
  });

  // In time of the processor, start of Node included: time of the clock would measure what else runs on the machine.
  it('shows the status within 100 ms of its own start', async () => {
    const tips = Array.from({ length: 10 }, (_, chain) => ({
      chain,
      height: 1_000_000,
      hash: 'A'.repeat(43),
    }));
    const snapshot = { lamps: {}, chain: { tips } };
    const server = await serveStatus({
      path: join(directory, 'status.sock'),
      clock: createClock(),
      answers: {
        status: () => snapshot as never,
        metrics: () => ({ text: '' }),
        logs: () => ({ lines: [] }),
        jobs: () => ({}) as never,
        look: async () => ({}) as never,
        update: async () => ({}) as never,
      },
      follow: () => () => undefined,
    });
    const run = () =>
      new Promise<number>((resolve, reject) => {
        const argv = [...JITLESS, program, 'status', '--json', '--data', directory];
        execFile(process.execPath, argv, (error, stdout, stderr) => {
          if (error) return reject(error);
          expect(JSON.parse(stdout)).toMatchObject({ ok: true, chain: { tips } });
          resolve((JSON.parse(stderr) as { cpuMs: number }).cpuMs);
        });
      });
    const times: number[] = [];
    for (let turn = 0; turn < 5; turn += 1) times.push(await run());
    await server.close();
    expect(Math.min(...times)).toBeLessThan(100);
  });
});
