import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commitmentCollector } from '#collectors/commitment.ts';
import { hostCollector } from '#collectors/host.ts';
import { readHostFacts } from '#collectors/host-facts.ts';
import { makeProc } from '#collectors/proc.fixture.ts';
import { openProc } from '#collectors/proc.ts';
import { MemoryDisk } from '#memory-disk.ts';
import { VirtualClock } from '#virtual-clock.ts';

const signal = new AbortController().signal;

const MACHINE = {
  loadavg: '0.50 1.25 2.00 2/345 6789\n',
  meminfo:
    'MemTotal:       16000000 kB\nMemFree:  1 kB\nMemAvailable:   12000000 kB\nSwapTotal: 2000000 kB\nSwapFree: 1500000 kB\n',
  'net/dev': [
    'Inter-|   Receive                                                |  Transmit',
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
    '    lo: 999999 1 0 0 0 0 0 0 999999 1 0 0 0 0 0 0',
    '  eth0: 1000 1 0 0 0 0 0 0 2000 1 0 0 0 0 0 0',
    'enp3s0:500 1 0 0 0 0 0 0 700 1 0 0 0 0 0 0',
    'veth12: 888888 1 0 0 0 0 0 0 888888 1 0 0 0 0 0 0',
    'docker0: 77777 1 0 0 0 0 0 0 77777 1 0 0 0 0 0 0',
    '',
  ].join('\n'),
  diskstats: [
    '   8       0 sda 10 0 100 0 20 0 200 0 0 0 0',
    '   8       1 sda1 10 0 100 0 20 0 200 0 0 0 0',
    ' 259       0 nvme0n1 10 0 1000 0 20 0 2000 0 0 0 0',
    ' 259       1 nvme0n1p1 10 0 1000 0 20 0 2000 0 0 0 0',
    ' 253       0 dm-0 10 0 100 0 20 0 200 0 0 0 0',
    '   7       0 loop0 10 0 100 0 20 0 200 0 0 0 0',
    '',
  ].join('\n'),
};

describe('the host', () => {
  it('is described by its counters', async () => {
    const { proc } = makeProc(MACHINE);
    const collector = hostCollector({ clock: new VirtualClock(), proc });
    expect(await collector.collect(signal)).toEqual({
      cpuCount: 2,
      cpuPermille: undefined,
      load: [0.5, 1.25, 2],
      memoryTotalBytes: 16_384_000_000,
      memoryAvailableBytes: 12_288_000_000,
      swapTotalBytes: 2_048_000_000,
      swapFreeBytes: 1_536_000_000,
      rxBytes: 1500,
      txBytes: 2700,
      rxBytesPerSecond: undefined,
      txBytesPerSecond: undefined,
      diskReadBytes: 1100 * 512,
      diskWrittenBytes: 2200 * 512,
      uptimeMs: 10_000_000,
    });
  });

  it('has its rates measured from run to run', async () => {
    const machine = makeProc(MACHINE);
    const clock = new VirtualClock();
    const collector = hostCollector({ clock, proc: machine.proc });
    await collector.collect(signal);
    await clock.advance(10_000);
    machine.write('stat', 'cpu  300 0 150 1450 100 0 0 0 0 0\ncpu0 1 0 0 0 0 0 0 0 0 0\n');
    machine.write('net/dev', '  eth0: 11000 1 0 0 0 0 0 0 22700 1 0 0 0 0 0 0\n');
    expect(await collector.collect(signal)).toMatchObject({
      // 300 of 1,000 ticks: neither idle nor waiting for a disk.
      cpuPermille: 300,
      rxBytesPerSecond: 950,
      txBytesPerSecond: 2000,
    });
  });

  it('shows no negative rate when a counter starts anew', async () => {
    const machine = makeProc(MACHINE);
    const clock = new VirtualClock();
    const collector = hostCollector({ clock, proc: machine.proc });
    await collector.collect(signal);
    await clock.advance(10_000);
    machine.write('net/dev', '  eth0: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n');
    expect(await collector.collect(signal)).toMatchObject({ rxBytesPerSecond: 0, txBytesPerSecond: 0 });
  });

  it('of an unreadable /proc is all zeros, not an error', async () => {
    const proc = openProc('/nonexistent');
    const collector = hostCollector({ clock: new VirtualClock(), proc });
    expect(await collector.collect(signal)).toMatchObject({
      cpuCount: 0,
      memoryTotalBytes: 0,
      load: [0, 0, 0],
    });
  });

  it('is read on this very machine in under a millisecond', async () => {
    const collector = hostCollector({ clock: new VirtualClock(), proc: openProc() });
    const sample = await collector.collect(signal);
    expect(sample.cpuCount).toBeGreaterThan(0);
    expect(sample.memoryAvailableBytes).toBeLessThan(sample.memoryTotalBytes);
    const turns = 200;
    const before = process.cpuUsage();
    for (let turn = 0; turn < turns; turn += 1) await collector.collect(signal);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / turns / 1000).toBeLessThan(1);
  });
});

describe('the facts of a host', () => {
  it('are read from /proc and os-release', () => {
    const { proc } = makeProc({
      'sys/kernel/hostname': 'node-7\n',
      'sys/kernel/osrelease': '6.1.0-28-amd64\n',
      'sys/kernel/random/boot_id': '0b7a2b1e-0000-4000-8000-000000000000\n',
      cpuinfo: 'processor\t: 0\nmodel name\t: AMD EPYC 7443P\n',
    });
    const root = mkdtempSync(join(tmpdir(), 'stoa-etc-'));
    mkdirSync(join(root, 'etc'));
    for (const line of ['PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"', 'PRETTY_NAME=Void']) {
      writeFileSync(join(root, 'etc/os-release'), `ID=x\n${line}\nVERSION_ID="12"\n`);
      expect(readHostFacts(proc, root)).toEqual({
        hostname: 'node-7',
        distribution: line.includes('Void') ? 'Void' : 'Debian GNU/Linux 12 (bookworm)',
        kernel: '6.1.0-28-amd64',
        architecture: process.arch,
        cpuModel: 'AMD EPYC 7443P',
        bootId: '0b7a2b1e-0000-4000-8000-000000000000',
      });
    }
    rmSync(root, { recursive: true });
  });
});

describe('the commitment', () => {
  it('is met with a twentieth more than what was committed', async () => {
    const disk = new MemoryDisk({ capacityBytes: 105e9 });
    const met = async (committedGb: number) => {
      const collector = commitmentCollector({
        disk,
        config: { dataDir: '/data', instance: 'default', committedPath: '/data', committedGb },
      });
      return collector.collect(signal);
    };
    expect(await met(100)).toMatchObject({
      committedBytes: 100e9,
      driveCommittedBytes: 100e9,
      requiredBytes: 105e9,
      freeBytes: 105e9,
      met: true,
    });
    expect(await met(100.1)).toMatchObject({ met: false });
    expect(await met(0)).toMatchObject({ requiredBytes: 0, met: true });
  });
});
