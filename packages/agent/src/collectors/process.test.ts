import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeProc, type ProcFixture } from '#collectors/proc.fixture.ts';
import { openProc, parseStat } from '#collectors/proc.ts';
import { optionOf, type ProcessDeps, processCollector } from '#collectors/process.ts';
import { VirtualClock } from '#virtual-clock.ts';

const signal = new AbortController().signal;
const NODE = ['chainweb-node', '--chainweb-version=stoa', '--service-port', '1848', '--p2p-port=1789'];

function collectorOver({ proc }: Pick<ProcFixture, 'proc'>, deps: Partial<ProcessDeps> = {}) {
  const clock = new VirtualClock();
  const inspectContainer = async (): Promise<undefined> => undefined;
  const ports = { servicePort: '1848', p2pPort: '1789' };
  return { clock, collector: processCollector({ clock, proc, inspectContainer, ...ports, ...deps }) };
}

describe('the chainweb process', () => {
  it('is found by its name, whatever else runs', async () => {
    const machine = makeProc();
    machine.addProcess(1, { comm: 'systemd' });
    machine.addProcess(70, { comm: 'bash', argv: ['bash', '-c', 'chainweb-node --service-port 1848'] });
    machine.addProcess(71, { comm: 'docker', argv: ['docker', 'run', 'stoa/chainweb-node'] });
    machine.addProcess(72, { comm: 'screen', argv: ['SCREEN', '-S', 'node', 'chainweb-node'] });
    machine.addProcess(80, { comm: 'chainweb-node', argv: NODE, startTicks: 250_000, rssKb: 4_000_000 });
    machine.write('self/comm', 'node\n');
    const { collector } = collectorOver(machine);
    expect(await collector.collect(signal)).toEqual({
      node: {
        pid: 80,
        argv: NODE,
        supervision: { kind: 'unknown', name: '' },
        startedAt: 1764000000_000 + 2_500_000,
        uptimeMs: 10_000_000 - 2_500_000,
        rssBytes: 4_096_000_000,
        cpuPermille: undefined,
      },
      count: 1,
      unreadable: 0,
    });
  });

  it('is none where none runs, or only its corpse does', async () => {
    const machine = makeProc();
    machine.addProcess(80, { comm: 'chainweb-node', argv: [], state: 'Z' });
    expect(await collectorOver(machine).collector.collect(signal)).toEqual({
      node: undefined,
      count: 0,
      unreadable: 0,
    });
  });

  it('is the one with the configured ports on a host with several', async () => {
    const machine = makeProc();
    const argv = (service: string, p2p: string) => [
      'chainweb-node',
      `--service-port=${service}`,
      '--p2p-port',
      p2p,
    ];
    machine.addProcess(80, { comm: 'chainweb-node', argv: argv('1848', '1789'), startTicks: 1000 });
    machine.addProcess(90, { comm: 'chainweb-node', argv: argv('1948', '1889'), startTicks: 2000 });
    const pidFor = async (ports: Partial<ProcessDeps>) => {
      const { node, count } = await collectorOver(machine, ports).collector.collect(signal);
      return [node?.pid, count];
    };
    expect(await pidFor({ servicePort: '1948' })).toEqual([90, 2]);
    expect(await pidFor({ servicePort: '1', p2pPort: '1889' })).toEqual([90, 2]);
    expect(await pidFor({ servicePort: '1', p2pPort: '2' })).toEqual([80, 2]);
  });

  it('shows no secret of its arguments', async () => {
    const machine = makeProc();
    machine.addProcess(80, { comm: 'chainweb-node', argv: [...NODE, '--api-key', 'hunter2'] });
    const { node } = await collectorOver(machine).collector.collect(signal);
    expect(node?.argv).toEqual([...NODE, '--api-key', '[redacted]']);
  });

  it('has its share of a core measured from run to run, and anew after a restart', async () => {
    const machine = makeProc();
    const start = { comm: 'chainweb-node', argv: NODE };
    const { clock, collector } = collectorOver(machine);
    const cpu = async () => (await collector.collect(signal)).node?.cpuPermille;
    machine.addProcess(80, { ...start, cpuTicks: 1000 });
    expect(await cpu()).toBeUndefined();
    await clock.advance(10_000);
    machine.addProcess(80, { ...start, cpuTicks: 2500 });
    expect(await cpu()).toBe(1500);
    await clock.advance(10_000);
    machine.addProcess(80, { ...start, cpuTicks: 5, startTicks: 999_000 });
    expect(await cpu()).toBeUndefined();
  });

  it('is looked for among all only when it has changed, and every five minutes', async () => {
    const machine = makeProc();
    machine.addProcess(80, { comm: 'chainweb-node', argv: NODE });
    let scans = 0;
    const pids = (): number[] => {
      scans += 1;
      return machine.proc.pids();
    };
    const { clock, collector } = collectorOver({ proc: { ...machine.proc, pids } });
    const look = async () => (await collector.collect(signal)).node?.pid;
    expect([await look(), await look(), scans]).toEqual([80, 80, 1]);
    machine.remove('80');
    machine.addProcess(90, { comm: 'chainweb-node', argv: NODE, startTicks: 200_000 });
    expect([await look(), await look(), scans]).toEqual([90, 90, 2]);
    await clock.advance(300_000);
    expect([await look(), scans]).toEqual([90, 3]);
    machine.remove('90');
    expect([await look(), await look(), scans]).toEqual([undefined, undefined, 5]);
  });

  it('is looked for among the new processes, each twice, while none runs', async () => {
    const machine = makeProc();
    for (const pid of [1, 2, 3]) machine.addProcess(pid, { comm: 'sh' });
    const read = new Set<string>();
    const proc = {
      ...machine.proc,
      read(path: string) {
        if (path.endsWith('/comm')) read.add(path);
        return machine.proc.read(path);
      },
    };
    const { clock, collector } = collectorOver({ proc });
    const look = async () => {
      read.clear();
      const { node } = await collector.collect(signal);
      return [node?.pid, read.size];
    };
    expect([await look(), await look(), await look()]).toEqual([
      [undefined, 3],
      [undefined, 3],
      [undefined, 0],
    ]);
    machine.addProcess(80, { comm: 'systemd' });
    expect(await look()).toEqual([undefined, 1]);
    machine.addProcess(80, { comm: 'chainweb-node', argv: NODE });
    expect(await look()).toEqual([80, 1]);
    machine.remove('80');
    machine.addProcess(2, { comm: 'chainweb-node', argv: NODE });
    expect(await look()).toEqual([undefined, 1]);
    await clock.advance(300_000);
    expect(await look()).toEqual([2, 3]);
  });

  it('may end while it is looked at', async () => {
    for (const lost of ['stat', 'cmdline', 'status', 'cgroup']) {
      const machine = makeProc();
      machine.addProcess(80, { comm: 'chainweb-node', argv: NODE });
      machine.addProcess(81, { comm: 'chainweb-node', argv: ['chainweb-node', '--service-port=9'] });
      machine.remove(`80/${lost}`);
      const { node } = await collectorOver(machine).collector.collect(signal);
      expect([80, 81]).toContain(node?.pid);
      if (lost === 'stat' || lost === 'cmdline') expect(node?.pid).toBe(81);
    }
  });

  it('is counted where its arguments may not be read', async () => {
    const machine = makeProc();
    machine.addProcess(80, { comm: 'chainweb-node', argv: NODE });
    const guarded = { proc: { ...machine.proc, readSlow: async () => undefined } };
    expect(await collectorOver(guarded).collector.collect(signal)).toEqual({
      node: undefined,
      count: 1,
      unreadable: 1,
    });
  });

  it('F29 stuck in the kernel holds up its own reading alone, and lets go at the signal', async () => {
    const machine = makeProc();
    machine.addProcess(80, { comm: 'chainweb-node', argv: NODE });
    const stuck = new AbortController();
    const proc = {
      ...machine.proc,
      readSlow: (_path: string, given: AbortSignal) =>
        new Promise<string>((_, reject) => given.addEventListener('abort', () => reject(given.reason))),
    };
    const pending = collectorOver({ proc }).collector.collect(stuck.signal);
    stuck.abort(new Error('cut'));
    await expect(pending).rejects.toThrow('cut');
  });

  it('is seen on this very machine', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'stoa-process-'));
    const program = join(directory, 'chainweb-node');
    symlinkSync('/bin/cat', program);
    // Reads its standard input, which never ends, before it would come to its last argument.
    const child = spawn(program, ['--', '-', '--service-port=31848']);
    try {
      await once(child, 'spawn');
      const { collector } = collectorOver({ proc: openProc() }, { servicePort: '31848' });
      const { node, count } = await collector.collect(signal);
      expect(count).toBeGreaterThanOrEqual(1);
      expect(node?.pid).toBe(child.pid);
      expect(node?.argv.at(-1)).toBe('--service-port=31848');
      expect(node?.rssBytes).toBeGreaterThan(100e3);
      expect(Math.abs(Date.now() - (node?.startedAt ?? 0))).toBeLessThan(60_000);
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
      rmSync(directory, { recursive: true });
    }
  });
});

describe('an option of a process', () => {
  it.each([
    [['--p2p-port', '1'], '1'],
    [['--p2p-port=2'], '2'],
    [['--p2p-port=2', '--p2p-port', '3'], '3'],
    [['--p2p-port'], undefined],
    [['--p2p-port-other=4'], undefined],
    [['--p2p-port='], ''],
  ])('of %j is %j', (argv, value) => {
    expect(optionOf(argv, '--p2p-port')).toBe(value);
  });
});

describe('the stat line of a process', () => {
  it('is read past a name with spaces and parentheses', () => {
    const line = '7 (a) S 1 (b c) R 42 7 7 0 -1 4194304 1 0 0 0 10 5 0 0 20 0 9 0 300 1 1 1';
    expect(parseStat(line)).toEqual({ parent: 42, state: 'R', cpuMs: 150, startedMs: 3000 });
  });

  it('is nothing when it is cut', () => {
    expect(parseStat('')).toBeUndefined();
    expect(parseStat('7 (a) S 1 2')).toBeUndefined();
  });
});
