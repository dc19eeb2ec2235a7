/**
 * The kinds of work on a host that a real systemd runs: its privileged unit is started by its socket, as install.sh sets
 * it up, and each step is a unit of its own. Only chainweb-node is a stand-in.
 */

import { createHash } from 'node:crypto';
import { copyFile, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDisk, type KindDeps, settle } from '@stoa/agent';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, startPebble } from '../kit/pebble.ts';
import type { SystemdHost } from '../kit/systemd-host.ts';
import { until } from '../kit/until.ts';
import { bareHost, bareNodeProgram, CHAIN, NODE_PROGRAM, tarball, UNIT } from '../kit/work-host.ts';
import { WorkingHost } from '../kit/working-host.ts';

describe.skipIf(process.getuid?.() !== 0)(
  'kinds of work on a host under systemd',
  { timeout: 180_000 },
  () => {
    let world: WorkingHost;
    let host: SystemdHost;
    let deps: KindDeps;
    const order: WorkingHost['order'] = (...args) => world.order(...args);
    const succeed: WorkingHost['succeed'] = (...args) => world.succeed(...args);
    const mainPid = () => world.mainPid();

    beforeAll(async () => {
      world = await WorkingHost.boot();
      ({ host, deps } = world);
    }, 120_000);
    afterAll(() => world[Symbol.asyncDispose]());

    it('stoachain-control stops, starts and restarts it', async () => {
      const first = await mainPid();
      await succeed('stoachain-control', { action: 'restart' });
      const second = await mainPid();
      expect(second).not.toBe(first);
      await succeed('stoachain-control', { action: 'stop' });
      expect(await mainPid()).toBe(0);
      await succeed('stoachain-control', { action: 'start' });
      expect(await mainPid()).toBeGreaterThan(0);
    });

    it('runs the unit without capability and network, started by its socket, its steps as units of their own', async () => {
      const shown = await host.run(
        'systemctl',
        'show',
        'stoa-agent-root.service',
        '--property=CapabilityBoundingSet,PrivateNetwork,ActiveState,MainPID',
      );
      expect(shown).toContain('CapabilityBoundingSet=\n');
      expect(shown).toContain('PrivateNetwork=yes');
      expect(shown).toContain('ActiveState=active');
      const pid = /MainPID=(\d+)/.exec(shown)?.[1];
      expect(await host.run('grep', 'CapEff', `/proc/${pid}/status`)).toMatch(/CapEff:\s+0+$/m);
      expect(await host.run('stat', '-c', '%U %a', '/run/stoa-agent-root.sock')).toBe('stoa 600\n');
    });

    it('system-probe and node-test report what is there', async () => {
      const probe = await succeed('system-probe');
      expect(probe).toMatchObject({ supervision: 'systemd', unit: UNIT });
      const test = await succeed('node-test');
      expect(test).toMatchObject({
        ok: true,
        failed: {},
        seen: { certificate: expect.stringContaining(', until 20') },
      });
    });

    it('stoachain-cert-rotate makes another certificate, keeps its owner and mode, and the old one beside it', async () => {
      const { before, after } = await succeed('stoachain-cert-rotate');
      expect(after).not.toBe(before);
      expect(await host.run('stat', '-c', '%U %a', `${CHAIN}/key.pem`)).toBe('stoachain 600\n');
      expect(
        await host.run('openssl', 'x509', '-in', `${CHAIN}/cert.pem`, '-noout', '-ext', 'subjectAltName'),
      ).toContain('DNS:node.example.org');
      expect(await host.run('ls', CHAIN)).toContain('cert.pem.before');
    });

    it('stoachain-cert-rotate puts the old one back where the node does not come up with the new', async () => {
      const before = await host.run('cat', `${CHAIN}/cert.pem`);
      await host.run('rm', `${CHAIN}/cert.pem.before`, `${CHAIN}/key.pem.before`);
      await writeFile(host.path('/run/refuse-new-certificate'), '');
      const { error, log } = await world.inVain(order('stoachain-cert-rotate'));
      await host.run('rm', '/run/refuse-new-certificate');
      expect(error, log.join('\n')).toMatchObject({ code: 'node_not_up' });
      expect(await host.run('cat', `${CHAIN}/cert.pem`)).toBe(before);
      await world.nodeServes();
    });

    it('backup-stoachain seals an archive that backup-restore puts back', async () => {
      await writeFile(host.path(`${CHAIN}/database/0/rocksDb/CURRENT`), 'worth keeping\n');
      const backup = await succeed('backup-stoachain');
      expect(await readdir(host.path(`${CHAIN}/backups`))).toEqual([]);
      const sealed = await readFile(String(backup['to']));
      expect(createHash('sha256').update(sealed).digest('hex')).toBe(backup['sha256']);
      expect(sealed.includes('worth keeping')).toBe(false);
      await writeFile(host.path(`${CHAIN}/database/0/rocksDb/CURRENT`), 'spoilt\n');
      await succeed('backup-restore', { sha256: String(backup['sha256']) });
      expect(await host.run('cat', `${CHAIN}/database/0/rocksDb/CURRENT`)).toBe('worth keeping\n');
      expect(await host.run('stat', '-c', '%U', `${CHAIN}/database/0/rocksDb/CURRENT`)).toBe('stoachain\n');
      expect((await readdir(host.path(CHAIN))).filter((name) => name.startsWith('database'))).toEqual([
        'database',
      ]);
    });

    it('seed-promote makes a seed of a backup, and of nothing that has another hash', async () => {
      await writeFile(host.path(`${CHAIN}/database/0/rocksDb/CURRENT`), 'as backed up\n');
      const { sha256, to, sealedTo } = await succeed('backup-stoachain');
      expect(sealedTo).toBe(Buffer.from(world.jobs.owner.publicKey).toString('hex'));
      await writeFile(host.path(`${CHAIN}/database/0/rocksDb/CURRENT`), 'since then\n');
      const promoted = await succeed('seed-promote', { sha256: String(sha256) });
      expect(promoted).toMatchObject({ from: sha256, file: `${CHAIN}/seeds/seed.tar.zst` });
      const seed = host.path(`${CHAIN}/seeds/seed.tar.zst`);
      expect(
        createHash('sha256')
          .update(await readFile(seed))
          .digest('hex'),
      ).toBe(promoted['sha256']);
      const inside = ['tar', '--zstd', '--extract', '--to-stdout', '--file', `${CHAIN}/seeds/seed.tar.zst`];
      expect(await host.run(inside[0]!, ...inside.slice(1), '0/rocksDb/CURRENT')).toBe('as backed up\n');
      const { url } = world.serve('/backup', await readFile(String(to)));
      const wrong = await order('seed-promote', { from: url, sha256: 'ab'.repeat(32) });
      expect(wrong.error).toMatchObject({ code: 'root_unproven_data' });
      expect(await readdir(host.path(`${CHAIN}/seeds`))).toEqual(['seed.tar.zst']);
      expect(
        createHash('sha256')
          .update(await readFile(seed))
          .digest('hex'),
      ).toBe(promoted['sha256']);
    });

    it('seed-refresh makes a seed that stoachain-reseed takes, and no other', async () => {
      await writeFile(host.path(`${CHAIN}/database/0/rocksDb/CURRENT`), 'the seed\n');
      const { sha256 } = await succeed('seed-refresh');
      const seed = await readFile(host.path(`${CHAIN}/seeds/seed.tar.zst`));
      const source = world.serve('/seed', seed);
      expect(source.sha256).toBe(sha256);
      await writeFile(host.path(`${CHAIN}/database/0/rocksDb/CURRENT`), 'behind\n');
      const wrong = await order('stoachain-reseed', { ...source, sha256: 'ab'.repeat(32) });
      expect(wrong.error).toMatchObject({ code: 'root_unproven_data' });
      expect(await host.run('cat', `${CHAIN}/database/0/rocksDb/CURRENT`)).toBe('behind\n');
      await succeed('stoachain-reseed', source);
      expect(await host.run('cat', `${CHAIN}/database/0/rocksDb/CURRENT`)).toBe('the seed\n');
    });

    it('stoachain-upgrade changes the program and keeps the arguments; one that fails at the gate is rolled back', async () => {
      const before = await world.cmdline(await mainPid());
      const good = world.serve('/good.tar.gz', await tarball(host, NODE_PROGRAM));
      await succeed('stoachain-upgrade', { ...good, gateMinutes: 15 });
      const upgraded = await world.cmdline(await mainPid());
      expect(upgraded[0]).toBe(`/opt/stoachain/programs/${good.sha256}/chainweb-node`);
      expect(upgraded.slice(1)).toEqual(before.slice(1));
      const bad = world.serve('/bad.tar.gz', await tarball(host, '#!/bin/sh\nexit 1\n'));
      const failed = await world.inVain(order('stoachain-upgrade', { ...bad, gateMinutes: 15 }));
      expect(failed.error, failed.log.join('\n')).toMatchObject({
        code: 'rolled_back',
        message: expect.stringContaining('not_at_tip'),
      });
      expect(await world.cmdline(await mainPid())).toEqual(upgraded);
    });
    it('peer-trust-reset gives it a new process', async () => {
      const before = await mainPid();
      await succeed('peer-trust-reset');
      expect(await mainPid()).not.toBe(before);
    });

    it('drive-benchmark measures and leaves nothing', async () => {
      const report = await succeed('drive-benchmark', { megabytes: 16 });
      for (const name of [
        'randomReadIops',
        'randomWriteIops',
        'sequentialReadMbPerSecond',
        'sequentialWriteMbPerSecond',
      ])
        expect(report[name]).toBeGreaterThan(1);
      expect((await readdir(deps.config.committedPath)).filter((name) => name.includes('benchmark'))).toEqual(
        [],
      );
    });

    it('benchmark-node measures all parts with the node down, and starts it again', async () => {
      const before = await mainPid();
      const report = await succeed('benchmark-node');
      for (const name of ['cpuSingle', 'cpuMulti', 'ed25519PerSecond', 'memoryMbPerSecond', 'randomReadIops'])
        expect(report[name], name).toBeGreaterThan(1);
      expect(await mainPid()).not.toBe(before);
      expect(report['loss']).toBe(1);
    });

    it('benchmark-node that is cancelled, or cut off with its agent, starts chainweb-node again', async () => {
      await world.nodeServes();
      const cancel = new AbortController();
      const cancelled = order('benchmark-node', {}, { signal: cancel.signal, seconds: 60 });
      await until('it is down', async () => (await mainPid()) === 0);
      cancel.abort(new Error('cancelled'));
      expect((await cancelled).report).toBeUndefined();
      expect(await mainPid()).toBeGreaterThan(0);
      await world.nodeServes();
      // The agent's end: what the mark on disk is for.
      const away = new AbortController();
      const mark = join(deps.config.dataDir, 'unsettled-job');
      const cut = order('benchmark-node', {}, { signal: away.signal, seconds: 60 });
      await until('it is down', async () => (await mainPid()) === 0);
      await copyFile(mark, `${mark}.kept`);
      away.abort(new Error('cancelled'));
      await cut;
      await host.run('systemctl', 'stop', UNIT);
      await rename(`${mark}.kept`, mark);
      await settle(deps, {
        info: () => undefined,
        error: (_event, fields) => expect(fields).toBeUndefined(),
      });
      expect(await mainPid()).toBeGreaterThan(0);
      expect(await createDisk().stat(mark)).toBeUndefined();
    });

    it('a cancelled step ends with all it started', async () => {
      await world.nodeServes();
      await host.run(
        'sh',
        '-c',
        `printf '%s\\n' '#!/bin/sh' 'trap "" TERM' 'touch /run/in-tar' 'sleep 1000 & wait' 'sleep 1000' >/usr/local/bin/tar; chmod 755 /usr/local/bin/tar`,
      );
      const cancel = new AbortController();
      const backup = order('backup-stoachain', {}, { signal: cancel.signal });
      await until('tar runs', async () => (await host.run('ls', '/run')).includes('in-tar'));
      cancel.abort(new Error('cancelled'));
      expect((await backup).error).toMatchObject({ message: 'cancelled' });
      await until(
        'nothing of it is left',
        async () =>
          !(await host.run('systemctl', 'list-units', '--plain', '--no-legend', 'stoa-step-*')).includes(
            'running',
          ),
      );
      await host.run('rm', '/usr/local/bin/tar');
    });

    it('stoachain-certbot-obtain proves the name over HTTP, and keeps what it got until that ends', async () => {
      const httpPort = await freePort();
      await using pebble = await startPebble({ httpPort });
      await host.run('mkdir', '-p', '/etc/letsencrypt');
      // As an administrator names another authority: the command itself is the kind's.
      const authority = `server = ${pebble.directory}\nno-verify-ssl = true\nhttp-01-port = ${httpPort}\n`;
      await writeFile(host.path('/etc/letsencrypt/cli.ini'), authority);
      const asked = { domain: 'node.stoa.example', email: 'ops@stoa.example' };
      const { directory } = await succeed('stoachain-certbot-obtain', asked);
      const shown = () =>
        host.run(
          'openssl',
          'x509',
          '-in',
          `${directory}/cert.pem`,
          '-noout',
          '-serial',
          '-ext',
          'subjectAltName',
        );
      const first = await shown();
      expect(first).toContain('DNS:node.stoa.example');
      await succeed('stoachain-certbot-obtain', asked);
      expect(await shown()).toBe(first);
    });

    it('stoachain-install makes a node where none was, which comes with the host from then on', async () => {
      await bareHost(host);
      const program = world.serve(
        '/bare.tar.gz',
        await tarball(host, bareNodeProgram(world.chain, world.port)),
      );
      const wanted = { ...program, supervisor: 'systemd', hostname: 'node.example.org' };
      expect(await succeed('stoachain-install', wanted)).toEqual({
        supervisor: 'systemd',
        hostname: 'node.example.org',
      });
      expect(await host.run('systemctl', 'is-enabled', UNIT)).toBe('enabled\n');
      expect(await host.run('stat', '-c', '%U', `${CHAIN}/database/0/rocksDb/CURRENT`)).toBe('stoachain\n');
      expect(await world.cmdline(await mainPid())).toContain('--full-historic-pact-state');
      expect((await order('stoachain-install', wanted)).error).toMatchObject({ code: 'node_exists' });
      await succeed('stoachain-control', { action: 'restart' });
    });
  },
);
