import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { HttpFeature } from '../http.ts';
import type { Task } from '../ticker.ts';
import { RichListRefresh } from './refresh.ts';
import { richListRoutes } from './routes.tsx';
import { RichListStore } from './store.ts';

interface RichListDeps {
  readonly sql: Sql;
  readonly clock: Pick<Clock, 'now'>;
}

/** Pages of the rich list: any instance serves them. */
export function createRichListPages({ sql, clock }: RichListDeps): HttpFeature {
  return richListRoutes({ store: new RichListStore(sql), clock });
}

/** Makes it anew each hour. For one process of the region (`LedTask`). */
export function createRichListRefresh({ sql, clock }: RichListDeps): Task {
  return new RichListRefresh({ store: new RichListStore(sql), clock });
}
