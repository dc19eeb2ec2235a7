import type { MiddlewareHandler } from 'hono';
import type { NodeAccess } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import type { Liveness, NetworkHeads } from '#nodes/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Mailer } from '#seams/mailer/index.ts';
import type { Clock } from '../clock.ts';
import type { AllowedAddresses } from '../egress-addresses.ts';
import type { HttpEnv, HttpFeature } from '../http.ts';
import { Lease } from '../leases/index.ts';
import type { Log } from '../log.ts';
import { RefreshedByKey } from '../refreshed-by-key.ts';
import type { Task } from '../ticker.ts';
import type { Vault } from '../vault/index.ts';
import { audienceOf, type Viewer } from '../viewer.ts';
import { AlertReader } from './alert-reader.ts';
import { ChannelStore } from './channel-store.ts';
import { createSends } from './channels/index.ts';
import { DeadMan } from './dead-man.ts';
import { AlertDesk } from './desk.ts';
import { DiskTrends } from './disk-trends.ts';
import { Dispatcher } from './dispatcher.ts';
import { Egress } from './egress.ts';
import { Evaluator, type EvaluatorDeps } from './evaluator.ts';
import { Freezes, type FrozenNodes } from './freezes.ts';
import type { Expiry, MintTrouble, RefusedEvidence } from './region-watch.ts';
import { alertRoutes } from './routes.tsx';
import type { Disputed, PayoutMissing } from './rule-sql.ts';
import { RuleStore } from './rule-store.ts';
import { createNodeLanguage } from './scope.ts';
import { type Maintenance, SilenceStore } from './silence-store.ts';
import { AlertSweep } from './sweep.ts';

export { CHANNEL_SECRETS } from './channel-store.ts';
export { sendTestMail } from './test-mail.ts';
export type { Expiry, FrozenNodes, Maintenance, MintTrouble, PayoutMissing };

/** What the hub tells alerts of itself. */
export interface AlertSources {
  readonly instanceId: string;
  /** Of this instance's mass expiry. */
  readonly mass: () => FrozenNodes | undefined;
  readonly expiries: () => readonly Expiry[];
  /** By this instance, within a day. */
  readonly refusedEvidence?: () => readonly RefusedEvidence[];
  /** Networks that webhooks may reach though they are not public. */
  readonly egressAllow: AllowedAddresses;
  /** Asked each minute while the hub is healthy. */
  readonly deadManUrl: URL | undefined;
  /** Rejects where the hub is not healthy. */
  readonly healthy: () => Promise<void>;
}

export interface AlertsDeps extends AlertSources {
  readonly payoutMissing: PayoutMissing;
  readonly disputed: Disputed;
  readonly mailer: Mailer;
  /** E-mails of the admins, who hear what is about the region. */
  readonly admins: () => Promise<readonly string[]>;
  readonly endingKeys: EvaluatorDeps['endingKeys'];
  readonly haltedRollouts: EvaluatorDeps['haltedRollouts'];
  readonly silentKeys?: NonNullable<EvaluatorDeps['silentKeys']>;
  readonly mintTroubles?: NonNullable<EvaluatorDeps['mintTroubles']>;
  readonly sql: Sql;
  /** Seals what channels take to be reached. */
  readonly vault: Vault;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly log: Log;
  readonly liveness: Liveness;
  readonly heads: Pick<NetworkHeads, 'heads'>;
  readonly access: NodeAccess;
  readonly audit: AuditLog;
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly publicUrl: string;
}

export interface Alerts {
  readonly routes: HttpFeature;
  readonly tasks: readonly Task[];
  /** Open alerts of the nodes that the viewer may see; at most a second old. */
  openCount(viewer: Viewer): Promise<number>;
  /** The window that a node is in at an instant, milliseconds since 1970. */
  inMaintenance(nodeId: string, at: number): Promise<Maintenance | undefined>;
  /** Stops sending and lets another instance evaluate. */
  close(): Promise<void>;
}

/** Rules over the fleet, who hears of them, and the pages on which people settle both. */
export function createAlerts(deps: AlertsDeps): Alerts {
  const { sql, vault, clock, random, log, publicUrl, access, audit, mailer } = deps;
  const language = createNodeLanguage(deps);
  const allowed = deps.egressAllow;
  const egress = new Egress({ allowed });
  const holder = `${deps.instanceId} ${Buffer.from(random(6)).toString('hex')}`;
  const lease = new Lease({ sql, clock, name: 'alerts', holder });
  const freezes = new Freezes(deps);
  const evaluator = new Evaluator({ ...deps, lease, freezes, language });
  const send = createSends({ mailer, egress, origin: publicUrl, clock });
  const dispatcher = new Dispatcher({ sql, vault, clock, log, send });
  const reader = new AlertReader({ sql, access });
  const [rules, channels, silences] = [
    new RuleStore(sql),
    new ChannelStore({ sql, vault }),
    new SilenceStore({ sql, language }),
  ];
  const desk = new AlertDesk({ access, audit, clock, random, rules, channels, silences });
  const counts = new RefreshedByKey({ clock, load: (audience) => reader.openCount(audience) });
  const openCount = (viewer: Viewer) => counts.read(audienceOf(viewer));
  const { deadManUrl: url, healthy } = deps;
  return {
    routes: alertRoutes({
      ...{ guard: deps.guard, allowed, clock, reader, desk, rules, channels, silences, language, openCount },
    }),
    tasks: [
      evaluator,
      dispatcher,
      new DiskTrends({ sql, clock }),
      new AlertSweep({ sql, clock }),
      ...(url === undefined ? [] : [new DeadMan({ url, egress, healthy })]),
    ],
    openCount,
    inMaintenance: (nodeId, at) => silences.inMaintenance(nodeId, at),
    async close() {
      await dispatcher.close();
      await lease.release();
    },
  };
}
