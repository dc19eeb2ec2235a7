import type { MiddlewareHandler } from 'hono';
import type { NodeAccess } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import type { Liveness, NetworkHeads, NodeListing } from '#nodes/index.ts';
import type { DbAdapter, Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Assets } from '../console/assets.ts';
import type { HttpEnv, HttpFeature } from '../http.ts';
import type { Task } from '../ticker.ts';
import { kAnonymous } from './anonymity.ts';
import { Incidents } from './incidents.ts';
import { NodePublicity } from './publicity.ts';
import { publicityRoutes } from './publicity-routes.tsx';
import { type PulseDeps, pulseRoutes } from './routes.tsx';
import { createStatus } from './status.ts';
import { PulseStore } from './store.ts';

export interface PulseOptions
  extends Pick<PulseDeps, 'site' | 'regionPlace' | 'isSignedIn' | 'inMaintenance'> {
  readonly sql: Sql;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly assets: Assets;
  readonly heads: NetworkHeads;
  readonly liveness: Liveness;
  readonly database: Pick<DbAdapter, 'check'>;
  readonly loopLagMs: () => number;
  readonly access: NodeAccess;
  readonly audit: AuditLog;
  readonly listing: NodeListing;
  readonly guard: MiddlewareHandler<HttpEnv>;
  /** Where browsers reach this hub. */
  readonly publicUrl: string;
}

/** The pages that need no sign-in, and the tab on which owners say what those may show. */
export function createPulse(options: PulseOptions): {
  readonly features: readonly HttpFeature[];
  readonly tasks: readonly Task[];
} {
  const store = new PulseStore(options);
  const incidents = new Incidents(options);
  const connected = async () => kAnonymous((await store.connected()).regions);
  const status = createStatus({ ...options, incidents, connected });
  const publicity = new NodePublicity({ ...options, store });
  const origin = new URL(options.publicUrl).origin;
  return {
    features: [
      pulseRoutes({ ...options, store, status }),
      publicityRoutes({ ...options, store, publicity, origin }),
    ],
    tasks: [incidents],
  };
}
