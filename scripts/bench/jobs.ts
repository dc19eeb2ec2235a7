import {
  encodeAgentMessage,
  type HubMessage,
  type JobResult,
  jobKind,
  jobResultKind,
  peek,
  type SigningKey,
  seal,
  toHex,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { WireAgent } from '../../test/kit/wire-agent.ts';
import { startHubUnderLoad } from './hub-under-load.ts';
import { type Bench, quantile, result, round } from './result.ts';
import { connectSwarm } from './swarm.ts';
import { nodeSeed } from './swarm-identity.ts';

const TARGET_MS = 250;
const SINGLE = { submits: 400, everyMs: 25 };
const ROUNDS = 3;
const READ_SLOTS = 8;
const PING_MS = 60_000;
/** Handshakes aren't measured here: what else the machine does must not time one out. */
const CONNECTING_AT_ONCE = 64;

/** One node of the swarm as an agent does it: acknowledges a job, and tells its signed result when it is let. */
class Worker {
  readonly nodeId: Uint8Array;
  readonly #agent: WireAgent;
  readonly #key: SigningKey;
  readonly #told: (event: 'running' | 'receipt', at: number) => void;
  /** Work that is not told yet. */
  readonly #kept: JobResult[] = [];
  #received = 0;
  #busy = 0;
  #number = 0;
  #previous: Uint8Array = new Uint8Array(32);

  constructor(by: {
    key: SigningKey;
    agent: WireAgent;
    told: (event: 'running' | 'receipt', at: number) => void;
  }) {
    this.#agent = by.agent;
    this.#key = by.key;
    this.nodeId = nodeCrypto.hash(this.#key.publicKey);
    this.#told = by.told;
    by.agent.listen((message) => this.#take(message));
    this.ping();
    by.agent.send('workPolicy', { kinds: ['system-probe'], policy: '', fault: '', paused: false });
    this.#ask();
  }

  /** It idles while others come, and the hub must not take it for dead. */
  ping(): void {
    this.#agent.send('ping', { intervalMs: 2 * PING_MS });
  }

  leave(): void {
    this.#agent.socket.terminate();
  }

  /** Its work comes to its end. */
  release(): void {
    for (const result of this.#kept.splice(0)) this.#tell(result);
  }

  #take(message: HubMessage): void {
    // The hub says how far a log is stored once it has written that the job runs.
    if (message.name === 'credit') this.#told('running', Date.now());
    if (message.name === 'jobReceipt') this.#told('receipt', Date.now());
    if (message.name !== 'job') return;
    const { jobId, attempt, fencingToken, kind } = peek(jobKind, message.value.sealed);
    this.#received += 1;
    this.#busy += 1;
    this.#agent.send('jobAck', { jobId, attempt, fencingToken });
    const base = { nodeId: this.nodeId, jobId: jobId.slice(), attempt, fencingToken, kind };
    const result: JobResult = {
      ...base,
      ...{ outcome: 'succeeded', code: '', message: '', report: '{"cores":8}', durationMs: 1, logBytes: 0 },
      ...{ logHash: new Uint8Array(32), orderId: new Uint8Array(16), number: 0, previous: this.#previous },
    };
    this.#kept.push(result);
  }

  #tell(result: JobResult): void {
    this.#number += 1;
    this.#busy -= 1;
    const sealed = seal(
      jobResultKind,
      { ...result, number: this.#number, previous: this.#previous },
      this.#key,
    );
    this.#previous = nodeCrypto.hash(sealed);
    const { type, payload } = encodeAgentMessage('jobResult', { sealed });
    this.#agent.sendSealed(type, payload);
    this.#ask();
  }

  #ask(): void {
    const free = READ_SLOTS - this.#busy;
    this.#agent.send('leaseRequest', {
      ...{ mutating: 0, read: free },
      ...{ receivedMutating: 0, receivedRead: this.#received },
    });
  }
}

/** Counts what the workers were told, and says when it was all of it. */
class Tally {
  readonly times = { running: [] as number[], receipt: [] as number[] };
  #waiting: { event: 'running' | 'receipt'; count: number; done: () => void } | undefined;

  told(event: 'running' | 'receipt', at: number): void {
    this.times[event].push(at);
    const waiting = this.#waiting;
    if (waiting?.event === event && this.times[event].length >= waiting.count) waiting.done();
  }

  clear(): void {
    this.times.running = [];
    this.times.receipt = [];
  }

  /** Rejects after a minute. */
  reach(event: 'running' | 'receipt', count: number): Promise<void> {
    if (this.times[event].length >= count) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${this.times[event].length} of ${count} are ${event} after a minute`)),
        60_000,
      );
      const done = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting = { event, count, done };
    });
  }
}

/**
 * Jobs on connected agents over real sockets, each leased, signed, acknowledged, answered by a signed result and its
 * receipt. First single submits, a job each, while the others idle: from the submit until the row says that it runs. Then
 * submits to all agents at once: CPU of the hub from lease to acknowledgement, and from result to receipt. 10,000 agents;
 * 15,000 under --long.
 */
export const benchJobs: Bench = async ({ long, say }) => {
  const connections = long ? 15_000 : 10_000;
  await using hub = await startHubUnderLoad();
  await hub.seed(connections);
  const keys = Array.from({ length: connections }, (_, i) => nodeCrypto.signingKey(nodeSeed(i)));
  const keyOf = new Map(keys.map((key) => [toHex(nodeCrypto.hash(key.publicKey)), key]));
  const tally = new Tally();
  const workers: Worker[] = [];
  const pinging = setInterval(() => {
    for (const worker of workers) worker.ping();
  }, PING_MS);
  for (let first = 0; first < connections; first += 1_000)
    for (const agent of await connectSwarm(hub, 1_000, first, CONNECTING_AT_ONCE)) {
      const key = keyOf.get(toHex(agent.nodeId))!;
      const told = (event: 'running' | 'receipt', at: number) => tally.told(event, at);
      workers.push(new Worker({ key, agent, told }));
    }
  say(`${connections} agents are connected`);
  while ((await hub.willing()) < connections) await new Promise((resolve) => setTimeout(resolve, 250));

  const single: number[] = [];
  const submitting: number[] = [];
  for (let i = 0; i < SINGLE.submits; i += 1) {
    tally.clear();
    const worker = workers[(i * 7_919) % workers.length]!;
    const { at, tookMs } = await hub.submit(`id:${toHex(worker.nodeId)}`, 1);
    await tally.reach('running', 1);
    single.push(tally.times.running[0]! - at);
    submitting.push(tookMs);
    worker.release();
    await tally.reach('receipt', 1);
    await new Promise((resolve) => setTimeout(resolve, SINGLE.everyMs));
  }
  single.sort((a, b) => a - b);
  submitting.sort((a, b) => a - b);
  say(`single submits: p50 ${quantile(single, 0.5)} ms, p99 ${quantile(single, 0.99)} ms until it runs`);

  const herd: number[] = [];
  const held = { submit: 0, leases: 0, results: 0 };
  let leaseMs = 0;
  let resultMs = 0;
  for (let i = 0; i < ROUNDS; i += 1) {
    tally.clear();
    await hub.usage();
    const { at } = await hub.submit('', connections);
    const submitted = await hub.usage();
    await tally.reach('running', connections);
    const acknowledged = await hub.usage();
    herd.push(...tally.times.running.map((time) => time - at));
    for (const worker of workers) worker.release();
    await tally.reach('receipt', connections);
    const answered = await hub.usage();
    leaseMs += acknowledged.cpuMsBefore - submitted.cpuMsAfter;
    resultMs += answered.cpuMsBefore - acknowledged.cpuMsAfter;
    held.submit = Math.max(held.submit, submitted.lagMs.max);
    held.leases = Math.max(held.leases, acknowledged.lagMs.max);
    held.results = Math.max(held.results, answered.lagMs.max);
  }
  herd.sort((a, b) => a - b);
  clearInterval(pinging);
  for (const worker of workers) worker.leave();
  const jobs = ROUNDS * connections;
  const p99 = quantile(single, 0.99);
  return result({
    bench: 'jobs',
    value: p99,
    unit: 'ms from submit to running, p99',
    target: TARGET_MS,
    better: 'lower',
    peer: null,
    detail: {
      agents: connections,
      singleSubmits: SINGLE.submits,
      p50Ms: quantile(single, 0.5),
      submitAloneMs: { p50: quantile(submitting, 0.5), p99: quantile(submitting, 0.99) },
      leaseToAckPerCpuSecond: Math.round(jobs / (leaseMs / 1_000)),
      resultToReceiptPerCpuSecond: Math.round(jobs / (resultMs / 1_000)),
      toAllAtOnceMs: { p50: quantile(herd, 0.5), p99: quantile(herd, 0.99), max: herd.at(-1) },
      loopLagMaxMs: {
        submit: round(held.submit),
        leases: round(held.leases),
        results: round(held.results),
      },
    },
  });
};
