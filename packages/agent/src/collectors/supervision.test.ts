import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { askEngine } from '#collectors/container-engine.ts';
import { makeProc } from '#collectors/proc.fixture.ts';
import { type ContainerFacts, findSupervision } from '#collectors/supervision.ts';
import { VirtualClock } from '#virtual-clock.ts';

const signal = new AbortController().signal;
const ID = `${'c0ffee'.repeat(10)}1234`;

function supervisionOf(cgroup: string, facts?: ContainerFacts) {
  const machine = makeProc();
  machine.addProcess(80, { comm: 'chainweb-node', cgroup });
  return findSupervision(machine.proc, 80, async (id) => (id === ID ? facts : undefined), signal);
}

describe('what supervises the node', () => {
  it.each([
    ['cgroup v2, systemd driver', `0::/system.slice/docker-${ID}.scope\n`],
    ['cgroup v2, cgroupfs driver', `0::/docker/${ID}\n`],
    [
      'cgroup v1',
      `12:pids:/docker/${ID}\n11:cpu,cpuacct:/docker/${ID}\n1:name=systemd:/docker/${ID}\n0::/\n`,
    ],
    ['a group inside of the container', `0::/system.slice/docker-${ID}.scope/payload\n`],
    ['rootless Docker', `0::/user.slice/user-1000.slice/user@1000.service/docker-${ID}.scope\n`],
    ['podman', `0::/machine.slice/libpod-${ID}.scope/container\n`],
  ])('is Docker: %s', async (_name, cgroup) => {
    expect(await supervisionOf(cgroup)).toEqual({ kind: 'docker', name: ID.slice(0, 12), containerId: ID });
    const facts = { name: 'stoa-node', labels: {} };
    expect(await supervisionOf(cgroup, facts)).toMatchObject({ kind: 'docker', name: 'stoa-node' });
  });

  it('is Compose when the engine says so', async () => {
    const labels = { 'com.docker.compose.project': 'stoa', 'com.docker.compose.service': 'node' };
    const cgroup = `0::/system.slice/docker-${ID}.scope\n`;
    expect(await supervisionOf(cgroup, { name: 'stoa-node-1', labels })).toEqual({
      kind: 'compose',
      name: 'stoa/node',
      containerId: ID,
    });
  });

  it.each([
    ['0::/system.slice/chainweb-node.service\n', 'chainweb-node.service'],
    ['0::/system.slice/system-stoa.slice/stoa@2.service\n', 'stoa@2.service'],
    ['0::/system.slice/chainweb.service/worker\n', 'chainweb.service'],
    ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/chainweb.service\n', 'chainweb.service'],
    [
      '5:memory:/system.slice/chainweb.service\n1:name=systemd:/system.slice/chainweb.service\n',
      'chainweb.service',
    ],
  ])('is systemd: %j', async (cgroup, name) => {
    expect(await supervisionOf(cgroup)).toEqual({ kind: 'systemd', name });
  });

  it.each([
    ['0::/user.slice/user-0.slice/session-3.scope\n'],
    ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/term.scope\n'],
    ['0::/\n'],
    [''],
    ['nonsense'],
  ])('is unknown in a session of a user: %j', async (cgroup) => {
    expect(await supervisionOf(cgroup)).toEqual({ kind: 'unknown', name: '' });
  });

  it('is screen when that is among its ancestors', async () => {
    const machine = makeProc();
    const session = '0::/user.slice/user-0.slice/session-3.scope\n';
    machine.addProcess(50, { comm: 'screen', argv: ['SCREEN', '-dmS', 'stoa', './run.sh'], cgroup: session });
    machine.addProcess(60, { comm: 'run.sh', parent: 50 });
    machine.addProcess(80, { comm: 'chainweb-node', parent: 60, cgroup: session });
    const find = () => findSupervision(machine.proc, 80, async () => undefined, signal);
    expect(await find()).toEqual({ kind: 'screen', name: 'stoa' });
    machine.addProcess(50, { comm: 'screen', argv: ['SCREEN'] });
    expect(await find()).toEqual({ kind: 'screen', name: '50' });
    machine.remove('60');
    expect(await find()).toEqual({ kind: 'unknown', name: '' });
  });

  it('is looked for no further than a ring of parents', async () => {
    const machine = makeProc();
    machine.addProcess(80, { comm: 'chainweb-node', parent: 81 });
    machine.addProcess(81, { comm: 'bash', parent: 80 });
    expect(await findSupervision(machine.proc, 80, async () => undefined, signal)).toMatchObject({
      kind: 'unknown',
    });
  });
});

describe('the container engine', () => {
  let close = (): void => undefined;
  afterEach(() => close());

  async function engine(answer: (url: string) => [number, string] | undefined) {
    const directory = mkdtempSync(join(tmpdir(), 'stoa-engine-'));
    const socketPath = join(directory, 'docker.sock');
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url ?? '');
      const [status, body] = answer(request.url ?? '') ?? [];
      if (status !== undefined) response.writeHead(status).end(body);
    });
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    close = () => {
      server.close();
      server.closeAllConnections();
      rmSync(directory, { recursive: true });
    };
    const clock = new VirtualClock();
    return { inspect: askEngine({ clock, socketPath }), asked, clock };
  }

  it('is asked once for a container’s name and labels', async () => {
    const body = JSON.stringify({ Name: '/stoa-node', Config: { Labels: { a: 'b' } } });
    const { inspect, asked } = await engine(() => [200, body]);
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await inspect(ID, signal)).toEqual({ name: 'stoa-node', labels: { a: 'b' } });
    }
    expect(asked).toEqual([`/containers/${ID}/json`]);
  });

  it.each([
    ['knows no such container', [404, '{"message":"No such container"}']],
    ['answers nonsense', [200, '<html>']],
    ['answers without end', [200, 'x'.repeat(2 ** 21)]],
  ] as const)('tells nothing when it %s', async (_name, answer) => {
    const { inspect } = await engine(() => [...answer]);
    expect(await inspect(ID, signal)).toBeUndefined();
  });

  it('tells nothing when it is not there, or hangs', async () => {
    const nowhere = askEngine({ clock: new VirtualClock(), socketPath: '/nonexistent/docker.sock' });
    expect(await nowhere(ID, signal)).toBeUndefined();
    const { inspect, clock } = await engine(() => undefined);
    const pending = inspect(ID, signal);
    await clock.advance(2000);
    expect(await pending).toBeUndefined();
  });
});
