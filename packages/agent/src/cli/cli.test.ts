import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeCli } from '#cli/cli.fixture.ts';
import type { CommandDeps } from '#cli/command-deps.ts';
import type { EnrollOutcome } from '#enroll/enroll.ts';
import { HttpError } from '#http-error.ts';
import { LINK, makeSnapshot, NOTHING_YET } from '#status/snapshot.fixture.ts';
import { VirtualClock } from '#virtual-clock.ts';

describe('the program', () => {
  it('shows its version', async () => {
    const { cli } = makeCli();
    expect(await cli(['--version'])).toMatchObject({ code: 0, out: 'stoa-agent 1.2.3\n' });
    expect((await cli(['--version', '--json'])).json()).toEqual({ ok: true, version: '1.2.3' });
  });

  it('shows help on request, and instead of doing nothing', async () => {
    const { cli } = makeCli();
    const asked = await cli(['--help']);
    expect(asked).toMatchObject({ code: 0, err: '' });
    expect(await cli([])).toMatchObject({ code: 2, out: '', err: asked.out });
    expect((await cli(['join', '-h'])).out).toContain('stoa-agent enroll <token>');
  });

  it('tells a wrong line or setting on stderr, and as JSON when asked', async () => {
    const { cli } = makeCli();
    expect(await cli(['statsu'])).toEqual(
      expect.objectContaining({
        code: 2,
        out: '',
        err: "stoa-agent: unknown command 'statsu': did you mean 'status'?\n",
      }),
    );
    const setting = await cli(['status', '--json'], { env: { STOA_AGENT_TRANSPORT: 'x' } });
    expect([setting.code, setting.json()]).toEqual([
      2,
      { ok: false, error: expect.objectContaining({ code: 'config_invalid', retry: false }) },
    ]);
  });
});

describe('status', () => {
  it('shows three lamps, the tips and the host', async () => {
    const { cli, serve } = makeCli();
    await serve(makeSnapshot());
    const { code, out } = await cli(['status']);
    expect(code).toBe(0);
    for (const part of [
      'abababababababab… (default), agent 1.2.3, up 2 h',
      'agent     ● ok',
      'hub       ● ok      session established',
      'chain     ● ok      tips are 4 s old',
      'https://eu.hub.example, established for 1 h, websocket, round trip 41 ms, ping every 30 s, NAT keeps silence for 4 min, clock -120 ms',
      '2026-11-25T11:00:00.000Z http_reset: the connection was cut',
      '0:1000  1:1001  2:1000',
      'chainweb-node 2.32.0, 17 peers',
      'pid 80, systemd chainweb-node.service, up 1 d 12 h, 4.0 GB',
      '38 % of 4 cores, load 1.5',
      '700.0 GB free on /srv/stoa, 500.0 GB promised',
    ])
      expect(out).toContain(part);
  });

  it('gives the whole snapshot as JSON', async () => {
    const { cli, serve } = makeCli();
    await serve(makeSnapshot());
    expect((await cli(['status', '--json'])).json()).toEqual({
      ok: true,
      ...JSON.parse(JSON.stringify(makeSnapshot())),
    });
  });

  it('exits with 3 where a lamp is not green', async () => {
    const { cli, serve } = makeCli();
    await serve(makeSnapshot({ link: { ...LINK, state: 'waiting', failures: 9, retryInMs: 90_000 } }));
    const { code, out } = await cli(['status']);
    expect(code).toBe(3);
    expect(out).toContain('hub       ✖ fail    9 attempts have failed');
    expect(out).toContain('next attempt in 1 min 30 s');
  });

  it('shows an agent that knows nothing yet', async () => {
    const { cli, serve } = makeCli();
    await serve(
      makeSnapshot({ nodeId: undefined, link: undefined, outbox: undefined, readings: NOTHING_YET }),
    );
    const { code, out } = await cli(['status']);
    expect(code).toBe(3);
    expect(out).toContain('not enrolled (default)');
    expect(out).not.toMatch(/undefined|NaN/);
  });

  it('exits with 4, and says what to do, where no agent runs', async () => {
    const { cli, dataDir } = makeCli();
    const { code, err } = await cli(['status']);
    expect(code).toBe(4);
    expect(err).toContain(`${dataDir}/status.sock: no agent answers there: start it`);
    expect((await cli(['status', '--json'])).json()).toMatchObject({
      ok: false,
      error: { code: 'agent_unreachable' },
    });
  });

  it('is coloured on a terminal alone, and never against NO_COLOR', async () => {
    const { cli, serve } = makeCli();
    await serve(makeSnapshot());
    const colored = async (setting: object) => (await cli(['status'], setting)).out.includes('\u001b[');
    expect(await colored({})).toBe(false);
    expect(await colored({ terminal: true })).toBe(true);
    expect(await colored({ terminal: true, env: { NO_COLOR: '1' } })).toBe(false);
  });
});

describe('metrics', () => {
  it('are printed as the agent gives them', async () => {
    const { cli, serve } = makeCli();
    await serve(makeSnapshot());
    expect(await cli(['metrics'])).toMatchObject({ code: 0, out: 'stoa_agent_info 1\n' });
    expect((await cli(['metrics', '--json'])).json()).toEqual({ ok: true, text: 'stoa_agent_info 1\n' });
  });
});

describe('enroll', () => {
  const offer = {
    hub: 'https://eu.hub.example',
    region: 'eu',
    owner: 'ada@example.org',
    instance: 'hub-1',
    rootFingerprint: '0f'.repeat(32),
  };
  const tokens: string[] = [];
  const enrolling: Partial<CommandDeps> = {
    enroll: async (_context, { token, dryRun, confirm }): Promise<EnrollOutcome> => {
      tokens.push(token);
      if (!(await confirm(offer))) throw Object.assign(new Error('declined'), { code: 'enrolment_declined' });
      return {
        ...offer,
        state: dryRun ? 'dry-run' : 'enrolled',
        nodeId: dryRun ? '' : 'ab',
        ownerKey: dryRun ? undefined : 'f00d',
        label: 'node-1',
      };
    },
  };

  it('shows who would own the node, and asks', async () => {
    const { cli, asked } = makeCli();
    const { code, out } = await cli(['enroll', 'stoa1_t'], { deps: enrolling, answer: 'y' });
    expect([code, tokens.at(-1)]).toEqual([0, 'stoa1_t']);
    for (const value of Object.values(offer)) expect(out).toContain(value);
    expect(asked).toEqual(['Make this host a node of that owner? [y/N] ']);
    expect(out).toContain('Enrolled as node-1 (ab).\nOwner key pinned: f00d (compare');
    expect(await cli(['enroll', 'stoa1_t'], { deps: enrolling, answer: '' })).toMatchObject({ code: 1 });
  });

  it('asks nobody where there is no terminal', async () => {
    const { cli } = makeCli();
    const { code, err } = await cli(['enroll', 'stoa1_t'], { deps: enrolling });
    expect(code).toBe(2);
    expect(err).toContain('give --yes');
    const json = await cli(['join', 'stoa1_t', '--yes', '--json'], { deps: enrolling });
    expect([json.code, json.json()]).toEqual([
      0,
      { ok: true, ...offer, state: 'enrolled', nodeId: 'ab', label: 'node-1', ownerKey: 'f00d' },
    ]);
  });

  it('reads the token from a file', async () => {
    const { cli, dataDir } = makeCli();
    const file = join(dataDir, 'token');
    writeFileSync(file, 'stoa1_f\n');
    await cli(['enroll', '--token-file', file, '--yes'], { deps: enrolling });
    expect(tokens.at(-1)).toBe('stoa1_f');
    expect(await cli(['enroll', '--token-file', `${file}x`, '--yes'])).toMatchObject({ code: 2 });
  });

  it('wants one token', async () => {
    const { cli, dataDir } = makeCli();
    for (const args of [[], ['a', 'b'], ['a', '--token-file', join(dataDir, 'x')]]) {
      expect(await cli(['enroll', ...args])).toMatchObject({
        code: 2,
        err: expect.stringContaining('one join token'),
      });
    }
  });

  it('can stop before the token is used', async () => {
    const { cli } = makeCli();
    const { out } = await cli(['enroll', 'stoa1_t', '--dry-run', '--yes'], { deps: enrolling });
    expect(out).toContain('the token was not used');
  });

  it('exits with 4 where the hub can’t be reached', async () => {
    const { cli } = makeCli();
    const enroll = () => Promise.reject(new HttpError('http_refused', 'POST https://eu.hub.example'));
    expect(await cli(['enroll', 'stoa1_t', '--yes'], { deps: { enroll } })).toMatchObject({ code: 4 });
  });
});

describe('rotate-key', () => {
  const rotateKey = async () => ({ nodeId: 'ab', state: 'requested' as const });

  it('asks before it does so', async () => {
    const { cli } = makeCli();
    expect(await cli(['rotate-key'], { deps: { rotateKey }, answer: 'yes' })).toMatchObject({
      code: 0,
      out: expect.stringContaining('The new key is made'),
    });
    expect(await cli(['rotate-key'], { answer: 'n' })).toMatchObject({
      code: 1,
      out: 'Nothing was changed.\n',
    });
    expect((await cli(['rotate-key'])).code).toBe(2);
    expect((await cli(['rotate-key', '--yes', '--json'], { deps: { rotateKey } })).json()).toEqual({
      ok: true,
      nodeId: 'ab',
      state: 'requested',
    });
  });
});

describe('run', () => {
  it('serves until it is told to stop', async () => {
    const { cli } = makeCli();
    const stop = new AbortController();
    const run: CommandDeps['run'] = ({ signal, log }) =>
      new Promise((resolve) => {
        log.info('serving');
        signal.addEventListener('abort', () => resolve());
        stop.abort();
      });
    const { code, out, err } = await cli(['run'], { deps: { run }, signal: stop.signal });
    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(JSON.parse(err)).toMatchObject({ level: 'info', event: 'serving' });
  });

  it('F33 leaves after ten seconds whatever hangs', async () => {
    const { cli } = makeCli();
    const clock = new VirtualClock();
    const stop = new AbortController();
    const started = Promise.withResolvers<void>();
    const run = (): Promise<void> => {
      started.resolve();
      return new Promise(() => undefined);
    };
    const ended = cli(['run'], { deps: { run }, signal: stop.signal, clock });
    await started.promise;
    await clock.advance(60_000);
    stop.abort();
    await clock.advance(9999);
    expect(clock.pending).toBe(1);
    await clock.advance(1);
    expect(await ended).toMatchObject({ code: 1, err: expect.stringContaining('did not stop within 10 s') });
  });

  it('tells why it could not', async () => {
    const { cli } = makeCli();
    const run = () => Promise.reject(Object.assign(new Error('no identity'), { code: 'not_enrolled' }));
    expect(await cli(['run'], { deps: { run } })).toMatchObject({
      code: 1,
      err: 'stoa-agent: no identity\n',
    });
    expect(await cli(['run', '--ca-file', '/absent.pem'])).toMatchObject({ code: 2 });
  });
});

describe('doctor', () => {
  it('prints each finding with its fix, and fails with the worst', async () => {
    const { cli } = makeCli();
    const identity = () =>
      Promise.reject(Object.assign(new Error('it is damaged'), { code: 'record_damaged' }));
    const { code, out } = await cli(['doctor'], { deps: { identity } });
    expect(code).toBe(1);
    expect(out).toContain('✖ fail  Identity of this node\n        it is damaged\n        fix: Restore');
    expect(out).toContain('● ok    Data directory\n');
  });

  it('wants a URL for a hub', async () => {
    const { cli } = makeCli();
    expect(await cli(['doctor', '--hub', 'eu.hub.example'])).toMatchObject({ code: 2 });
    const { out } = await cli(['doctor', '--hub', 'https://127.0.0.1:1/console', '--json']);
    expect(out).toContain('GET https://127.0.0.1:1/healthz: the connection was refused');
  });
});

describe('support-bundle', () => {
  const SECRET = 'hunter2secret';
  const token = `stoa1_${SECRET}${'Ab0-'.repeat(20)}`;

  it('holds what a helper needs and no secret, wherever that was', async () => {
    const { cli, serve, dataDir } = makeCli();
    writeFileSync(join(dataDir, 'identity'), `stoa-identity-1 ${SECRET}${'x'.repeat(40)} sum\n`, {
      mode: 0o600,
    });
    const { readings } = { readings: structuredClone(makeSnapshot()) };
    const leaky = {
      ...readings,
      ratchetSecret: SECRET,
      process: { ...readings.process, argv: ['chainweb-node', `--api-key=${SECRET}`] },
    };
    await serve(leaky as never, [
      `{"event":"enrolling","token":"${SECRET}"}`,
      `enroll ${token} failed`,
      `proxy http://ada:${SECRET}@proxy:3128 refused`,
      `Authorization: Bearer ${SECRET}`,
    ]);
    const identity = async () => ({
      nodeId: 'ab'.repeat(32),
      label: 'node-1',
      region: 'eu',
      owner: 'ada@example.org',
      hubUrl: 'https://127.0.0.1:1',
      keyFiles: [join(dataDir, 'identity')],
      natIdle: undefined,
      privateKey: SECRET,
    });
    const path = join(dataDir, 'bundle.json');
    const env = {
      HTTPS_PROXY: `http://ada:${SECRET}@127.0.0.1:1`,
      no_proxy: '127.0.0.1',
      NO_PROXY: '127.0.0.1',
    };
    const { code, out } = await cli(['support-bundle', '-o', path], { env, deps: { identity } });
    expect(code).toBe(0);

    const text = readFileSync(path, 'utf8');
    expect(text).not.toContain(SECRET);
    const bundle = JSON.parse(text);
    expect(Object.keys(bundle)).toEqual([
      'about',
      'config',
      'identity',
      'host',
      'doctor',
      'status',
      'logs',
      'files',
    ]);
    for (const section of Object.keys(bundle)) expect(out).toContain(`  ${section} `);
    expect(bundle).toMatchObject({
      about: { version: '1.2.3' },
      config: { network: 'stoa', httpsProxy: 'http://[redacted]@127.0.0.1:1/' },
      identity: { label: 'node-1', keyFiles: [join(dataDir, 'identity')], privateKey: '[redacted]' },
      status: { nodeId: 'ab'.repeat(32), process: { argv: ['chainweb-node', '--api-key=[redacted]'] } },
      doctor: { result: 'fail' },
    });
    expect(bundle.logs.lines).toHaveLength(4);
    expect(bundle.files).toContainEqual(expect.stringMatching(/^file 600 \d+ \d+ \S+ .*\/identity$/));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is made without an agent and without an identity', async () => {
    const { cli, dataDir } = makeCli();
    const path = join(dataDir, 'bundle.json');
    const identity = () =>
      Promise.reject(Object.assign(new Error('it is damaged'), { code: 'record_damaged' }));
    const run = await cli(['support-bundle', '--output', path, '--json'], { deps: { identity } });
    expect(run.code).toBe(0);
    expect(run.json()).toMatchObject({
      ok: true,
      path,
      sections: expect.arrayContaining([{ section: 'about', bytes: expect.any(Number) }]),
    });
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({
      identity: { error: { code: 'record_damaged' } },
      status: { error: { code: 'agent_unreachable' } },
      logs: { error: { code: 'agent_unreachable' } },
      doctor: {
        checks: expect.arrayContaining([expect.objectContaining({ id: 'identity', why: 'it is damaged' })]),
      },
    });
  });
});
