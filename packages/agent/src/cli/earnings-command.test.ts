import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { remembered } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { portableCrypto } from '@stoa/protocol/portable';
import { readEvidenceFile, verifyEvidence } from '@stoa/protocol/stoicism';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CliFixture, type CliRun, makeCli } from '#cli/cli.fixture.ts';
import { type Clock, createClock } from '#clock.ts';
import { type EarningsWorld, earningsWorld } from '#earnings/earnings-world.fixture.ts';
import { failing } from '#earnings/settling-hub.fixture.ts';
import { directory, START } from '#evidence/evidence-world.fixture.ts';
import { HOUR_MS } from '#evidence/hub-time.ts';
import type { MemoryDisk } from '#memory-disk.ts';

const DAY = '2026-01-01';
const ALL = (1n << 60n) - 1n;

let well: EarningsWorld;
beforeAll(async () => {
  well = await earningsWorld(3);
  await well.settle({ 1: { gateFailures: failing({ 'warm-up': ALL, tip: 0b111n, serving: 0b110000n }) } });
});

async function filesOf(disk: MemoryDisk, path: string): Promise<string[]> {
  if ((await disk.stat(path))?.kind !== 'directory') return [path];
  const below = await Promise.all((await disk.list(path)).map((name) => filesOf(disk, `${path}/${name}`)));
  return below.flat();
}

interface Host {
  run(argv: string[], clock?: Clock): Promise<CliRun>;
  path(kind: string): string;
  dataDir: string;
}

/** A host on whose real disk lies what the node kept, at six in the morning. */
async function host(): Promise<Host> {
  const { cli, dataDir }: CliFixture = makeCli();
  const { disk } = well.w;
  for (const path of await filesOf(disk, directory)) {
    const target = join(dataDir, path.replace(/^\/data\//, ''));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, await disk.readFile(path));
  }
  const node = (await well.node()).directory.replace(/^\/data\//, '');
  const atSix: Clock = { ...createClock(), now: () => START + 6 * HOUR_MS };
  return {
    dataDir,
    run: (argv, clock = atSix) => cli(['earnings', ...argv], { clock }),
    path: (kind) => join(dataDir, node, kind, `${DAY}.log`),
  };
}

describe('earnings verify', () => {
  it('says match and whose word the rest is, in words and as JSON', async () => {
    const { run } = await host();
    const { code, out } = await run(['verify', DAY]);
    expect([code, out.trimEnd().split('\n').at(-1)]).toEqual([
      0,
      'match, by the word of others alone: account, tip, serving, published',
    ]);
    for (const part of [
      '00:00  ● match, by the word of others alone: account,',
      'region eu: gate account in 00:00, 01:00, 02:00',
      'instance hub-1: gate tip',
    ])
      expect(out).toContain(part);
    expect((await run(['verify', 'today', '--json'])).json()).toMatchObject({
      ...{ ok: true, day: DAY, verdict: 'match', differs: [], missing: [] },
      hours: [{ at: '00:00' }, { at: '01:00' }, { at: '02:00', verdict: 'match' }],
    });
  });

  it('names the hour whose file was changed, and exits with 1', async () => {
    for (const kind of ['log', 'hour-logs', 'settled']) {
      const { run, path } = await host();
      const bytes = readFileSync(path(kind));
      bytes[bytes.length - 20]! ^= 1;
      writeFileSync(path(kind), bytes);
      const { code, out } = await run(['verify', DAY]);
      expect([code, out.trimEnd().split('\n').at(-1)], kind).toEqual([1, 'differs in 02:00']);
      const { differs } = (await run(['verify', DAY, '--json'])).json();
      expect(differs, kind).toEqual(expect.arrayContaining([expect.objectContaining({ at: '02:00' })]));
    }
  });

  it('waits for a line that the agent is writing', async () => {
    const { run, path } = await host();
    const whole = readFileSync(path('settled'));
    const [half, rest] = [whole.subarray(0, -30), whole.subarray(-30)];
    writeFileSync(path('settled'), half);
    const running = run(['verify', DAY], {
      ...createClock(),
      now: () => START + 6 * HOUR_MS,
      after: (ms, done) => {
        appendFileSync(path('settled'), rest);
        return createClock().after(Math.min(ms, 1), done);
      },
    });
    expect((await running).code).toBe(0);
  });

  it('writes a file that a browser verifies, and takes documents of another', async () => {
    const { run, dataDir } = await host();
    const file = join(dataDir, 'evidence.json');
    expect((await run(['verify', DAY, '--export', file])).code).toBe(0);
    const read = readEvidenceFile(readFileSync(file, 'utf8'));
    // What the page of the hub does with it, by the same functions and the signatures that browsers have.
    const policy = { rootFingerprint: nodeCrypto.hash((await well.node()).identity.credential.root) };
    const reports = [...verifyEvidence(read, policy, remembered(portableCrypto))];
    const { hours } = (await run(['verify', DAY, '--json'])).json() as { hours: { verdict: string }[] };
    expect(reports.map(({ verdict }) => verdict)).toEqual(hours.map(({ verdict }) => verdict));
    expect([hours.length, read.credential !== undefined]).toEqual([3, true]);
    expect((await run(['verify', DAY, '--with', file])).code).toBe(0);
    expect((await run(['verify', DAY, '--with', dataDir])).code).toBe(2);
  });

  it('exits with 2 where there is nothing to tell by, and on wrong usage', async () => {
    const { run } = await host();
    expect(await run(['verify', '2025-12-24'])).toMatchObject({
      code: 2,
      err: `stoa-agent: this node keeps nothing settled of 2025-12-24: it has days from ${DAY} to ${DAY}\n`,
    });
    for (const wrong of [['verify'], ['verify', '2026-02-31'], ['verify', 'soon'], ['undo'], ['today', DAY]])
      expect((await run(wrong)).code, wrong.join(' ')).toBe(2);
    expect((await run(['--data', '/nowhere', '--json'])).json()).toMatchObject({
      error: { code: 'no_evidence' },
    });
  });
});

describe('earnings why', () => {
  it('lays each minute of each hour to one thing, with points', async () => {
    const { run } = await host();
    const { code, out } = await run(['why', DAY]);
    expect(code).toBe(0);
    for (const part of [
      '01:00  at score 1.000000, to acc-1',
      '▲ earned in warm-up      55 min     3.3000  minutes 3, 6-59',
      '✖ tip                     3 min     0.1800  minutes 0-2',
      '✖ serving                 2 min     0.1200  minutes 4-5',
      '● counted                 6 min             minutes 0-5',
    ])
      expect(out).toContain(part);
    const { hours, sums } = (await run(['why', DAY, '--json'])).json() as {
      hours: { shares: { count: number }[] }[];
      sums: object[];
    };
    for (const { shares } of hours) expect(shares.reduce((sum, { count }) => sum + count, 0)).toBe(60);
    expect(sums).toContainEqual({ cause: 'tip', minutes: 3, points: '0.18' });
  });
});

describe('earnings today', () => {
  it('counts what is settled, and of open hours what the node knows', async () => {
    const { run } = await host();
    const { code, out } = await run([]);
    expect(code).toBe(0);
    expect(out).toContain(`${DAY} UTC: 4 hours begun, 3 settled by the region`);
    expect(out).toMatch(/● counted +\d+ min/);
    expect((await run(['today', '--json'])).json()).toMatchObject({ ok: true, day: DAY });
    const tomorrow = { ...createClock(), now: () => START + 30 * HOUR_MS };
    expect((await run([], tomorrow)).out).toContain('2026-01-02 UTC: 0 hours begun');
  });
});
