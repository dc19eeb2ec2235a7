import type { CryptoSuite, Random } from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { SharedCertificate } from '../gates/index.ts';
import type { GateFrames } from '../gateway/index.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import { AuditDesk } from './audit-desk.ts';
import { AuditExchange } from './audit-exchange.ts';
import { DisputeStore } from './dispute-store.ts';
import { Disputes } from './disputes.ts';
import { PayloadPool, type PayloadPoolDeps } from './payload-pool.ts';
import { RoundStore } from './round-store.ts';

export type { Clustering } from './cluster-store.ts';
export type { Dispute } from './dispute.ts';
export { isDisputed } from './dispute-store.ts';
export { DisputePanel } from './node-panel.tsx';
export { reportCsv, reportJson, scoreText } from './report.ts';
export { sybilPages } from './routes.tsx';
export { createSybilTools, type SybilTools } from './tools.ts';

const HOUR_MS = 3_600_000;
/** How long rounds are kept that look like one machine; the rest for as long as disputes look at them. What one rests on stays in it. */
const KEPT_MS = 35 * 24 * HOUR_MS;
const OTHERS_KEPT_MS = 8 * 24 * HOUR_MS;

export interface SybilWatchDeps extends PayloadPoolDeps {
  readonly sql: Sql;
  readonly instanceId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly crypto: CryptoSuite;
  readonly log: Log;
}

/** The agents' side: audits of clusters, and what becomes of their evidence. */
export interface SybilWatch {
  readonly frames: Pick<GateFrames, 'opened' | 'ended' | 'auditResponse'>;
  readonly onShared: (shared: SharedCertificate) => Promise<void>;
  readonly tasks: readonly Task[];
}

export function createSybilWatch(deps: SybilWatchDeps): SybilWatch {
  const { sql, clock } = deps;
  const rounds = new RoundStore(sql);
  const disputes = new Disputes({ ...deps, rounds, store: new DisputeStore(sql) });
  const exchange = new AuditExchange({
    ...deps,
    monotonic: () => performance.now(),
    keysOf: (nodeId, now) => rounds.keysOf(nodeId, now),
  });
  const onRound: Disputes['audited'] = (round) => disputes.audited(round);
  const desk = new AuditDesk({ ...deps, exchange, rounds, onRound, pool: new PayloadPool(deps) });
  return {
    frames: {
      opened: (session) => desk.opened(session),
      auditResponse: (session, sealed) => exchange.response(session, sealed),
      ended: (session) => desk.ended(session),
    },
    onShared: (shared) => disputes.shared(shared),
    tasks: [
      desk,
      {
        name: 'audit-keeper',
        periodMs: HOUR_MS,
        tick: () => rounds.forgetBefore(clock.now() - KEPT_MS, clock.now() - OTHERS_KEPT_MS),
      },
    ],
  };
}
