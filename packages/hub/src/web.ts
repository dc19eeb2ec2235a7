import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { Accounts, NodeAccess } from './accounts/index.ts';
import { accountRoutes } from './accounts/pages/index.ts';
import { AdminStore, adminRoutes } from './admin/index.ts';
import { type AlertSources, type Alerts, createAlerts } from './alerts/index.ts';
import { AnnouncementMails, AnnouncementStore, announcementRoutes } from './announcements/index.ts';
import { apiRoutes } from './api/index.ts';
import { ApiKeyStore, ApiKeys, apiKeyRoutes, requireKeyOrViewer } from './api-keys/index.ts';
import {
  ArchiveDesk,
  type ArchiveStorage,
  archiveRoutes,
  MultipartStorage,
  UploadStore,
  uploadRoutes,
} from './archives/index.ts';
import { AuditExport, AuditLog, AuditRetention, AuditStore, type ExportSigner } from './audit/index.ts';
import { auditRoutes } from './audit/pages/index.ts';
import { type Bootstrap, bootstrapPages, SSH_KINDS } from './bootstrap/index.ts';
import { BulkActs, bulkRoutes } from './bulk/index.ts';
import type { Bus } from './bus.ts';
import type { Clock } from './clock.ts';
import { Assets } from './console/assets.ts';
import { Live } from './console/live.ts';
import { createBreakdown, fleetRoutes, fleetSource, type HubFacts } from './fleet/index.ts';
import { createHttpApp, type HttpFeature, type HubApp, type HubContext } from './http.ts';
import { ImportedNodes, importRoutes } from './import/index.ts';
import { JobSchedules, type Jobs, jobPages, jobSources, LogFollowers } from './jobs/index.ts';
import {
  type ArtefactStore,
  ChecklistReader,
  downloadRoutes,
  type Installer,
  type JoinSteps,
  joinRoutes,
  joinSource,
  TokenLedger,
} from './joining/index.ts';
import type { Log } from './log.ts';
import { SilentKeys } from './mining/index.ts';
import { readTroubles } from './mint-pages/index.ts';
import {
  CpuDays,
  createCensus,
  createOutdatedChainweb,
  createSelectorValues,
  type HistoryReader,
  type JoinTokens,
  type Liveness,
  type NetworkHeads,
  NodeListing,
  NodeNotes,
  NodeReader,
  NodeRegistry,
  NodeSuggestions,
  nodeRoutes,
  nodeSources,
} from './nodes/index.ts';
import { type Orders, orderRoutes } from './orders/index.ts';
import { OwnerKeyStore, OwnerKeys, ownerKeyRoutes } from './owner-keys/index.ts';
import { paletteRoutes } from './palette/index.ts';
import { type GuardSource, payoutMissing, recordOwnerChange } from './payouts/index.ts';
import type { Place } from './place.ts';
import { createPulse } from './pulse/index.ts';
import { loadBackupTime } from './region-settings.ts';
import { type ReleaseSide, ReleaseViews, releasePages, upkeepFault } from './releases/index.ts';
import { createRolloutTools, UpgradeDesk } from './rollouts/index.ts';
import { rolloutPages, rolloutSource } from './rollouts/pages/index.ts';
import { SavedViews, savedViewRoutes } from './saved-views/index.ts';
import { createScoring, scoreRoutes } from './scores/index.ts';
import type { DbAdapter, Sql } from './seams/db-adapter/index.ts';
import type { Mailer } from './seams/mailer/index.ts';
import { ShareStore, Shares, sharingRoutes, TransferStore, Transfers } from './sharing/index.ts';
import { createStoicismPages, type StoicismPagesDeps } from './stoicism-pages.ts';
import { isDisputed } from './sybil/index.ts';
import type { Task } from './ticker.ts';
import type { Vault } from './vault/index.ts';

/** What joining takes besides the database: by whom agents are let in, and what they install. */
export interface JoinSide {
  readonly tokens: JoinTokens;
  readonly steps: JoinSteps;
  readonly artefacts: ArtefactStore;
  readonly installer: Installer;
}

export interface WebOptions {
  readonly sql: Sql;
  readonly database: Pick<DbAdapter, 'check' | 'replica'>;
  readonly vault: Vault;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Unpredictable bytes. */
  readonly random: (bytes: number) => Uint8Array;
  readonly log: Log;
  /** Signs exports of the audit log. */
  readonly signer: ExportSigner;
  /** Where browsers reach this hub; https makes cookies secure. */
  readonly publicUrl: string;
  /** Where the public map draws this region, if its name doesn't say it. */
  readonly regionPlace?: Place | undefined;
  /** Where an explorer of the chain shows a transaction: with `{key}` and `{chain}`. */
  /** Undefined where this hub mints nothing. */
  readonly mintActs: StoicismPagesDeps['mintActs'];
  readonly transactionUrl?: string | undefined;
  readonly heads: NetworkHeads;
  readonly liveness: Liveness;
  readonly history: HistoryReader;
  readonly hub: () => HubFacts;
  readonly guards: GuardSource;
  readonly join: JoinSide;
  readonly orders: Orders;
  readonly jobs: Pick<Jobs, 'desk' | 'reader' | 'logs'>;
  readonly ssh: Pick<Bootstrap, 'desk' | 'agentless' | 'access' | 'vault' | 'cache'>;
  readonly releases: ReleaseSide;
  /** Where backups of nodes go, besides their own disks. */
  readonly archives: ArchiveStorage | undefined;
  readonly mailer: Mailer;
  /** Whether strangers may make accounts. */
  readonly signUp: 'open' | 'closed';
  /** Who the first login link signs in. */
  readonly adminEmail: string;
  /** The real address of a client, behind whatever proxies are trusted. */
  readonly addressOf: (request: IncomingMessage) => string;
  readonly alerts: AlertSources;
  /** What else answers HTTP on the same port. */
  readonly features?: readonly HttpFeature[];
}

export interface Web {
  readonly app: HubApp;
  /** The application as a listener of a node:http server. */
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void;
  readonly accounts: Accounts;
  readonly alerts: Alerts;
  /** What features of the console do on a period. */
  readonly tasks: readonly Task[];
  /** Open pages that are patched as things change. */
  readonly streams: number;
  /** Ends the streams of open pages; the application still answers. */
  close(): void;
}

/** Everything that browsers see: accounts, pages, their streams, over one database. */
export async function createWeb(options: WebOptions): Promise<Web> {
  const { sql, clock, log, random, publicUrl, liveness, history, hub, join, features = [] } = options;
  const assets = await Assets.load();
  const audit = new AuditLog({ sql, clock });
  const auditStore = new AuditStore(sql);
  const exports = new AuditExport({ store: auditStore, signer: options.signer, clock });
  const accounts = await Accounts.open({
    ...options,
    audit,
    addressOf: (c) => clientOf(c, options.addressOf),
  });
  const guard = accounts.requireViewer;
  const holderOf = (email: string) => accounts.holderOf(email);
  const keyStore = new ApiKeyStore(sql);
  const keys = new ApiKeys({ store: keyStore, audit, clock, random, holderOf });
  const access = new NodeAccess({ sql });
  const census = createCensus({ sql, access, clock, liveness });
  const outdated = createOutdatedChainweb({ sql, access, clock, liveness });
  const breakdown = createBreakdown({ sql, access, clock, liveness });
  const listing = new NodeListing({ sql, access, clock, heads: options.heads });
  const days = new CpuDays({ history, clock });
  const { ssh } = options;
  const nodeReader = new NodeReader({ sql, probes: ssh.cache });
  const nodes = { ...options, access, listing, reader: nodeReader, census, days };
  const shareStore = new ShareStore(sql);
  const shares = new Shares({ store: shareStore, access, audit, clock });
  const transfers = new Transfers({
    ...{ store: new TransferStore(sql), access, audit, clock, random, origin: publicUrl },
    tell: (mail) => {
      options.mailer
        .send(mail)
        .catch((err: unknown) => log.warn({ err, subject: mail.subject }, 'a mail could not be sent'));
    },
    moved: recordOwnerChange,
  });
  const values = createSelectorValues({ sql, access, clock });
  const views = new SavedViews({ sql, clock, random });
  const registry = new NodeRegistry({ sql, clock, crypto: nodeCrypto });
  const ledger = new TokenLedger({ sql, clock, audit, tokens: join.tokens });
  const reader = new ChecklistReader({ sql, steps: join.steps });
  const joining = { ...join, ledger, reader, clock, guard, publicUrl };
  const { jobs } = options;
  const schedules = new JobSchedules({ sql, desk: jobs.desk, audit, holderOf, clock, log });
  const followers = new LogFollowers({ ...jobs, bus: options.bus, clock });
  const onMoved = (rolloutId: string) => options.bus.publish('rollouts', { ids: [rolloutId] });
  const rollouts = createRolloutTools({ sql, clock, releases: options.releases.bench, onMoved });
  const upgrades = new UpgradeDesk({ sql, clock, jobs: jobs.desk, orders: options.orders, onMoved });
  const { region, network } = hub();
  const stoicism = createStoicismPages({
    ...{ ...nodes, audit, guard, region, network, crypto: nodeCrypto },
    replica: options.database.replica,
    transactionUrl: options.transactionUrl,
  });
  const { payouts } = stoicism;
  const fleet = { census, breakdown, outdated, unpaid: payouts.unpaid, heads: options.heads, liveness };
  const sources = [
    ...stoicism.sources,
    rolloutSource({ ...rollouts, bus: options.bus, clock }),
    ...nodeSources(nodes),
    fleetSource(fleet),
    joinSource(joining),
    ...jobSources({ ...options, ...jobs }),
  ];
  // Before the streams, whose pages come back at once: they must not be believed.
  options.bus.subscribe('rights', () => accounts.sessions.forget());
  const live = new Live({ clock, log, guard, sources, logs: stoicism.logs, bus: options.bus });
  const ownerKeys = new OwnerKeys({
    store: new OwnerKeyStore(sql),
    audit,
    clock,
    region,
    crypto: nodeCrypto,
    changed: (owner) => options.bus.publish('ownerKeys', { owner }),
  });
  const site = { region, network };
  const silentKeys = new SilentKeys({ sql, clock });
  const alerts = createAlerts({
    ...{ ...options, ...options.alerts, access, audit, guard },
    admins: () => accounts.admins(),
    endingKeys: (span) => keyStore.ending(span),
    haltedRollouts: () => rollouts.reader.halted(),
    silentKeys: (told) => silentKeys.read(told),
    mintTroubles: (now) => readTroubles(sql, now),
    payoutMissing,
    disputed: isDisputed,
  });
  const pulse = createPulse({
    ...{ ...options, access, listing, audit, guard, assets, site, regionPlace: options.regionPlace },
    loopLagMs: () => hub().loopLagMs,
    inMaintenance: async (nodeId) => (await alerts.inMaintenance(nodeId, clock.now())) !== undefined,
    isSignedIn: async (c) => (await accounts.sessions.of(c)).length > 0,
  });
  const announcements = new AnnouncementStore({ sql, liveness, heads: options.heads });
  const archives = new ArchiveDesk({ storage: options.archives, access, audit });
  const releases = new ReleaseViews({
    ...{ ...options.releases, auditStore, clock, origin: publicUrl },
    fault: () => upkeepFault(sql),
  });
  const acts = new BulkActs({ ...options, access, audit });
  const scoring = createScoring({
    ...{ sql, clock, random, crypto: nodeCrypto, jobs: jobs.reader },
    onStamped: (ids) => options.bus.publish('nodes', { ids }),
  });
  const addressOf = (c: HubContext) => clientOf(c, options.addressOf);
  const app = createHttpApp({
    features: [
      ...pulse.features,
      accountRoutes(accounts),
      apiKeyRoutes({ keys, guard, clock }),
      fleetRoutes(fleet, guard),
      nodeRoutes({
        ...nodes,
        history,
        guard,
        notes: new NodeNotes({ sql, clock }),
        registry,
        audit,
        values,
        panels: stoicism.panels,
      }),
      jobPages({
        ...{ ...nodes, ...jobs, schedules, followers, guard },
        orders: options.orders,
        sshKinds: Object.keys(SSH_KINDS),
      }),
      bootstrapPages({
        ...{ ...nodes, auditStore, guard, desk: ssh.desk, agentless: ssh.agentless },
        ...{ nodeAccess: access, access: ssh.access, secrets: ssh.vault },
      }),
      archiveRoutes({
        ...{ ...nodes, guard, jobs: jobs.reader, ownerKeys: new OwnerKeyStore(sql) },
        desk: archives,
      }),
      uploadRoutes({
        storage: options.archives && new MultipartStorage({ storage: options.archives, fetch }),
        ...{ store: new UploadStore(sql), audit, clock, crypto: nodeCrypto },
      }),
      importRoutes({ guard, imported: new ImportedNodes({ sql, audit, clock }), bus: options.bus, clock }),
      ownerKeyRoutes({ ownerKeys, guard, clock }),
      ...stoicism.features,
      orderRoutes({ orders: options.orders, guard }),
      scoreRoutes({ ...nodes, ...scoring, guard }),
      scoring.work,
      sharingRoutes({ ...nodes, guard, access, shares, store: shareStore, transfers, fingerprintOf }),
      savedViewRoutes({ guard, views }),
      bulkRoutes({ guard, acts }),
      apiRoutes({
        ...{
          listing,
          acts,
          jobs,
          followers,
          liveness,
          ledger,
          clock,
          auditStore,
          publicUrl,
          ssh,
          archives,
          releases,
          payouts: payouts.desk,
        },
        scores: scoring.reader,
        nodeAccess: access,
        version: hub().version,
        guard: requireKeyOrViewer({ keys, guard, addressOf }),
      }),
      paletteRoutes({ guard, suggestions: new NodeSuggestions({ sql, access, liveness }) }),
      downloadRoutes({ ...join, log }),
      auditRoutes({ ...{ guard, store: auditStore, audit, exports, listing, liveness }, clock, log }),
      joinRoutes(joining),
      releasePages({ guard, views: releases }),
      rolloutPages({ ...nodes, guard, tools: rollouts, upgrades, access, clock }),
      announcementRoutes({ guard, audit, clock, store: announcements }),
      adminRoutes({
        ...{ guard, audit, census, outdated, liveness, clock, hub, lastBackup: () => loadBackupTime(sql) },
        store: new AdminStore({ sql, liveness }),
        openPages: () => live.size,
      }),
      alerts.routes,
      live,
      ...features,
    ],
    assets,
    site,
    log,
    clock,
    secure: new URL(publicUrl).protocol === 'https:',
  });
  const listener = getRequestListener(app.fetch);
  return {
    app,
    listener: (request, response) => void listener(request, response),
    accounts,
    tasks: [
      accounts.sweep,
      transfers,
      ...[...stoicism.tasks, ...alerts.tasks, ...pulse.tasks],
      new AnnouncementMails({ ...options, store: announcements }),
      new AuditRetention({ store: auditStore, clock }),
      schedules,
      ...scoring.tasks,
    ],
    alerts,
    get streams() {
      return live.size;
    },
    close: () => live.close(),
  };
}

/** Where there is no socket (a request made in-process) everybody is one client. */
function clientOf(c: HubContext, addressOf: (request: IncomingMessage) => string): string {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
  return incoming === undefined ? 'unknown' : addressOf(incoming as IncomingMessage);
}

/** As agents print it. */
function fingerprintOf(publicKey: Uint8Array): string {
  return toHex(nodeCrypto.hash(publicKey));
}
