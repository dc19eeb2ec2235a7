import { decodeCut, decodeHeaderObject, formatCheckpoint, parseCheckpoint } from '@stoa/protocol/chainweb';
import { afterEach, expect, it } from 'vitest';
import { makeCertificate } from '../kit/certificate.ts';
import { ManualClock, type Simulator, type SimulatorOptions, serveNode, startSimulator } from './index.ts';

const open: { close(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

async function start(options: Partial<SimulatorOptions> = {}): Promise<Simulator & { clock: ManualClock }> {
  const clock = new ManualClock();
  const simulator = await startSimulator({ clock, history: 20, ...options });
  open.push(simulator);
  return { ...simulator, clock };
}

it('serves both ports on sockets', async () => {
  const { serviceUrl, p2pUrl, network, checkpoint } = await start();
  const cut = await fetch(`${serviceUrl}/chainweb/0.0/simulated/cut`);
  expect(decodeCut(await cut.text()).tips).toEqual(network.nodes[0]?.cut().tips);
  const config = await fetch(`${p2pUrl}/config`);
  expect(config.headers.get('x-peer-addr')).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual(checkpoint);
});

it('mines as its clock goes, without timers', async () => {
  const { serviceUrl, clock } = await start();
  const height = async (): Promise<number> =>
    decodeCut(await (await fetch(`${serviceUrl}/chainweb/0.0/simulated/cut`)).text()).height;
  const before = await height();
  expect(await height()).toBe(before);
  clock.advance(10 * 60_000);
  expect(await height()).toBeGreaterThan(before + 100);
});

it('streams headers only when told to', async () => {
  const silent = await start();
  expect((await fetch(`${silent.serviceUrl}/chainweb/0.0/simulated/header/updates`)).status).toBe(404);
  const { serviceUrl, clock, network } = await start({ headerStream: true });
  const deadline = new AbortController();
  const response = await fetch(`${serviceUrl}/chainweb/0.0/simulated/header/updates`, {
    signal: deadline.signal,
  });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  clock.advance(60_000);
  const { value } = await response.body!.getReader().read();
  const [event = ''] = Buffer.from(value!).toString().split('\n\n');
  const [name, data = ''] = event.split('\n');
  expect(name).toBe('event:BlockHeader');
  const object = /^data:\{"header":(\{.*?\}.*?\}),"txCount":0,"powHash":"0[0-9a-f]{63}"/.exec(data)?.[1];
  const header = decodeHeaderObject(object!, network.network);
  expect(network.header(header.hash)).toEqual(header);
  deadline.abort();
});

it('resets and hangs as faults say', async () => {
  const { serviceUrl, network } = await start();
  const [node] = network.nodes;
  node!.fault = { kind: 'reset' };
  await expect(fetch(`${serviceUrl}/info`)).rejects.toThrow('fetch failed');
  node!.fault = undefined;
  expect((await fetch(`${serviceUrl}/info`)).status).toBe(200);
});

it('serves the P2P port over TLS, given a certificate', async () => {
  const { network } = await start();
  const server = await serveNode(network.nodes[0]!, { tls: makeCertificate() });
  open.push(server);
  expect(server.p2pUrl).toMatch(/^https:/);
  await expect(fetch(`${server.p2pUrl}/config`)).rejects.toMatchObject({
    cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  });
});
