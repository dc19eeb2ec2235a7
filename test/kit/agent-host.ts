import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Agent,
  type AgentConfig,
  type Clock,
  createAgent,
  createClock,
  createCollectors,
  createDisk,
  createHttp,
  createLog,
  createLongPollTransport,
  createWebSocketTransport,
  DIRECT,
  enroll,
  fetchHeader,
  type JobHandlers,
  loadConfig,
  openProc,
  type Proxies,
  readHostFacts,
} from '@stoa/agent';
import { formatJoinToken, parseJoinToken } from '@stoa/protocol';
import type { TestHub } from './hub.ts';
import { random } from './wire-agent.ts';

export interface AgentHostOptions {
  readonly clock?: Clock;
  readonly proxies?: Proxies;
  readonly transport?: AgentConfig['transport'];
  /** Where the agent is told that the hub is; the hub's own address unless said. */
  readonly origin?: string;
}

/** A host with a directory of its own: real disk, sockets and collectors around real agent cores. */
export class AgentHost implements AsyncDisposable {
  readonly directory: string;
  readonly config: AgentConfig;
  readonly #options: AgentHostOptions;
  readonly #agents: Agent[] = [];

  private constructor(directory: string, options: AgentHostOptions) {
    this.directory = directory;
    this.#options = options;
    this.config = loadConfig({
      // Nothing listens there: the chain is no matter of these tests.
      env: { CHAINWEB_URL: 'http://127.0.0.1:9', CHAINWEB_P2P_URL: 'http://127.0.0.1:9' },
      flags: { data: directory, transport: options.transport ?? 'websocket' },
      host: { root: false, home: directory },
    });
  }

  static async create(options: AgentHostOptions = {}): Promise<AgentHost> {
    return new AgentHost(await mkdtemp(join(tmpdir(), 'stoa-agent-')), options);
  }

  /** By a new token of the hub, over HTTP; with `force` in place of an identity that is there. Returns the node id. */
  async enroll({ hub }: Pick<TestHub, 'hub'>, { force = false } = {}): Promise<string> {
    const { proxies = DIRECT, origin = hub.url.origin } = this.#options;
    const clock = createClock();
    const made = parseJoinToken(
      await hub.tokens.create({ owner: 'a@example.org', label: 'node', createdBy: 'test' }),
    );
    const { nodeId } = await enroll(
      {
        token: formatJoinToken({ ...made, hub: origin }),
        facts: { hostname: 'test', platform: 'linux-x64', chainwebVersion: '' },
        confirm: async () => true,
        force,
      },
      {
        config: this.config,
        clock,
        disk: createDisk(),
        http: createHttp({ clock, proxies }),
        random,
        version: '0.0.0-test',
      },
    );
    return nodeId;
  }

  /** @param handlers What it can do; nothing unless given. */
  async start(handlers: JobHandlers = {}): Promise<Agent> {
    const { clock = createClock(), proxies = DIRECT } = this.#options;
    const { config } = this;
    const log = createLog({ clock, level: 'error', write: () => undefined });
    const disk = createDisk();
    const proc = openProc();
    const http = createHttp({ clock });
    const collectors = createCollectors({
      config,
      clock,
      random,
      log,
      http,
      disk,
      proc,
      inspectContainer: async () => undefined,
    });
    const node = { http, serviceUrl: config.chainwebUrl, network: config.network };
    const pollHttp = createHttp({ clock, proxies, keepAlive: true });
    const agent = await createAgent({
      config,
      clock,
      disk,
      random,
      log,
      transports: {
        websocket: createWebSocketTransport({ clock, proxies }),
        'long-poll': createLongPollTransport({ clock, http: pollHttp }),
      },
      collectors,
      handlers,
      fetchHeader: (ref, signal) => fetchHeader(node, ref, signal),
      hostFacts: readHostFacts(proc),
      version: '0.0.0-test',
      runtime: 'node',
    });
    this.#agents.push(agent);
    agent.start();
    return agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.stop()));
    await rm(this.directory, { recursive: true, force: true });
  }
}
