import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeCli } from '#cli/cli.fixture.ts';
import { createClock } from '#clock.ts';
import { LogRing } from '#log.ts';
import { MemoryDisk } from '#memory-disk.ts';
import { makeSnapshot, makeUpdate, makeWork } from '#status/snapshot.fixture.ts';
import { serveStatus } from '#status/status-server.ts';
import { ByHand } from '#update/by-hand.ts';
import { answerUpdate } from '#update/update-request.ts';

/** An agent whose updates come by hand, behind its real socket. */
async function byHand() {
  const fixture = makeCli();
  const disk = new MemoryDisk();
  const clock = createClock();
  const platform = 'linux-x64';
  const updates = await ByHand.open({
    clock,
    disk,
    dataDir: '/data',
    version: '1.2.3',
    platform,
    node: '24.21.0',
  });
  const server = await serveStatus({
    path: join(fixture.dataDir, 'status.sock'),
    clock,
    answers: {
      status: () => makeSnapshot({ update: updates.view() }),
      metrics: () => ({ text: '' }),
      logs: () => ({ lines: [] }),
      jobs: () => makeWork(),
      look: async () => makeWork(),
      update: (request) => answerUpdate(updates, request),
    },
    follow: (told) => new LogRing().follow(told),
  });
  onTestFinished(() => server.close());
  return { ...fixture, updates };
}

describe('update', () => {
  it('shows what runs and why, what is kept, and what the owner wants', async () => {
    const { cli, serve, updates } = makeCli();
    await serve(makeSnapshot());
    const { code, out } = await cli(['update']);
    expect(code).toBe(0);
    expect(out).toContain('1.2.3 in 1.2.3-abcdefabcdef, Node 24.21.0, launcher 1.0.0');
    expect(out).toContain('it was assigned, and has proven itself');
    expect(out).toContain('newest 1.2.3 (targets 7), seen 6 h ago');
    expect(out).toContain('1.2.2: stoa-agent update --rollback');
    expect(updates).toEqual([{ ask: 'update', act: 'view' }]);
    expect((await cli(['update', '--json'])).json()).toMatchObject({ ok: true, state: 'confirmed' });
    expect((await cli(['status'])).out).toContain('1.2.3 in 1.2.3-abcdefabcdef: it was assigned');
  });

  it('F35 shows why a version was rolled back, with its last lines, and exits with 3', async () => {
    const { cli, serve } = makeCli();
    const lastLines = ['{"event":"boom"}'];
    const detail = '3 starts in a row ended before it had proven itself';
    await serve(
      makeSnapshot({ update: makeUpdate({ state: 'rolled-back', target: '1.3.0', detail, lastLines }) }),
    );
    const { code, out } = await cli(['update']);
    expect(code).toBe(3);
    for (const text of ['rolled-back 1.3.0', detail, 'boom']) expect(out).toContain(text);
  });

  it.each([
    [['--check'], { act: 'check' }],
    [['--now'], { act: 'now' }],
    [['--rollback'], { act: 'rollback' }],
    [['--pin', '1.2.2'], { act: 'wish', pin: '1.2.2' }],
    [['--unpin', '--defer', '3d'], { act: 'wish', pin: '', defer: '3d' }],
    [['--window', 'off', '--defer', 'off'], { act: 'wish', window: '', defer: '' }],
    [
      ['--channel', 'early', '--window', '02:00-05:00'],
      { act: 'wish', channel: 'early', window: '02:00-05:00' },
    ],
  ])('%j asks the agent for %j', async (argv, request) => {
    const { cli, serve, updates } = makeCli();
    await serve(makeSnapshot());
    expect((await cli(['update', ...argv])).code).toBe(0);
    expect(updates).toEqual([{ ask: 'update', ...request }]);
  });

  it('refuses two acts at once, and exits with 4 where no agent runs', async () => {
    const { cli } = makeCli();
    for (const argv of [
      ['--check', '--now'],
      ['--now', '--pin', '1.2.2'],
      ['--pin', '1', '--unpin'],
      ['what'],
    ])
      expect((await cli(['update', ...argv])).code).toBe(2);
    expect((await cli(['update'])).code).toBe(4);
    expect((await cli(['update', '--help'])).out).toContain('--rollback');
  });

  it('comes by hand without a launcher, and says so; wishes are kept for the day that there is one', async () => {
    const { cli, updates } = await byHand();
    const shown = await cli(['update']);
    expect([shown.code, shown.out]).toEqual([0, expect.stringContaining('updates come by hand here')]);
    const refused = await cli(['update', '--now', '--json']);
    expect([refused.code, refused.json()]).toMatchObject([1, { ok: false, error: { code: 'by_hand' } }]);
    expect((await cli(['update', '--pin', '1.2'])).err).toContain("'1.2' is no version");
    const kept = await cli([
      'update',
      '--pin',
      'v1.2.3',
      '--defer',
      '2d',
      '--window',
      '22:00-04:00',
      '--json',
    ]);
    expect(kept.json()).toMatchObject({ wishes: { pin: '1.2.3', window: '22:00-04:00', channel: 'stable' } });
    expect(updates.view().wishes.deferUntil).toBeGreaterThan(updates.view().at);
    expect((await cli(['update', '--unpin'])).out).toContain('no pin');
  });
});
