import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDisk } from '#atomic-file.ts';
import { makeCli } from '#cli/cli.fixture.ts';
import type { CommandDeps } from '#cli/command-deps.ts';
import { makeSnapshot, makeWork } from '#status/snapshot.fixture.ts';
import { VirtualClock } from '#virtual-clock.ts';
import { readPause } from '#work/pause-file.ts';

const ENDED = {
  jobId: 'cd'.repeat(16),
  attempt: 1,
  kind: 'apt-upgrade',
  outcome: 'refused',
  code: 'policy_denies',
  message: 'the local policy denies apt-upgrade: deny code',
  durationMs: 12,
  number: 7,
  acknowledged: false,
};
const RUNNING = {
  jobId: 'ab'.repeat(16),
  attempt: 2,
  kind: 'stoachain-reseed',
  percent: 41.7,
  step: 'unpacking',
  forMs: 90_000,
  logBytes: 1_000,
};

describe('jobs', () => {
  it('shows what runs and what came of the last ones', async () => {
    const { cli, serve } = makeCli();
    await serve(makeSnapshot(), [], makeWork({ running: [RUNNING], recent: [ENDED], waiting: 1 }));
    const { code, out } = await cli(['jobs']);
    expect(code).toBe(0);
    expect(out).toContain('stoachain-reseed for 1 min 30 s, 42 %, unpacking');
    expect(out).toContain(
      '▲ apt-upgrade refused in 12 ms, not yet told policy_denies: the local policy denies',
    );
    expect((await cli(['jobs', '--json'])).json()).toMatchObject({
      ok: true,
      running: [RUNNING],
      recent: [ENDED],
    });
  });

  it('exits with 3 where nothing can be done, with 4 where no agent runs', async () => {
    const { cli, serve } = makeCli();
    expect((await cli(['jobs'])).code).toBe(4);
    await serve(makeSnapshot(), [], makeWork({ policyFault: 'line 1 of the policy: …', paused: true }));
    const { code, out } = await cli(['jobs']);
    expect([code, out]).toEqual([3, expect.stringContaining('nothing is allowed: line 1')]);
    expect(out).toContain('is paused: stoa-agent resume');
  });
});

it('status says it where no work is taken', async () => {
  const { cli, serve } = makeCli();
  await serve(makeSnapshot({ work: makeWork({ paused: true, policyFault: 'line 1', running: [RUNNING] }) }));
  const { out } = await cli(['status']);
  for (const part of [
    'work      stoachain-reseed for 1 min 30 s',
    'work      paused: stoa-agent resume',
    'policy    ✖ line 1',
  ])
    expect(out).toContain(part);
});

describe('pause, resume and maintenance', () => {
  const stands = (dataDir: string) => readPause(createDisk(), join(dataDir, 'identities/default'));

  it('stand on disk, and are told to the agent that runs', async () => {
    const { cli, serve, dataDir, looks } = makeCli();
    await serve(makeSnapshot());
    expect(await cli(['pause'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('No more work is taken'),
    });
    expect([await stands(dataDir), looks.length]).toEqual([{ paused: true, until: 0 }, 1]);
    expect((await cli(['resume', '--json'])).json()).toEqual({ ok: true, paused: false, running: true });
    expect([await stands(dataDir), looks.length]).toEqual([{ paused: false, until: 0 }, 2]);
  });

  it('hold from the next start where none runs', async () => {
    const { cli, dataDir } = makeCli();
    const clock = new VirtualClock(Date.UTC(2026, 0, 1));
    expect((await cli(['maintenance', '2h'], { clock })).out).toBe(
      'No more work is taken for 2 h, until 2026-01-01T02:00:00.000Z. (No agent runs now: it holds from its next start.)\n',
    );
    expect(await stands(dataDir)).toEqual({ paused: false, until: Date.UTC(2026, 0, 1, 2) });
    await cli(['maintenance', 'off']);
    expect(await stands(dataDir)).toEqual({ paused: false, until: 0 });
  });

  it.each([
    [['maintenance']],
    [['maintenance', '2']],
    [['maintenance', '99d']],
    [['maintenance', '1h', '2h']],
  ])('%j is refused', async (argv) => {
    expect((await makeCli().cli(argv)).code).toBe(2);
  });
});

describe('policy', () => {
  it('shows the file, and what it means for each kind', async () => {
    const { cli, dataDir } = makeCli();
    expect(await cli(['policy', 'show'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('(no such file: nothing is denied)'),
    });
    mkdirSync(join(dataDir, 'etc'));
    writeFileSync(join(dataDir, 'etc/policy'), 'deny code\n');
    const { out } = await cli(['policy']);
    expect(out).toMatch(/✖ apt-upgrade +code +deny code/);
    expect(out).toMatch(/● system-probe +read +no line denies it/);
    writeFileSync(join(dataDir, 'etc/policy'), 'deny everything\n');
    const broken = await cli(['policy', 'show', '--json']);
    expect(broken.code).toBe(3);
    expect(broken.json()).toMatchObject({ fault: expect.stringContaining('line 1') });
  });

  it('is edited beside, judged, and then put in place whole, for all to read', async () => {
    const { cli, serve, dataDir, looks } = makeCli();
    await serve(makeSnapshot());
    const file = join(dataDir, 'etc/policy');
    const edit = (text: string): Partial<CommandDeps> => ({
      edit: async (path) => {
        writeFileSync(path, readFileSync(path, 'utf8') + text);
        return 0;
      },
    });
    expect(await cli(['policy', 'edit'], { deps: edit('deny code\n'), answer: '' })).toMatchObject({
      code: 0,
    });
    expect(readFileSync(file, 'utf8')).toMatch(/^# What a hub[\s\S]*deny code\n$/);
    expect([statSync(file).mode & 0o777, statSync(join(dataDir, 'etc')).mode & 0o777]).toEqual([
      0o644, 0o755,
    ]);
    expect(looks).toHaveLength(1);
    const before = readFileSync(file, 'utf8');
    const wrong = await cli(['policy', 'edit'], { deps: edit('denny code\n'), answer: '' });
    expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining(`'denny' is no word of a policy`)]);
    expect(readFileSync(file, 'utf8')).toBe(before);
    const left = await cli(['policy', 'edit'], { deps: { edit: async () => 1 }, answer: '' });
    expect([left.code, left.err]).toEqual([1, expect.stringContaining('nothing was changed')]);
  });

  it('comes from a file where there is no terminal', async () => {
    const { cli, dataDir } = makeCli();
    const given = join(dataDir, 'given');
    writeFileSync(given, 'allow read\n');
    expect((await cli(['policy', 'edit'])).code).toBe(2);
    expect((await cli(['policy', 'edit', '--from', `${given}x`])).code).toBe(2);
    expect((await cli(['policy', 'edit', '--from', given, '--json'])).json()).toMatchObject({
      changed: true,
    });
    expect((await cli(['policy', 'edit', '--from', given, '--json'])).json()).toMatchObject({
      changed: false,
    });
    expect((await cli(['policy', 'drop'])).code).toBe(2);
  });
});

describe('logs', () => {
  it('prints the last lines, and goes on until it is interrupted', async () => {
    const { cli, serve, ring } = makeCli();
    await serve(makeSnapshot(), ['{"event":"a"}']);
    expect(await cli(['logs'])).toMatchObject({ code: 0, out: '{"event":"a"}\n' });
    expect((await cli(['logs', '--json'])).json()).toEqual({ ok: true, lines: ['{"event":"a"}'] });
    const stop = new AbortController();
    const onOut = (text: string): void => {
      if (text.includes('"b"')) stop.abort();
    };
    // Nobody tells when the agent has heard who follows: said until it is heard.
    const timer = setInterval(() => ring.push('{"event":"b"}'), 5);
    const { code, out } = await cli(['logs', '-f'], { signal: stop.signal, onOut });
    clearInterval(timer);
    expect(code).toBe(0);
    expect(out).toMatch(/^\{"event":"a"\}\n\{"event":"b"\}\n/);
  });
});

describe('top', () => {
  it('shows both once where nobody watches, as JSON too', async () => {
    const { cli, serve } = makeCli();
    await serve(makeSnapshot(), [], makeWork({ running: [RUNNING] }));
    const { code, out } = await cli(['top']);
    expect(code).toBe(0);
    expect(out).toContain('tips are 4 s old');
    expect(out).toContain('stoachain-reseed for');
    expect(out).not.toContain('\u001b[H');
    expect((await cli(['top', '--json'])).json()).toMatchObject({
      status: { pid: 4242 },
      work: { paused: false },
    });
  });

  it('draws over the whole terminal until it is interrupted', async () => {
    const { cli, serve } = makeCli();
    await serve(makeSnapshot());
    const stop = new AbortController();
    const { code, out } = await cli(['top'], {
      terminal: true,
      signal: stop.signal,
      onOut: () => stop.abort(),
    });
    expect([code, out.startsWith('\u001b[H\u001b[2J')]).toEqual([0, true]);
  });
});

describe('uninstall', () => {
  function installed() {
    const fixture = makeCli();
    const root = join(fixture.dataDir, 'host');
    const prefix = join(root, 'opt');
    for (const directory of [
      'opt/slots/1.2.3-0123456789ab',
      'opt/roots',
      'opt/bin',
      'units',
      'data',
      'etc',
      'bin',
    ])
      mkdirSync(join(root, directory), { recursive: true });
    for (const file of [
      'opt/.stoa-agent',
      'opt/.root',
      'opt/stoa-agent',
      'opt/guard.sh',
      'opt/selection.json',
      'opt/bin/stoa-agent',
      'opt/agent.env',
      'data/identity',
      'etc/policy',
    ])
      writeFileSync(join(root, file), 'x');
    writeFileSync(join(root, 'units/stoa-agent.service'), `ExecStart=${prefix}/stoa-agent run\n`);
    writeFileSync(join(root, 'units/stoa-agent-root@.service'), `ExecStart=${prefix}/stoa-agent root\n`);
    writeFileSync(join(root, 'units/stoa-agent-root.socket'), 'ListenStream=/run/stoa-agent-root.sock\n');
    writeFileSync(join(root, 'units/stoa-agent-other.service'), 'ExecStart=/elsewhere/node\n');
    symlinkSync(join(prefix, 'bin/stoa-agent'), join(root, 'bin/stoa-agent'));
    const places = {
      prefix,
      data: join(root, 'data'),
      units: join(root, 'units'),
      command: join(root, 'bin/stoa-agent'),
      config: join(root, 'etc'),
      rootState: join(root, 'root-state'),
      user: 'nobody-here',
      systemd: join(root, 'no-systemd'),
    };
    const tree = (): string[] =>
      ['opt', 'units', 'data', 'etc', 'bin'].flatMap((directory) => listOf(join(root, directory), directory));
    return { ...fixture, deps: { installation: () => places }, tree };
  }

  it('says what it would do, asks, and does nothing without a yes', async () => {
    const { cli, deps, tree } = installed();
    const before = tree();
    const { code, out } = await cli(['uninstall', '--dry-run'], { deps });
    expect(code).toBe(0);
    expect(out).toContain(
      'would: stop and remove stoa-agent-root.socket, stoa-agent-root@.service, stoa-agent.service',
    );
    expect(out).toMatch(/kept: .*data: the node’s identity/);
    expect((await cli(['uninstall'], { deps })).code).toBe(2);
    expect((await cli(['uninstall'], { deps, answer: 'n' })).code).toBe(1);
    expect(tree()).toEqual(before);
  });

  it('removes what install.sh put there, and keeps identity, settings and policy', async () => {
    const { cli, deps, tree } = installed();
    expect((await cli(['uninstall', '--yes', '--json'], { deps })).json()).toMatchObject({
      ok: true,
      removed: true,
    });
    expect(tree()).toEqual([
      'opt/agent.env',
      'units/stoa-agent-other.service',
      'data/identity',
      'etc/policy',
    ]);
  });

  it('removes these too when asked to', async () => {
    const { cli, deps, tree } = installed();
    expect((await cli(['uninstall', '--yes', '--purge'], { deps })).code).toBe(0);
    expect(tree()).toEqual(['units/stoa-agent-other.service']);
  });

  it('leaves alone what was not installed that way', async () => {
    const { cli, dataDir } = makeCli();
    const places = {
      prefix: dataDir,
      data: dataDir,
      units: dataDir,
      command: dataDir,
      config: dataDir,
      rootState: dataDir,
      user: '',
      systemd: '',
    };
    const { code, err } = await cli(['uninstall', '--yes'], { deps: { installation: () => places } });
    expect([code, err]).toEqual([1, expect.stringContaining('by install.sh')]);
  });
});

function listOf(directory: string, shown: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? listOf(join(directory, entry.name), `${shown}/${entry.name}`)
      : [`${shown}/${entry.name}`],
  );
}
