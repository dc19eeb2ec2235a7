/**
 * The composition root: it puts the agents' side, the console and what runs on a period on the back ends that the
 * commands have opened. The console's own features are put together in `web.ts`, which names no back end.
 */

import { join } from 'node:path';
import { CAPABILITY, type CryptoSuite, type Random, type SigningKey, toHex } from '@stoa/protocol';
import type { Checkpoint } from '@stoa/protocol/chainweb';
import type { MintSignerClient, SignerClient } from '@stoa/signer/client';
import { watchRights } from './accounts/index.ts';
import { CHANNEL_SECRETS } from './alerts/index.ts';
import { openArchiveStorage } from './archives/index.ts';
import { AuditLog } from './audit/index.ts';
import { Bus } from './bus.ts';
import type { Clock } from './clock.ts';
import { within } from './closing.ts';
import type { HubConfig } from './config.ts';
import { HubError } from './error.ts';
import {
  type AgentSide,
  createAgentSide,
  FrameRate,
  HubIdentity,
  type HubIdentityDeps,
} from './gateway/index.ts';
import { HistoryRecorder, HistoryStore, PartitionKeeper } from './history/index.ts';
import { hubFacts } from './hub-facts.ts';
import { ImportedNodes } from './import/index.ts';
import { createJobs, type Jobs } from './jobs/index.ts';
import { ArtefactStore, JoinSteps, loadInstaller } from './joining/index.ts';
import type { Log } from './log.ts';
import {
  EventRetention,
  JoinTokens,
  ListedStates,
  Liveness,
  MassExpiry,
  NodeEventLog,
  NodeRegistry,
  sampleOf,
} from './nodes/index.ts';
import { createOrders, orderTasks } from './orders/index.ts';
import { OwnerKeyChanges, OwnerKeyStore } from './owner-keys/index.ts';
import { guardSource } from './payouts/index.ts';
import type { PrivateFile } from './private-file.ts';
import { publicUrlShortcomings } from './public-url.ts';
import { loadRegionSettings, saveOrigin } from './region-settings.ts';
import { createReleases } from './releases/index.ts';
import { createRollouts, mayBegin } from './rollouts/index.ts';
import type { DbAdapter } from './seams/db-adapter/index.ts';
import { createLogMailer, createSmtpMailer } from './seams/mailer/index.ts';
import { descriptorShortage } from './server.ts';
import { openSshSide, type SshSideDeps, sealersOf } from './ssh-side.ts';
import { openStoicism } from './stoicism.ts';
import { Telemetry } from './telemetry.ts';
import { type Task, Tickers } from './ticker.ts';
import { type CheckpointFile, type Fetch, openLightClient, type VerifiedSet } from './tips/index.ts';
import { bindTls } from './tls.ts';
import { openVault, SECRETS } from './vault/index.ts';
import { createWeb, type Web } from './web.ts';

export interface HubOptions {
  readonly config: HubConfig;
  readonly version: string;
  /** Migrated; the hub closes it. */
  readonly database: DbAdapter;
  /** The hub closes it. */
  readonly signer: SignerClient;
  /** Of the minter, where this hub mints. The hub closes it. */
  readonly mintSigner?: MintSignerClient | undefined;
  readonly key: SigningKey;
  /** Where the last certificate is kept, for a start while the signer is away. */
  readonly identityCache: HubIdentityDeps['cache'];
  /** Pinned by the admin. */
  readonly checkpoint: Checkpoint;
  /** Where the one that follows the head is kept. */
  readonly rollingCheckpoint: CheckpointFile;
  /** Where the keys are that seal secrets in the database. */
  readonly vaultKeys: Pick<PrivateFile, 'load' | 'save'>;
  readonly queue?: SshSideDeps['queue'] | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: CryptoSuite;
  readonly fetch: Fetch;
  readonly log: Log;
}

export interface Hub extends AsyncDisposable {
  /** Where agents and browsers reach it. */
  readonly url: URL;
  readonly agents: AgentSide;
  readonly jobs: Jobs;
  readonly web: Web;
  readonly tokens: JoinTokens;
  readonly registry: NodeRegistry;
  readonly tips: VerifiedSet;
  readonly liveness: Liveness;
  readonly tickers: Tickers;
  /**
   * Stops taking work, says goodbye, writes what is in memory. Idempotent; a few seconds, whatever hangs. Rejects where
   * something could not be written, after all else is closed.
   */
  close(): Promise<void>;
}

/** Agents that lost their hub for long ask again every ten minutes at the latest, and beat at once. */
const LONGEST_RETURN_MS = 12 * 60_000;
/** What one step of shutting down may take: a database that does not answer is left. */
const CLOSING_MS = 4_000;

export async function openHub(options: HubOptions): Promise<Hub> {
  const { config, database, signer, clock, random, crypto, log } = options;
  const { sql } = database;
  // Undone in the opposite order, by `close` or where the start fails: what is still in memory is written before the database goes.
  await using opening = new AsyncDisposableStack();
  const last = within(CLOSING_MS, clock);
  opening.defer(() => database.close());
  opening.defer(() => signer.close());
  opening.defer(() => options.mintSigner?.close());
  const settings = await loadRegionSettings(sql, random);
  const { server, serve, origin, tls } = await bindTls(config, clock);
  opening.defer(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = config.publicUrl ?? origin;
  for (const shortcoming of publicUrlShortcomings(url)) log.warn(`${url.origin}: ${shortcoming}`);
  const identity = new HubIdentity({
    instanceId: config.instance,
    key: options.key,
    binding: { mode: 'terminator', value: url.hostname },
    capabilities: CAPABILITY.updates | CAPABILITY.dialBack | CAPABILITY.audits | CAPABILITY.receipts,
    signer,
    cache: options.identityCache,
    clock,
    log,
  });
  await identity.start();
  const { cert, party } = identity.proof;
  const region = cert.region;
  const rootFingerprint = crypto.hash(party.chain.root);
  if (region !== config.region)
    throw new HubError(
      'wrong_region',
      `the signer certifies for region '${region}'; REGION is '${config.region}'`,
      {
        retry: false,
      },
    );

  const bus = new Bus({ log });
  const columns = [CHANNEL_SECRETS, SECRETS];
  const holder = { instance: config.instance, url: (config.instanceUrl ?? origin).href };
  const sealers = sealersOf({ ...holder, clock });
  const vault = await openVault({ file: options.vaultKeys, sql, random, log, columns, sealers });
  opening.defer(await watchRights({ sql, bus, log }));
  const registry = new NodeRegistry({ sql, clock, crypto });
  const events = new NodeEventLog({ sql, clock });
  const ownerKeyStore = new OwnerKeyStore(sql);
  const ownerKeyChanges = new OwnerKeyChanges({ store: ownerKeyStore, crypto });
  const tokens = new JoinTokens({
    sql,
    clock,
    random,
    crypto,
    hub: { origin: url.origin, region, rootFingerprint },
  });
  const chain = await openLightClient({
    ...{ pinned: options.checkpoint, rolling: options.rollingCheckpoint, node: config.chainwebUrl },
    ...{ bus, clock, fetch: options.fetch, log },
  });
  const history = new HistoryStore({ sql });
  const recorder = new HistoryRecorder({ clock, store: history, run: toHex(random(8)) });
  const heartbeatMs = config.heartbeatSeconds * 1_000;
  const liveness = new Liveness({ clock, intervalMs: heartbeatMs });
  const heardUntil = await newestHeartbeat(database);
  if (heardUntil !== undefined)
    liveness.restarted({ heardUntil, graceMs: Math.min(clock.now() - heardUntil, LONGEST_RETURN_MS) });

  const steps = new JoinSteps({ sql, clock });

  const orders = createOrders({ sql, region, clock, random, crypto });
  const jobs = await createJobs({
    ...holder,
    logDirectory: config.jobsDir ?? join(config.dataDir, 'jobs'),
    generation: settings.generation,
    party: () => identity.proof.party,
    ...{ orders, mayBegin, sql, bus, events, liveness, heads: chain.heads },
    ...{ clock, random, crypto, fetch: options.fetch, log },
  });
  opening.defer(() => jobs.close());
  const installer = await loadInstaller({ origin: url.origin, network: config.network });
  const ssh = await openSshSide({
    ...{ config, sql, generation: settings.generation, instance: config.instance },
    ...{ tokens, registry, installer, vault, clock, random, log, queue: options.queue },
    onPolled: (nodeId) => bus.publish('nodes', { ids: [nodeId] }),
  });
  opening.defer(() => last(ssh.close()));
  const imported = new ImportedNodes({ sql, audit: new AuditLog({ sql, clock }), clock });
  const releases = createReleases({
    ...{ config, sql, vault, bus, clock, random, crypto, fetch: options.fetch, log },
    instanceId: config.instance,
  });
  opening.defer(() => last(releases.close()));
  const artefacts = new ArtefactStore({
    directory: config.artefactsDir ?? join(config.dataDir, 'artefacts'),
    roots: () => releases.bench.reader.roots(),
    ...{ region, rootFingerprint, crypto, clock, log },
  });
  let sessions: AgentSide['gateway']['sessions'] | undefined;
  const rollouts = await createRollouts({
    ...{ sql, bus, clock, random, log, orders, releases: releases.bench, instanceId: config.instance },
    rehearsal: config.rolloutRehearsal,
    sessions: () => sessions,
  });
  opening.defer(() => rollouts.close());
  opening.defer(() => last(rollouts.release()));
  const stoicism = await openStoicism({
    ...{ config, sql, region, identity, chain, clock, random, crypto, log },
    massSince: () => massExpiry.frozen?.since,
    ...{ jobs: jobs.reader, fetch: options.fetch, mintSigner: options.mintSigner },
  });
  opening.defer(() => last(stoicism.close()));
  const agents: AgentSide = createAgentSide({
    work: jobs.frames,
    ...{ gates: stoicism.frames, termsOf: stoicism.termsOf },
    updates: rollouts.frames,
    receipts: stoicism.receipts.frames,
    instanceId: config.instance,
    region,
    rootFingerprint,
    settings,
    identity,
    signer,
    sql,
    bus,
    registry,
    tokens,
    ownerKeyOf: (owner) => ownerKeyStore.inForce(owner),
    recognise: (node) => imported.joined(node),
    ownerKeyChanges: (owner, fingerprint) => ownerKeyChanges.since(owner, fingerprint),
    events,
    set: chain.set,
    corroboration: chain.corroboration,
    onJoinStep: (tokenId, step, detail) => {
      steps
        .mark(tokenId, step, detail)
        .catch((err: unknown) => log.warn({ err }, 'a step of joining could not be noted'));
    },
    onSample: (node, at, gauges) => recorder.record(node.nodeId, at, sampleOf(gauges)),
    handshakesPerAddress: config.handshakesPerAddress,
    heartbeatMs,
    reconnectWindowMs: config.reconnectWindowSeconds * 1_000,
    clock,
    random,
    crypto,
    log,
    addressOf: (request) => config.trustedProxies.addressOf(request),
  });

  sessions = agents.gateway.sessions;
  await agents.start();
  opening.defer(() => last(recorder.flush()));
  opening.defer(() => last(agents.close()));

  const telemetry = new Telemetry({
    gateway: agents.gateway,
    heartbeats: agents.heartbeats,
    database,
    certificateNotAfter: () => identity.proof.cert.notAfter,
  });
  const rate = new FrameRate(() => agents.gateway.counters.framesIn);
  const startedAt = clock.now();
  const mailer =
    config.smtpUrl === undefined
      ? createLogMailer({ write: (mail) => log.info({ mail }, 'no SMTP_URL: an e-mail is written here') })
      : createSmtpMailer({ url: config.smtpUrl, from: config.mailFrom });
  opening.defer(() => mailer.close());
  const massExpiry = new MassExpiry({
    nodes: () => agents.gateway.nodes(),
    liveness,
    heartbeatMs,
    clock,
    log,
  });
  const archives = await openArchiveStorage(config, clock);
  const web = await createWeb({
    sql,
    vault,
    database,
    bus,
    clock,
    random,
    log,
    signer: { key: options.key, chain: () => identity.proof.chain },
    addressOf: (request) => config.trustedProxies.addressOf(request),
    publicUrl: url.origin,
    transactionUrl: config.transactionUrl,
    regionPlace: config.regionPlace,
    mailer,
    signUp: config.signUp,
    adminEmail: config.adminEmail,
    heads: chain.heads,
    liveness,
    history,
    hub: hubFacts({
      ...{ config, version: options.version, network: options.checkpoint.network.name, region, startedAt },
      ...{ database, telemetry, rate, gateway: agents.gateway, certificate: () => identity.proof.cert },
    }),
    ...{ orders, jobs, ssh, archives, releases, guards: guardSource(config) },
    mintActs: stoicism.mint?.intervention,
    join: { tokens, steps, artefacts, installer },
    alerts: {
      instanceId: config.instance,
      mass: () => massExpiry.frozen,
      expiries: () => [...identity.expiries, ...(tls?.expiries ?? []), ...releases.ends()],
      refusedEvidence: () => stoicism.gates.trust.refusals(),
      egressAllow: config.egressAllow,
      deadManUrl: config.deadManUrl,
      healthy: () => database.check(),
    },
    features: [telemetry, jobs.peerRoutes, releases.downloads],
  });

  const partitions = new PartitionKeeper({ sql, clock });
  await partitions.tick();
  const tickers = new Tickers({ clock, log });
  const tasks: Task[] = [
    ...(tls === undefined ? [] : [tls]),
    ...agents.tasks,
    ...[...jobs.tasks, ...ssh.tasks],
    ...orderTasks({ sql, signer, clock }),
    ...web.tasks,
    ...[...releases.tasks, ...rollouts.tasks],
    ...[...chain.tasks, ...stoicism.tasks],
    rate,
    recorder,
    partitions,
    new EventRetention({ sql, clock }),
    new ListedStates({ sql, clock, liveness }),
    massExpiry,
  ];
  opening.defer(() => telemetry.close());
  opening.defer(() => last(tickers.stop()));
  opening.defer(() => tls?.close?.());
  opening.defer(() => last(web.alerts.close()));
  opening.defer(() => web.close());
  opening.defer(() => {
    server.close();
  });
  const shortage = await descriptorShortage(config.maxConnections);
  if (shortage !== undefined) log.warn(shortage);
  for (const task of tasks) tickers.start(task);
  ssh.start();
  serve({
    request(request, response) {
      if (!agents.routes.handle(request, response)) void web.listener(request, response);
    },
    upgrade: (request, socket, head) => agents.routes.upgrade(request, socket, head),
  });
  // The CA calls back: whoever answers must be there first.
  if (tls !== undefined) void tickers.run(tls.name);

  await saveOrigin(sql, { origin: url.origin, rootFingerprint });
  const opened = opening.move();
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= opened.disposeAsync();
    return closing;
  };
  return {
    url,
    agents,
    jobs,
    web,
    tokens,
    registry,
    tips: chain.set,
    liveness,
    tickers,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function newestHeartbeat(database: DbAdapter): Promise<number | undefined> {
  const [row] = await database.sql<
    { newest: Date | null }[]
  >`select max(last_seen) as newest from node_status`;
  return row?.newest?.getTime();
}
