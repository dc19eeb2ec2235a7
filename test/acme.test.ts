/** TLS by ACME against Let's Encrypt's test CA: the hub's own port proves its name, and nobody else notices. */
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect, getCACertificates, type PeerCertificate, setDefaultCACertificates } from 'node:tls';
import { type Clock, systemClock } from '@stoa/hub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestHub, type TestHub, type TestHubOptions } from './kit/hub.ts';
import { freePort, type Pebble, startPebble } from './kit/pebble.ts';
import { createRegion, type TestRegion } from './kit/region.ts';
import { temporaryDirectory } from './kit/temporary-directory.ts';
import { random } from './kit/wire-agent.ts';

const NAME = 'hub.stoa.example';
const DAY = 24 * 3_600_000;

describe('a certificate by ACME', { timeout: 60_000 }, () => {
  const stack = new AsyncDisposableStack();
  /** How far the hub's clock is ahead of the machine's. */
  let ahead = 0;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + ahead };
  let port: number;
  let pebble: Pebble;
  let region: TestRegion;
  let dataDir: string;
  let world: TestHub;
  let root: string;

  const open = (over: TestHubOptions = {}) =>
    openTestHub({
      ...{ dataDir, region, clock },
      env: { PORT: String(port), PUBLIC_URL: `https://${NAME}:${port}`, ACME_DIRECTORY: pebble.directory },
      ...over,
    });

  beforeAll(async () => {
    port = await freePort();
    pebble = stack.use(await startPebble({ tlsPort: port }));
    // As NODE_EXTRA_CA_CERTS does for a hub by itself.
    setDefaultCACertificates([...getCACertificates('default'), pebble.apiCertificate]);
    dataDir = stack.use(await temporaryDirectory()).path;
    region = stack.use(await createRegion({ clock, random }));
    world = await open();
    root = await pebble.root();
  }, 60_000);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await stack.disposeAsync();
  });

  /** @throws where it is not trusted for the name. */
  async function shown(): Promise<PeerCertificate> {
    const socket = connect({ port, host: '127.0.0.1', servername: NAME, ca: root });
    await once(socket, 'secureConnect');
    const certificate = socket.getPeerCertificate();
    socket.destroy();
    return certificate;
  }

  async function statusOf(path: string): Promise<number | undefined> {
    const asked = request({ port, host: '127.0.0.1', servername: NAME, ca: root, path, agent: false }).end();
    const [response] = await once(asked, 'response');
    response.resume();
    return (response as { statusCode?: number }).statusCode;
  }

  const tick = () => world.hub.tickers.run('acme-certificate');

  it('comes as the hub starts, by its one port, and lies where only the hub reads it', async () => {
    await tick();
    expect((await shown()).subjectaltname).toBe(`DNS:${NAME}`);
    expect(await statusOf('/healthz')).toBe(200);
    for (const file of ['account.key', `${NAME}.pem`])
      expect(((await stat(join(dataDir, 'acme', file))).mode & 0o777).toString(8)).toBe('600');
  });

  it('is left alone while it is good for more than 30 days, then renewed while everybody gets in', async () => {
    const first = await shown();
    const end = Date.parse(first.valid_to);
    ahead = end - 31 * DAY - systemClock.now();
    await tick();
    expect((await shown()).serialNumber).toBe(first.serialNumber);
    ahead = end - 29 * DAY - systemClock.now();
    const renewed = tick();
    let answers = 0;
    const browsing = (async () => {
      for (let i = 0; i < 20; i += 1, answers += 1) expect(await statusOf('/healthz')).toBe(200);
    })();
    await Promise.all([renewed, browsing]);
    expect(answers).toBe(20);
    expect((await shown()).serialNumber).not.toBe(first.serialNumber);
  });

  it('stays in use while the CA cannot be reached, admins hear of it, and a restart begins with it', async () => {
    const held = await shown();
    await pebble[Symbol.asyncDispose]();
    ahead = Date.parse(held.valid_to) - 14 * DAY - systemClock.now();
    await tick();
    expect((await shown()).serialNumber).toBe(held.serialNumber);
    expect(world.log.some((line) => line.includes('acme_failed'))).toBe(true);
    await world.hub.tickers.run('alert-evaluator');
    const told = await world.database
      .sql`select phase from alert_states where rule = 'certificate' and subject = ${`TLS certificate of ${NAME}`}`;
    expect(told).toEqual([{ phase: 'firing' }]);
    await world[Symbol.asyncDispose]();
    ahead = 0;
    world = await open();
    expect((await shown()).serialNumber).toBe(held.serialNumber);
  });
});
