import type { InstanceCert } from '@stoa/protocol';
import { type HubConfig, settingsInForce } from './config.ts';
import type { HubFacts } from './fleet/index.ts';
import type { AgentSide, FrameRate } from './gateway/index.ts';
import type { DbAdapter } from './seams/db-adapter/index.ts';
import type { Telemetry } from './telemetry.ts';

/** What pages tell of this hub, as it is when they ask. */
export function hubFacts(by: {
  readonly config: HubConfig;
  readonly version: string;
  readonly network: string;
  readonly region: string;
  readonly startedAt: number;
  readonly database: Pick<DbAdapter, 'kind'>;
  readonly telemetry: Pick<Telemetry, 'loopLagMs'>;
  readonly rate: Pick<FrameRate, 'perSecond'>;
  readonly gateway: AgentSide['gateway'];
  readonly certificate: () => Pick<InstanceCert, 'notAfter'>;
}): () => HubFacts {
  const { config, gateway } = by;
  const settings = settingsInForce(config);
  return () => ({
    version: by.version,
    instanceId: config.instance,
    region: by.region,
    network: by.network,
    startedAt: by.startedAt,
    database: by.database.kind,
    rssBytes: process.memoryUsage.rss(),
    loopLagMs: by.telemetry.loopLagMs,
    sessions: gateway.sessions.size,
    framesPerSecond: by.rate.perSecond,
    handshakes: {
      ...gateway.pending,
      done: gateway.counters.handshakes,
      refused: gateway.counters.refused,
      throttled: gateway.counters.throttled,
    },
    certificateNotAfter: by.certificate().notAfter,
    settings,
  });
}
