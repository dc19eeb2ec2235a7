import type { MiddlewareHandler } from 'hono';
import type { ExportSigner } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { HttpEnv, HttpFeature } from '../http.ts';
import { statementRoutes } from './routes.tsx';
import { StatementStore } from './store.ts';

export { type StatementReport, verifyStatement } from './verifier.ts';

/** Pages of signed statements: any instance serves them. */
export function createStatements(by: {
  readonly sql: Sql;
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly signer: ExportSigner;
  readonly clock: Pick<Clock, 'now'>;
}): HttpFeature {
  return statementRoutes({ ...by, store: new StatementStore(by.sql) });
}
