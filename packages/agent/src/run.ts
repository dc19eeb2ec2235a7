import { randomBytes } from 'node:crypto';
import { createAgent } from '#agent.ts';
import type { Agent } from '#agent-options.ts';
import { ChainTime } from '#channel/chain-time.ts';
import { createLongPollTransport } from '#channel/long-poll.ts';
import { createIdleProbe } from '#channel/nat-idle.ts';
import { createWebSocketTransport } from '#channel/websocket.ts';
import type { AgentContext } from '#cli/agent-context.ts';
import { type AgentReadings, createCollectors } from '#collectors/agent-collectors.ts';
import { fetchHeader } from '#collectors/chainweb-header.ts';
import { fetchPayload } from '#collectors/chainweb-payload.ts';
import type { CollectorSet } from '#collectors/collector-set.ts';
import { askEngine } from '#collectors/container-engine.ts';
import { readHostFacts } from '#collectors/host-facts.ts';
import { openProc } from '#collectors/proc.ts';
import type { ConfigHost } from '#config.ts';
import { holdDataDir } from '#data-lock.ts';
import type { DialBackConsent } from '#dial-back/dial-backs.ts';
import { lookThrough } from '#dial-back/look.ts';
import { createHttp } from '#http.ts';
import { NodeRevokedError, NotEnrolledError } from '#identity/error.ts';
import { identityDirectory } from '#identity/identity.ts';
import { createProxies, environmentRule } from '#proxy.ts';
import { addressesIn } from '#public-address.ts';
import type { HeaderRef } from '#reports/header-replies.ts';
import { agentMetrics } from '#status/agent-metrics.ts';
import { buildSnapshot, type StatusSnapshot } from '#status/snapshot.ts';
import { serveStatus } from '#status/status-server.ts';
import { type Ground, openUpdates } from '#update/host-updates.ts';
import { answerUpdate } from '#update/update-request.ts';
import type { Updates } from '#update/updates.ts';
import { createHostLock } from '#work/host-lock.ts';
import { HostWork } from '#work/host-work.ts';

/**
 * Serves until the signal aborts, with everything real; an update ends it too, and the process becomes the program anew.
 * @param ground Undefined where no launcher started this.
 * @throws NotEnrolledError, NodeRevokedError, DataDirBusyError, RecordDamagedError, UnixSocketError, DiskError
 */
export async function run(context: AgentContext, host: ConfigHost, ground?: Ground): Promise<void> {
  const { config, disk, log } = context;
  if ((await disk.stat(config.dataDir)) === undefined) throw new NotEnrolledError(identityDirectory(config));
  const lock = await holdDataDir(config.dataDir, config.instance);
  let again = false;
  const forget = ground && context.logRing.follow((line) => ground.launched.record(line));
  try {
    const parts = await build(context, { host, ground });
    log.info('agent-started', { version: context.version, nodeId: parts.agent.nodeId });
    again = await serve(context, parts);
  } finally {
    forget?.();
    await lock.release();
  }
  if (again) await ground?.launched.restart();
}

interface Parts {
  agent: Agent;
  collectors: CollectorSet<AgentReadings>;
  chainTime: ChainTime;
  work: HostWork;
  updates: Updates;
  /** Resolves when an update wants the process to become the program anew. */
  restart: Promise<'restart'>;
}

async function build(
  context: AgentContext,
  { host: configHost, ground }: { host: ConfigHost; ground: Ground | undefined },
): Promise<Parts> {
  const { config, clock, disk, log, proxies, ca, http, nodeHttp, version } = context;
  const random = (count: number): Uint8Array => new Uint8Array(randomBytes(count));
  const proc = openProc();
  const collectors = createCollectors({
    config,
    clock,
    random,
    log,
    http: nodeHttp,
    disk,
    proc,
    inspectContainer: askEngine({ clock }),
  });
  const node = { http: nodeHttp, serviceUrl: config.chainwebUrl, network: config.network };
  const header = (ref: HeaderRef, signal: AbortSignal): Promise<Uint8Array> => fetchHeader(node, ref, signal);
  const tips = (): AgentReadings['cut']['tips'] | undefined => collectors.reading('cut').value?.tips;
  const chainTime = new ChainTime({ clock, log, network: config.network, tips, fetchHeader: header });
  const kept = { clock, ca, keepAlive: true };
  const pollHttp = createHttp({
    ...kept,
    proxies: createProxies({ ...kept, proxyFor: environmentRule(config) }),
  });
  const hostFacts = readHostFacts(proc);
  let started: Agent | undefined;
  const work = new HostWork(context, {
    ...{ proc, random, hostFacts },
    time: () => started?.regionTime(),
    updates: () => updates,
  });
  const wanted = Promise.withResolvers<'restart'>();
  const restart = (): void => wanted.resolve('restart');
  const updates = await openUpdates(context, { proc, random, restart, agent: () => started }, ground);
  const updateOnly = ground?.launched.updateOnly ?? false;
  const agent = await createAgent({
    config,
    configHost,
    clock,
    disk,
    random,
    log,
    transports: {
      websocket: createWebSocketTransport({ clock, proxies, ca }),
      'long-poll': createLongPollTransport({ clock, http: pollHttp }),
    },
    collectors,
    fetchHeader: header,
    fetchPayload: (ref, inner) => fetchPayload(node, ref, inner),
    dialBack: consentOf(context),
    hostFacts,
    idleProbe: updateOnly ? undefined : createIdleProbe({ http }),
    provenChainTime: () => chainTime.proven,
    handlers: updateOnly ? {} : work.handlers,
    updates,
    updateOnly,
    benchmarks: createHostLock(clock, 'benchmark'),
    version,
    runtime: `node ${process.versions.node}`,
  });
  started = agent;
  return { agent, collectors, chainTime, work, updates, restart: wanted.promise };
}

/** Past every proxy: that a proxy reaches a node proves nothing. */
function consentOf({ config: { dialBack }, clock }: AgentContext): DialBackConsent | undefined {
  if (dialBack === 'no') return undefined;
  const besides = addressesIn(dialBack === 'public' ? '' : dialBack);
  return { look: lookThrough(createHttp({ clock })), besides };
}

/** Resolves with whether the process is to become the program anew. */
async function serve(context: AgentContext, parts: Parts): Promise<boolean> {
  const { agent, collectors, chainTime, work, updates, restart } = parts;
  const { config, clock, log, logRing, signal, version } = context;
  const startedMs = clock.monotonic();
  const snapshot = (): StatusSnapshot =>
    buildSnapshot({
      version,
      pid: process.pid,
      instance: config.instance,
      nodeId: agent.nodeId,
      ownerKey: agent.ownerKey,
      at: clock.now(),
      uptimeMs: clock.monotonic() - startedMs,
      rssBytes: process.memoryUsage.rss(),
      link: agent.link(),
      outbox: agent.outbox(),
      work: agent.work(),
      update: updates.view(),
      network: config.network,
      chainwebUrl: config.chainwebUrl,
      readings: collectors.readings(),
    });
  const servers: Array<{ close(): Promise<void> }> = [];
  try {
    agent.start();
    // Once the way to the hub is begun: Node takes its time over a server.
    servers.push(
      await serveStatus({
        path: config.statusSocket,
        clock,
        answers: {
          status: snapshot,
          metrics: () => ({ text: agentMetrics(snapshot()) }),
          logs: () => ({ lines: logRing.lines() }),
          jobs: () => agent.work(),
          look: async () => {
            await agent.look();
            return agent.work();
          },
          update: (request) => answerUpdate(updates, request),
        },
        follow: (told) => logRing.follow(told),
      }),
    );
    const metrics = await listenForScrapes(config.metricsListen, () => agentMetrics(snapshot()));
    if (metrics !== undefined) servers.push(metrics);
    if (!agent.updateOnly) {
      chainTime.start();
      void work.resume();
    }
    const end = await Promise.race([agent.ended, aborted(signal), restart]);
    if (end === 'revoked') throw new NodeRevokedError(agent.nodeId);
    return end === 'restart';
  } finally {
    log.info('agent-stopping');
    chainTime.stop();
    await Promise.all([agent.stop(), ...servers.map((server) => server.close())]);
  }
}

async function listenForScrapes(
  listen: string,
  text: () => string,
): Promise<{ close(): Promise<void> } | undefined> {
  if (listen === '') return undefined;
  const { serveMetrics } = await import('#status/metrics-server.ts');
  return serveMetrics(listen, text);
}

function aborted(signal: AbortSignal): Promise<'aborted'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('aborted');
    else signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
}
