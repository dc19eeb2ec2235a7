import { createHash, randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
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
} from '@stoa/agent';
import { systemClock } from '@stoa/hub';
import { jobKind, type KindName, kindOf, type ParamValues, parseParams, peek } from '@stoa/protocol';
import { type Simulator, startSimulator } from '../chainweb/index.ts';
import { makeCertificate } from './certificate.ts';
import { JobClock } from './job-clock.ts';
import { OwnerJobs } from './owner-jobs.ts';
import { SystemdHost } from './systemd-host.ts';
import { until } from './until.ts';
import { installNode, installRoot, UNIT } from './work-host.ts';

/** Of a single measure. */
const MEASURE_SECONDS = 0.25;
const MOST_REPORT_BYTES = 1_200;

export interface JobEnd {
  readonly report: Readonly<Record<string, unknown>> | undefined;
  readonly error: { readonly code: string; readonly message: string } | undefined;
  readonly log: readonly string[];
  readonly steps: readonly string[];
}

/** A host with a node under systemd and the privileged unit, on which its owner orders jobs. Needs root. */
export class WorkingHost implements AsyncDisposable {
  readonly jobs = new OwnerJobs();
  readonly clock = new JobClock();
  /** Below those that the kernel gives to connections: a node that starts again must find its own free. */
  readonly port = { service: 10_000 + (process.pid % 10_000), p2p: 20_000 + (process.pid % 10_000) };
  readonly host: SystemdHost;
  readonly chain: Simulator;
  readonly deps: KindDeps;
  readonly #files: Server;
  readonly #served = new Map<string, Uint8Array>();

  private constructor(host: SystemdHost, chain: Simulator) {
    this.host = host;
    this.chain = chain;
    const ca = makeCertificate();
    this.#files = createServer(ca, (request, response) => response.end(this.#served.get(request.url ?? '')));
    const http = createHttp({ clock: createClock(), ca: [ca.cert] });
    const proc = openProc();
    const dataDir = host.path('/var/lib/stoa-agent');
    this.deps = {
      clock: this.clock,
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
        chainwebUrl: `http://127.0.0.1:${this.port.service}`,
        chainwebP2pUrl: `https://127.0.0.1:${this.port.p2p}`,
        committedPath: dataDir,
        committedGb: 0,
      },
      nodeSeed: async () => new Uint8Array(32).fill(3),
      ownerKey: async () => this.jobs.owner.publicKey,
      hub: async () => 'https://127.0.0.1:1',
      updates: () => {
        throw new Error('no agent with updates runs here');
      },
    };
  }

  static async boot(): Promise<WorkingHost> {
    const host = await SystemdHost.boot();
    const chain = await startSimulator({ clock: systemClock });
    const world = new WorkingHost(host, chain);
    const { deps, jobs, port } = world;
    await installRoot(host, jobs, port);
    await installNode(host, chain, port);
    await new Promise<void>((resolve) => world.#files.listen(0, '127.0.0.1', resolve));
    await mkdir(deps.config.dataDir, { recursive: true });
    await host.run('systemctl', 'start', UNIT);
    const info = { url: `${deps.config.chainwebUrl}/info`, timeoutMs: 5_000 };
    await until(
      'the node serves',
      async () => (await deps.http.request(info).catch(() => undefined))?.status === 200,
    );
    return world;
  }

  async order(
    kind: KindName,
    params: ParamValues = {},
    {
      signal = new AbortController().signal,
      seconds = MEASURE_SECONDS,
    }: { signal?: AbortSignal; seconds?: number } = {},
  ): Promise<JobEnd> {
    const message = this.jobs.job(kind, params);
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
      const handlers = createJobHandlers(this.deps, { benchmarkSeconds: seconds, benchmarkMegabytes: 16 });
      return { ...(await handlers[kind].run(job)), log, steps, error: undefined };
    } catch (error) {
      return { report: undefined, log, steps, error: error as NonNullable<JobEnd['error']> };
    }
  }

  /** @throws with the job's log where it fails. */
  async succeed(kind: KindName, params?: ParamValues): Promise<NonNullable<JobEnd['report']>> {
    const { error, report, log } = await this.order(kind, params);
    if (report === undefined) throw new Error(`${kind} failed:\n${log.join('\n')}`, { cause: error });
    const bytes = JSON.stringify(report).length;
    if (bytes > MOST_REPORT_BYTES) throw new Error(`the report of ${kind} has ${bytes} bytes`);
    return report;
  }

  nodeServes(): Promise<void> {
    const serves = async () => (await this.order('node-test')).report?.['ok'] === true;
    return until('the node serves', serves, { everyMs: 100 });
  }

  /** The job waits in vain for a node that ends again and again. */
  async inVain(ordered: Promise<JobEnd>): Promise<JobEnd> {
    await until('the node was started again by systemd', async () => (await this.#shown('NRestarts')) > 0);
    this.clock.giveUp();
    return ordered;
  }

  mainPid(): Promise<number> {
    return this.#shown('MainPID');
  }

  async cmdline(pid: number): Promise<string[]> {
    return (await this.host.run('cat', `/proc/${pid}/cmdline`)).split('\0').slice(0, -1);
  }

  /** A file at a URL of its own. */
  serve(path: string, bytes: Uint8Array): { url: string; sha256: string } {
    this.#served.set(path, bytes);
    const { port } = this.#files.address() as AddressInfo;
    return {
      url: `https://127.0.0.1:${port}${path}`,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#files.close();
    await this.chain.close();
    await this.host[Symbol.asyncDispose]();
  }

  async #shown(property: string): Promise<number> {
    return Number(await this.host.run('systemctl', 'show', `--property=${property}`, '--value', UNIT));
  }
}
