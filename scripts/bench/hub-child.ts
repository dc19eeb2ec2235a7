/**
 * A hub on a database of its own in a process of its own, so that its CPU and memory are told apart from the load's.
 * Speaks with its parent by IPC: seeds nodes, reports what it used.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parseSelector } from '@stoa/hub/nodes';
import type { Viewer } from '@stoa/hub/viewer';
import { toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { openTestHub } from '../../test/kit/hub.ts';
import { nodeSeed } from './swarm-identity.ts';

export interface Usage {
  /** Milliseconds of CPU since the start, as the question came and as the answer leaves: between them is the meter's own. */
  readonly cpuMsBefore: number;
  readonly cpuMsAfter: number;
  readonly rssBytes: number;
  readonly sessions: number;
  readonly frames: number;
  readonly heartbeats: number;
  readonly handshakes: number;
  /** Event loop delay since the last report, milliseconds. */
  readonly lagMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Node states that the database holds as of the last heartbeat. */
  readonly stored: number;
}

export type Request =
  | { readonly ask: 'seed'; readonly count: number }
  /** `collect`: memory is read after a full collection, which leaves the young generation as small as at the start. */
  | { readonly ask: 'usage'; readonly collect: boolean }
  /** How many nodes have said what work they do. */
  | { readonly ask: 'willing' }
  /** A read job for each node that the selector finds. */
  | { readonly ask: 'submit'; readonly selector: string; readonly expected: number }
  | { readonly ask: 'stop' };

const heartbeatMs = Number(process.argv[2] ?? 30_000);
const world = await openTestHub({
  logLevel: 'error',
  onLog: (line) => process.stderr.write(line),
  env: { HANDSHAKES_PER_ADDRESS: '100000' },
});
const { hub, database, region } = world;
const loop = monitorEventLoopDelay({ resolution: 10 });
loop.enable();

/** Registers the swarm's nodes in one statement: enrolling them one by one is measured elsewhere. */
async function seed(count: number): Promise<void> {
  const keys = Array.from({ length: count }, (_, i) => nodeCrypto.signingKey(nodeSeed(i)).publicKey);
  const ids = keys.map((key) => toHex(nodeCrypto.hash(key)));
  await database.sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
    select id, 'bench-' || left(id, 12), 'bench@example.org', ${region.name}, decode(key, 'hex'), '\\x00'::bytea, now()
    from unnest(${ids}::text[], ${keys.map(toHex)}::text[]) as n(id, key) on conflict do nothing`;
}

const ADMIN: Viewer = {
  accountId: 'bench',
  email: 'bench@example.org',
  tier: 'ancient',
  confirmedAt: 0,
  keyScopes: undefined,
};

/** As it would be asked for by the API. Resolves to the moment at which it was, and which job it made where it is one. */
async function submit(selector: string, expected: number): Promise<{ at: number; tookMs: number }> {
  const at = Date.now();
  const request = { kind: 'system-probe', params: {}, selector: parseSelector(selector), expected } as const;
  await hub.jobs.desk.submit(ADMIN, request);
  return { at, tookMs: Date.now() - at };
}

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

async function usage(collect: boolean): Promise<Usage> {
  const cpuMsBefore = cpuMs();
  const ms = (nanoseconds: number) => nanoseconds / 1e6;
  const lagMs = {
    p50: ms(loop.percentile(50)) - 10,
    p99: ms(loop.percentile(99)) - 10,
    max: ms(loop.max) - 10,
  };
  // Pages that V8 keeps for later are no session's: only a collection of last resort gives them back.
  if (collect) globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  const [row] = await database.sql<
    { stored: bigint }[]
  >`select count(*) as stored from node_status where cpu is not null`;
  loop.reset();
  return {
    rssBytes: process.memoryUsage.rss(),
    sessions: hub.agents.gateway.sessions.size,
    frames: hub.agents.gateway.counters.framesIn,
    heartbeats: hub.agents.heartbeats.received,
    handshakes: hub.agents.gateway.counters.handshakes,
    lagMs,
    stored: Number(row!.stored),
    cpuMsBefore,
    cpuMsAfter: cpuMs(),
  };
}

async function answerTo(request: Request): Promise<unknown> {
  if (request.ask === 'usage') return usage(request.collect);
  if (request.ask === 'willing') {
    const [row] = await database.sql<{ nodes: number }[]>`select count(*)::int as nodes from node_work`;
    return row!.nodes;
  }
  if (request.ask === 'submit') return submit(request.selector, request.expected);
  return { done: true };
}

process.on('message', (request: Request) => {
  void (async () => {
    if (request.ask === 'seed') await seed(request.count);
    if (request.ask === 'stop') {
      await world[Symbol.asyncDispose]();
      process.exit(0);
    }
    process.send?.(await answerTo(request));
  })();
});
process.send?.({
  origin: hub.url.origin,
  heartbeatMs,
  rootFingerprint: toHex(region.rootFingerprint),
  region: region.name,
});
