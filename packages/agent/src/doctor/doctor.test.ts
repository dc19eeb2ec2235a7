import { describe, expect, it } from 'vitest';
import { publishCommitment } from '#collectors/drive-commitments.ts';
import { makeProc } from '#collectors/proc.fixture.ts';
import { CHAINWEB_CHECKS } from '#doctor/chainweb-checks.ts';
import { type Check, type Finding, ok, type Patient, warn } from '#doctor/check.ts';
import { HOST_CHECKS } from '#doctor/host-checks.ts';
import { HUB_CHECKS } from '#doctor/hub-checks.ts';
import { CONFIG, closedWith, IDENTITY, makePatient } from '#doctor/patient.fixture.ts';
import { examine } from '#doctor/report.ts';
import { HttpError, ProxyRefusedError } from '#http-error.ts';
import { MemoryDisk } from '#memory-disk.ts';
import { VirtualClock } from '#virtual-clock.ts';

const CHECKS = [...HUB_CHECKS, ...CHAINWEB_CHECKS, ...HOST_CHECKS];
const never = new AbortController().signal;

function check(id: string, change: Partial<Patient> = {}): Promise<Finding> {
  const found = CHECKS.find((each) => each.id === id);
  return found ? found.run(makePatient(change), never) : expect.fail(`no check ${id}`);
}

const failing = (error: Error) => () => Promise.reject(error);
const dnsError = (code: string) => Object.assign(new Error(`getaddrinfo ${code}`), { code });

describe('every check', () => {
  it('has an id and a title of its own', () => {
    expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length);
    expect(new Set(CHECKS.map(({ title }) => title)).size).toBe(CHECKS.length);
  });

  it('about the hub is skipped where none is known', async () => {
    const patient = { hubUrl: undefined, identity: undefined };
    const findings = await Promise.all(HUB_CHECKS.map(({ id }) => check(id, patient)));
    expect(findings.every(({ result }) => result === 'skip')).toBe(true);
  });

  it('that finds something tells what to do', async () => {
    const report = await examine(
      makePatient({ hubAnswer: failing(new HttpError('http_refused', 'GET')) }),
      CHECKS,
      never,
    );
    for (const { result, fix } of report.checks)
      expect(fix === undefined).toBe(result === 'ok' || result === 'skip');
  });
});

describe('the name of the hub', () => {
  it('is resolved to both families', async () => {
    expect(await check('dns-v4')).toEqual(ok('eu.hub.example is 203.0.114.9'));
    expect(await check('dns-v6')).toEqual(ok('eu.hub.example is 2a01:4f8::9'));
  });

  it('may lack IPv6, and must not lack IPv4', async () => {
    const resolve = failing(dnsError('ENOTFOUND'));
    expect(await check('dns-v4', { resolve })).toMatchObject({
      result: 'fail',
      why: expect.stringContaining('ENOTFOUND'),
    });
    expect(await check('dns-v6', { resolve })).toMatchObject({
      result: 'skip',
      why: expect.stringContaining('IPv4 is enough'),
    });
  });

  it('is nobody’s business where it is an address, or a proxy resolves it', async () => {
    expect(await check('dns-v4', { hubUrl: 'https://203.0.114.9' })).toMatchObject({ result: 'skip' });
    expect(await check('dns-v6', { hubUrl: 'https://[2a01:4f8::9]:8443' })).toMatchObject({ result: 'skip' });
    expect(await check('dns-v4', { proxies: proxied })).toMatchObject({ result: 'skip' });
  });
});

const proxied = { agentFor: async () => undefined, describe: () => 'http://proxy.lan:3128' };

describe('the proxy', () => {
  it('is told, or that there is none', async () => {
    expect(await check('proxy')).toEqual(ok('none is set: the way is direct'));
    const config = { ...CONFIG, httpsProxy: 'http://proxy.lan:3128/' };
    expect(await check('proxy', { config })).toMatchObject({
      why: 'NO_PROXY names the hub: the way is direct',
    });
    expect(await check('proxy', { config, proxies: proxied })).toEqual(
      ok('http://proxy.lan:3128 opens a tunnel to the hub'),
    );
  });

  it('that asks for a password is no fault of the hub', async () => {
    const hubAnswer = failing(new ProxyRefusedError('http://proxy.lan:3128', 407));
    expect(await check('proxy', { proxies: proxied, hubAnswer })).toMatchObject({
      result: 'fail',
      why: expect.stringContaining('407'),
    });
    const beyond = failing(new HttpError('http_tls', 'GET'));
    expect(await check('proxy', { proxies: proxied, hubAnswer: beyond })).toMatchObject({ result: 'ok' });
  });
});

describe('the hub', () => {
  it.each([
    ['http_tls', '--ca-file'],
    ['http_dns', 'the name'],
    ['http_refused', 'outbound TCP'],
  ] as const)('with %s comes with its fix', async (code, fix) => {
    const hubAnswer = failing(new HttpError(code, 'GET https://eu.hub.example/healthz'));
    expect(await check('hub-tls', { hubAnswer })).toMatchObject({
      result: 'fail',
      fix: expect.stringContaining(fix),
    });
  });

  it('is ill when it says so, and bare without TLS', async () => {
    const hubAnswer = async () => ({ status: 503, skewMs: 0 });
    expect(await check('hub-tls', { hubAnswer })).toMatchObject({ result: 'warn' });
    expect(await check('hub-tls', { hubUrl: 'http://127.0.0.1:1' })).toMatchObject({ result: 'warn' });
    expect(await check('hub-tls')).toMatchObject({ result: 'ok' });
  });
});

describe('the clock', () => {
  it.each([
    [900, 'ok', '1 s ahead of'],
    [-6000, 'warn', '6 s behind'],
    [61_000, 'fail', '61 s ahead of'],
    [-315_360_000_000, 'fail', '315360000 s behind'],
  ])('that is %d ms ahead: %s', async (skewMs, result, words) => {
    const hubAnswer = async () => ({ status: 200, skewMs });
    expect(await check('clock-skew', { hubAnswer })).toMatchObject({
      result,
      why: expect.stringContaining(words),
    });
  });

  it('can’t be judged without the hub’s', async () => {
    for (const hubAnswer of [failing(new Error('away')), async () => ({ status: 200, skewMs: undefined })]) {
      expect(await check('clock-skew', { hubAnswer })).toMatchObject({ result: 'skip' });
    }
  });
});

describe('WebSockets', () => {
  const config = { ...CONFIG, transport: 'websocket' as const };

  it('pass when the hub’s first message arrives', async () => {
    expect(await check('websocket')).toMatchObject({ result: 'ok' });
  });

  it.each([
    [{ httpStatus: 403 }, 'no upgrade: HTTP 403'],
    [{ cause: new HttpError('http_reset', 'GET') }, 'no upgrade: GET: the connection was cut'],
    [{ opened: true, reason: 'going away' }, 'closed before the hub’s first message (going away)'],
  ])('are blocked when a link ends with %j', async (end, why) => {
    const webSocket = closedWith(end);
    expect(await check('websocket', { webSocket })).toMatchObject({
      result: 'warn',
      why: expect.stringContaining(why),
    });
    expect(await check('websocket', { webSocket, config })).toMatchObject({ result: 'fail' });
  });

  it('are not tried where long-poll is set', async () => {
    expect(await check('websocket', { config: { ...CONFIG, transport: 'long-poll' } })).toMatchObject({
      result: 'skip',
    });
  });
});

describe('the NAT', () => {
  it('is told by what was measured last', async () => {
    expect(await check('nat-idle')).toEqual(
      ok('a connection survived 240 s of silence (measured 5 d ago); pings follow it'),
    );
    const measured = (natIdle: typeof IDENTITY.natIdle) =>
      check('nat-idle', { identity: { ...IDENTITY, natIdle } });
    expect(await measured({ idleMs: 20_000, measuredAt: 0 })).toMatchObject({ result: 'warn' });
    expect(await measured(undefined)).toMatchObject({ result: 'skip' });
  });
});

describe('the chainweb node', () => {
  it('that is down comes with the way to start or to name it', async () => {
    expect(await check('chainweb-service')).toMatchObject({
      result: 'fail',
      fix: expect.stringContaining('--chainweb-url'),
    });
    expect(await check('chainweb-p2p')).toMatchObject({
      result: 'fail',
      fix: expect.stringContaining('--chainweb-p2p-url'),
    });
  });
});

describe('the identity', () => {
  it('is named, or why it can’t be', async () => {
    expect(await check('identity')).toEqual(ok('node-1 (abababababababab…) of ada@example.org in eu'));
    expect(await check('identity', { identity: undefined })).toMatchObject({ result: 'skip' });
    const identityFault = { code: 'record_damaged', message: 'it is damaged', retry: false };
    expect(await check('identity', { identity: undefined, identityFault })).toMatchObject({
      result: 'fail',
      why: 'it is damaged',
    });
  });
});

describe('the data directory', () => {
  const stat = (change: object) => {
    const disk = new MemoryDisk();
    disk.stat = async () => ({
      kind: 'directory',
      bytes: 0,
      mode: 0o700,
      uid: 0,
      modifiedMs: 0,
      device: 1,
      ...change,
    });
    return disk;
  };

  it.each([
    [{}, 'ok'],
    [{ mode: 0o755 }, 'ok'],
    [{ mode: 0o777 }, 'fail'],
    [{ mode: 0o770 }, 'fail'],
    [{ uid: 1000 }, 'fail'],
    [{ kind: 'file' }, 'fail'],
  ])('with %j: %s', async (change, result) => {
    expect((await check('data-dir', { disk: stat(change) })).result).toBe(result);
  });

  it('that does not exist yet is no fault', async () => {
    expect(await check('data-dir')).toMatchObject({ result: 'skip' });
  });

  it('F16 that is full can’t be written', async () => {
    const disk = new MemoryDisk({ capacityBytes: 10 });
    await disk.writeAtomic('/data/state', '12345678');
    expect(await check('data-dir', { disk })).toMatchObject({
      result: 'fail',
      why: expect.stringContaining('no space'),
    });
    expect(await disk.list('/data')).toEqual(['state']);
  });

  it('keeps nothing of the trial', async () => {
    const disk = new MemoryDisk();
    await disk.writeAtomic('/data/state', 'x');
    expect(await check('data-dir', { disk })).toMatchObject({ result: 'ok' });
    expect(await disk.list('/data')).toEqual(['state']);
  });
});

describe('key files', () => {
  it('are for their owner alone', async () => {
    const disk = new MemoryDisk();
    await disk.writeAtomic('/data/identity', 'k');
    expect(await check('key-permissions', { disk })).toEqual(ok('1 files are for their owner alone'));
    await disk.writeAtomic('/data/session', 's', 0o640);
    expect(await check('key-permissions', { disk })).toMatchObject({
      result: 'fail',
      why: 'others can read: /data/session (0640, user 0)',
      fix: expect.stringMatching(/^chmod 600 \/data\/session;.*rotate-key$/),
    });
    expect(await check('key-permissions', { disk, uid: 1000 })).toMatchObject({ result: 'fail' });
  });
});

describe('space', () => {
  it.each([
    [2e12, 1e6, 'ok'],
    [500e6, 1e6, 'warn'],
    [50e6, 1e6, 'fail'],
    [2e12, 5000, 'warn'],
    [2e12, 100, 'fail'],
  ])('of %d bytes and %d inodes: %s', async (freeBytes, freeInodes, result) => {
    const disk = new MemoryDisk();
    disk.space = async () => ({ totalBytes: 4e12, freeBytes, totalInodes: 1e6, freeInodes });
    expect((await check('disk-space', { disk })).result).toBe(result);
  });

  it('on a file system without a fixed number of inodes is judged by bytes', async () => {
    const disk = new MemoryDisk();
    disk.space = async () => ({ totalBytes: 4e12, freeBytes: 2e12, totalInodes: 0, freeInodes: 0 });
    expect(await check('disk-space', { disk })).toMatchObject({ result: 'ok' });
  });

  it('that was promised must be there, and a twentieth more', async () => {
    const disk = new MemoryDisk({ capacityBytes: 105e9 });
    const promise = (committedGb: number) =>
      check('commitment', { disk, config: { ...CONFIG, committedGb } });
    expect((await promise(0)).result).toBe('skip');
    expect((await promise(100)).result).toBe('ok');
    expect(await promise(101)).toMatchObject({
      result: 'fail',
      why: expect.stringContaining('106.0 GB are needed'),
    });
  });

  it('is summed over the nodes of this host that share the drive', async () => {
    const disk = new MemoryDisk({ capacityBytes: 105e9 });
    const other = { dataDir: '/data', instance: 'node-2', committedPath: '/srv/two', committedGb: 40 };
    await publishCommitment(disk, other);
    const promise = (committedGb: number) =>
      check('commitment', { disk, config: { ...CONFIG, committedGb } });
    // It has no identity: nobody promises that any more.
    expect((await promise(99)).result).toBe('ok');
    await disk.writeAtomic('/data/identities/node-2/identity', 'x');
    expect((await promise(59)).result).toBe('ok');
    expect(await promise(61)).toMatchObject({
      result: 'fail',
      why: expect.stringContaining('promised 61 GB and the 40 GB of this host’s other nodes'),
    });
  });
});

describe('the local policy', () => {
  const withPolicy = async (text: string, change: object = {}) => {
    const disk = new MemoryDisk();
    await disk.writeAtomic(CONFIG.policyFile, text, 0o644);
    const stat = await disk.stat(CONFIG.policyFile);
    disk.stat = async () => ({ ...stat!, ...change });
    return check('policy', { disk });
  };

  it('need not be there, can be read, and is root’s alone to write', async () => {
    expect(await check('policy')).toMatchObject({
      result: 'ok',
      why: expect.stringContaining('nothing is denied'),
    });
    expect(await withPolicy('deny code\n')).toEqual(ok('0 allow, 1 deny and 0 admin lines'));
    expect(await withPolicy('deny all\n')).toMatchObject({
      result: 'fail',
      why: expect.stringContaining('line 1'),
    });
    for (const change of [{ uid: 990 }, { mode: 0o664 }])
      expect(await withPolicy('', change)).toMatchObject({
        result: 'fail',
        fix: expect.stringContaining('chown'),
      });
  });
});

describe('the limit of open files', () => {
  it.each([
    ['1048576', 'ok'],
    ['unlimited', 'ok'],
    ['1023', 'warn'],
    ['64', 'fail'],
  ])('%s: %s', async (soft, result) => {
    const limits = `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft}                 1048576              files\n`;
    const { proc } = makeProc({ 'self/limits': limits });
    expect((await check('open-files', { proc })).result).toBe(result);
  });

  it('of this process is read', async () => {
    expect((await check('open-files')).result).not.toBe('skip');
  });
});

describe('an examination', () => {
  const findingOf = (id: string, finding: Finding): Check => ({ id, title: id, run: async () => finding });
  const good = findingOf('good', ok('fine'));
  const bad = findingOf('bad', warn('hm', 'do'));

  it('is as bad as the worst of its checks', async () => {
    const result = async (...checks: Check[]) => (await examine(makePatient(), checks, never)).result;
    const thrower: Check = { id: 't', title: 't', run: failing(new Error('boom')) };
    expect(await result(good)).toBe('ok');
    expect(await result(good, bad)).toBe('warn');
    expect(await result(good, bad, thrower)).toBe('fail');
  });

  it('F29 ends at the time-out of a check that hangs, with what the others found', async () => {
    const clock = new VirtualClock();
    const hanging: Check = { id: 'hanging', title: 'h', run: () => new Promise(() => undefined) };
    const pending = examine(makePatient({ clock }), [hanging, good], never);
    await clock.advance(15_000);
    expect(await pending).toMatchObject({
      result: 'fail',
      checks: [
        {
          id: 'hanging',
          result: 'fail',
          why: "the check 'hanging' did not end within 15000 ms",
          fix: expect.any(String),
        },
        { id: 'good', result: 'ok' },
      ],
    });
  });
});
