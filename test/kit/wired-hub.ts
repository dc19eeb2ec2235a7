import { join } from 'node:path';
import { type Agent, VirtualClock } from '@stoa/agent';
import { type Hub, openEmbedded } from '@stoa/hub';
import { placeTemporary } from '@stoa/hub/seams/db-adapter/temporary';
import { asHubClock } from '../world/clocks.ts';
import { passing } from '../world/passing.ts';
import { Quiescence } from '../world/quiescence.ts';
import { AgentHost, type AgentHostOptions } from './agent-host.ts';
import { openTestHub, type TestHub } from './hub.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { until } from './until.ts';

type SessionTable = Hub['agents']['gateway']['sessions'];

/** Bounds what hangs: an hour of a hub takes a busy machine more than a minute. */
const HANGING_MS = 240_000;

export interface WiredNode extends AsyncDisposable {
  readonly host: AgentHost;
  readonly agent: Agent;
}

/**
 * A real hub and real agent cores over real sockets, on one clock that the test moves: what the sockets do takes real
 * time, in which the clock hardly moves, and hours of waiting take none.
 */
export class WiredHub implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly test: TestHub;

  readonly #directory: AsyncDisposable;

  private constructor(clock: VirtualClock, test: TestHub, directory: AsyncDisposable) {
    this.clock = clock;
    this.test = test;
    this.#directory = directory;
  }

  static async open(): Promise<WiredHub> {
    const quiescence = new Quiescence();
    const clock = new VirtualClock(Date.now(), quiescence.settle);
    const directory = await temporaryDirectory();
    const dataDir = directory.path;
    await placeTemporary(join(dataDir, 'postgres'));
    const test = await openTestHub({
      clock: asHubClock(clock),
      dataDir,
      openDatabase: async (log) =>
        quiescence.observe(await openEmbedded({ dataDir: join(dataDir, 'postgres'), log })),
    });
    return new WiredHub(clock, test, directory);
  }

  get url(): URL {
    return this.test.hub.url;
  }

  sessionOf({ nodeId }: Pick<Agent, 'nodeId'>): ReturnType<SessionTable['get']> {
    return this.test.hub.agents.gateway.sessions.get(nodeId);
  }

  /** Lets time pass while the work is done: handshakes and shutdowns have timers in them. */
  passing<T>(work: () => PromiseLike<T>): Promise<T> {
    return passing(this.clock, 1, work());
  }

  /** Lets time pass in steps until the condition holds. */
  async until(what: string, stepMs: number, holds: () => boolean | Promise<boolean>): Promise<void> {
    const step = async (): Promise<boolean> => {
      await this.clock.advance(stepMs);
      return holds();
    };
    await until(what, step, { everyMs: 1, withinMs: HANGING_MS });
  }

  /** Agent and hub agree on a session. */
  online(agent: Agent, stepMs = 1): Promise<void> {
    const both = () => agent.link().state === 'established' && this.sessionOf(agent) !== undefined;
    return this.until('a session on both sides', stepMs, both);
  }

  /** An enrolled node with its session. */
  async node(options: Omit<AgentHostOptions, 'clock'> = {}): Promise<WiredNode> {
    const host = await AgentHost.create({ clock: this.clock, ...options });
    await this.passing(() => host.enroll(this.test));
    const agent = await host.start();
    await this.online(agent);
    return { host, agent, [Symbol.asyncDispose]: () => this.passing(() => host[Symbol.asyncDispose]()) };
  }

  async eventsOf({
    nodeId,
  }: Pick<Agent, 'nodeId'>): Promise<{ kind: string; detail: Record<string, unknown> }[]> {
    return this.test.database.sql`select kind, detail from node_events where node_id = ${nodeId} order by id`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.passing(() => this.test[Symbol.asyncDispose]());
    await this.#directory[Symbol.asyncDispose]();
  }
}
