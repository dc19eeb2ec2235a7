import type { CryptoSuite, HubChain } from '@stoa/protocol';
import type { MiddlewareHandler } from 'hono';
import type { Liveness, NodeListing } from '#nodes/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { HttpEnv, HttpFeature } from '../http.ts';
import { RateLimit } from '../rate-limit.ts';
import { EvidenceStore } from './evidence-store.ts';
import { explorerRoutes } from './explorer-routes.tsx';
import { NodeEvidence } from './node-evidence.ts';
import { nodeReceiptRoutes } from './node-routes.tsx';
import { ProgramFile } from './program.ts';
import type { ReceiptSource } from './sources.ts';

export interface ReceiptPagesDeps {
  readonly sql: Sql;
  readonly receipts: ReceiptSource;
  readonly region: string;
  /** Of this instance. */
  readonly chain: () => HubChain;
  readonly listing: Pick<NodeListing, 'find'>;
  readonly liveness: Liveness;
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly clock: Pick<Clock, 'now'>;
  readonly crypto: Pick<CryptoSuite, 'hash'>;
}

/** Files with proofs in a minute: a day's may be 24 paths and more. */
const DOWNLOADS = { perKey: 20, inAll: 200 };

/** Receipts as people see them: roots for everybody, a node's own for who may see the node, and their verification. Only reads. */
export function createReceiptPages(deps: ReceiptPagesDeps): HttpFeature[] {
  const evidence = new NodeEvidence({ ...deps, store: new EvidenceStore(deps.sql) });
  const downloads = new RateLimit({ clock: deps.clock, ...DOWNLOADS });
  return [
    explorerRoutes({ ...deps, program: new ProgramFile() }),
    nodeReceiptRoutes({ ...deps, evidence, downloads }),
  ];
}
