/**
 * The kinds of work on a host that a real systemd runs: its privileged unit is started by its socket, as install.sh sets
 * it up, and each step is a unit of its own. Only chainweb-node is a stand-in.
 */

import { createHash, randomBytes } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  createClock,
  createCommands,
  createDisk,
  createHttp,
  createJobHandlers,
  createRootClient,
  type KindDeps,
  openProc,
  readHostFacts,
  settle,
} from '@stoa/agent';
import { systemClock } from '@stoa/hub';
import { jobKind, type KindName, kindOf, type ParamValues, parseParams, peek } from '@stoa/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../chainweb/index.ts';
import { makeCertificate } from '../kit/certificate.ts';
import { JobClock } from '../kit/job-clock.ts';
import { OwnerJobs } from '../kit/owner-jobs.ts';
import { freePort, startPebble } from '../kit/pebble.ts';
import { SystemdHost } from '../kit/systemd-host.ts';
import { until } from '../kit/until.ts';
import {
  bareHost,
  bareNodeProgram,
  CHAIN,
  installNode,
  installRoot,
  NODE_PROGRAM,
  tarball,
  UNIT,
} from '../kit/work-host.ts';

/** Of a single measure. */
const MEASURE_SECONDS = 0.25;

describe.skipIf(process.getuid?.() !== 0)(
  'kinds of work on a host under systemd',
  { timeout: 180_000 },
  () => {
    const jobs = new OwnerJobs();
    const clock = new JobClock();
    let host: SystemdHost;
    let chain: Simulator;
    let deps: KindDeps;
    let files: Server;
    const served = new Map<string, Uint8Array>();
    // Below those that the kernel gives to connections: a node that starts again must find its own free.
    const port = { service: 10_000 + (process.pid % 10_000), p2p: 20_000 + (process.pid % 10_000) };

    beforeAll(async () => {
      host = await SystemdHost.boot();
      chain = await startSimulator({ clock: systemClock });
      await installRoot(host, jobs, port);
      await installNode(host, chain, port);
      const ca = makeCertificate();
      files = createServer(ca, (request, response) => response.end(served.get(request.url ?? '')));
      await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
      const http = createHttp({ clock: createClock(), ca: [ca.cert] });
      const dataDir = host.path('/var/lib/stoa-agent');
      await mkdir(dataDir, { recursive: true });
      const proc = openProc();
      deps = {
        clock,
        random: (count) => new Uint8Array(randomBytes(count)),
        disk: createDisk(),
        proc,
        commands: createCommands(createClock()),
        rootSteps: createRootClient({
          socketPath: host.path('/run/stoa-agent-root.sock'),
          time: () => undefined,
          ownerKeyChanges: async () => [],
        }),
        http,
        nodeHttp: http,
        hostFacts: readHostFacts(proc),
        config: {
          dataDir,
          network: chain.network.network.name,
          chainwebUrl: `http://127.0.0.1:${port.service}`,
          chainwebP2pUrl: `https://127.0.0.1:${port.p2p}`,
          committedPath: dataDir,
          committedGb: 0,
        },
        nodeSeed: async () => new Uint8Array(32).fill(3),
        ownerKey: async () => jobs.owner.publicKey,
        hub: async () => 'https://127.0.0.1:1',
      };
      await host.run('systemctl', 'start', UNIT);
      await until(
        'the node serves',
        async () =>
          (
            await http
              .request({ url: `${deps.config.chainwebUrl}/info`, timeoutMs: 5000 })
              .catch(() => undefined)
          )?.status === 200,
      );
    }, 120_000);

    afterAll(async () => {
      files.close();
      await chain.close();
      await host[Symbol.asyncDispose]();
    });

    async function order(
      kind: KindName,
      params: ParamValues = {},
      {
        signal = new AbortController().signal,
        seconds = MEASURE_SECONDS,
      }: { signal?: AbortSignal; seconds?: number } = {},
    ) {
      const message = jobs.job(kind, params);
      const lease = peek(jobKind, message.sealed);
      const log: string[] = [];
      const steps: string[] = [];
      const job = {
        kind,
        params: parseParams(kindOf(kind).parameters, lease.params),
        lease,
        message,
        signal,
        log: (line: string) => void log.push(line),
        progress: (_percent: number | undefined, step: string) => void steps.push(step),
      };
      try {
        const handlers = createJobHandlers(deps, { benchmarkSeconds: seconds, benchmarkMegabytes: 16 });
        return { ...(await handlers[kind].run(job)), log, steps, error: undefined };
      } catch (error) {
        return { report: undefined, log, steps, error: error as { code: string; message: string } };
      }
    }
    async function succeed(kind: KindName, params?: ParamValues) {
      const { error, report, log } = await order(kind, params);
      expect(error, log.join('\n')).toBeUndefined();
      expect(JSON.stringify(report).length).toBeLessThan(1_200);
      return report!;
    }
    const nodeServes = () =>
      until('the node serves', async () => (await order('node-test')).report?.['ok'] === true, {
        everyMs: 100,
      });
    /** The job waits in vain for a node that ends again and again. */
    async function inVain(ordered: ReturnType<typeof order>) {
      await until('the node was started again by systemd', async () => (await restarts()) > 0);
      clock.giveUp();
      return ordered;
    }
    const restarts = async () =>
      Number(await host.run('systemctl', 'show', '--property=NRestarts', '--value', UNIT));
    const mainPid = async () =>
      Number(await host.run('systemctl', 'show', '--property=MainPID', '--value', UNIT));
    const serve = (path: string, bytes: Uint8Array) => {
      served.set(path, bytes);
      return {
        url: `https://127.0.0.1:${(files.address() as AddressInfo).port}${path}`,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      };
    };

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
      const { error, log } = await inVain(order('stoachain-cert-rotate'));
      await host.run('rm', '/run/refuse-new-certificate');
      expect(error, log.join('\n')).toMatchObject({ code: 'node_not_up' });
      expect(await host.run('cat', `${CHAIN}/cert.pem`)).toBe(before);
      await nodeServes();
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
      expect(sealedTo).toBe(Buffer.from(jobs.owner.publicKey).toString('hex'));
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
      const { url } = serve('/backup', await readFile(String(to)));
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
      const source = serve('/seed', seed);
      expect(source.sha256).toBe(sha256);
      await writeFile(host.path(`${CHAIN}/database/0/rocksDb/CURRENT`), 'behind\n');
      const wrong = await order('stoachain-reseed', { ...source, sha256: 'ab'.repeat(32) });
      expect(wrong.error).toMatchObject({ code: 'root_unproven_data' });
      expect(await host.run('cat', `${CHAIN}/database/0/rocksDb/CURRENT`)).toBe('behind\n');
      await succeed('stoachain-reseed', source);
      expect(await host.run('cat', `${CHAIN}/database/0/rocksDb/CURRENT`)).toBe('the seed\n');
    });

    it('stoachain-upgrade changes the program and keeps the arguments; one that fails at the gate is rolled back', async () => {
      const before = await cmdline(await mainPid());
      const good = serve('/good.tar.gz', await tarball(host, NODE_PROGRAM));
      await succeed('stoachain-upgrade', { ...good, gateMinutes: 15 });
      const upgraded = await cmdline(await mainPid());
      expect(upgraded[0]).toBe(`/opt/stoachain/programs/${good.sha256}/chainweb-node`);
      expect(upgraded.slice(1)).toEqual(before.slice(1));
      const bad = serve('/bad.tar.gz', await tarball(host, '#!/bin/sh\nexit 1\n'));
      const failed = await inVain(order('stoachain-upgrade', { ...bad, gateMinutes: 15 }));
      expect(failed.error, failed.log.join('\n')).toMatchObject({
        code: 'rolled_back',
        message: expect.stringContaining('not_at_tip'),
      });
      expect(await cmdline(await mainPid())).toEqual(upgraded);
    });
    const cmdline = async (pid: number) =>
      (await host.run('cat', `/proc/${pid}/cmdline`)).split('\0').slice(0, -1);

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
      await nodeServes();
      const cancel = new AbortController();
      const cancelled = order('benchmark-node', {}, { signal: cancel.signal, seconds: 60 });
      await until('it is down', async () => (await mainPid()) === 0);
      cancel.abort(new Error('cancelled'));
      expect((await cancelled).report).toBeUndefined();
      expect(await mainPid()).toBeGreaterThan(0);
      await nodeServes();
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
      await nodeServes();
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
      const program = serve('/bare.tar.gz', await tarball(host, bareNodeProgram(chain, port)));
      const wanted = { ...program, supervisor: 'systemd', hostname: 'node.example.org' };
      expect(await succeed('stoachain-install', wanted)).toEqual({
        supervisor: 'systemd',
        hostname: 'node.example.org',
      });
      expect(await host.run('systemctl', 'is-enabled', UNIT)).toBe('enabled\n');
      expect(await host.run('stat', '-c', '%U', `${CHAIN}/database/0/rocksDb/CURRENT`)).toBe('stoachain\n');
      expect(await cmdline(await mainPid())).toContain('--full-historic-pact-state');
      expect((await order('stoachain-install', wanted)).error).toMatchObject({ code: 'node_exists' });
      await succeed('stoachain-control', { action: 'restart' });
    });
  },
);
