import type { NetworkHeads } from '#nodes/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { Refreshed } from '../refreshed.ts';
import type { Groups } from './anonymity.ts';
import { HEADS_STALL_MS, headsAge, type Incident, type Incidents } from './incidents.ts';

export type Standing = 'ok' | 'degraded' | 'down';

export interface Component {
  readonly name: 'hub' | 'database' | 'chain heads';
  readonly standing: Standing;
  readonly says: string;
}

export interface Status {
  readonly standing: Standing;
  readonly components: readonly Component[];
  /** Undefined where the database can't be asked. */
  readonly agents: Groups | undefined;
  /** Milliseconds; undefined before the first verified head. */
  readonly headsAge: number | undefined;
  readonly incident: Incident | undefined;
  readonly at: number;
}

/** Above this the event loop answers everybody late. */
const SLOW_LOOP_MS = 250;

/** What works and what doesn't. It answers itself whatever is down, and is asked for once a second at most. */
export function createStatus(by: {
  clock: Pick<Clock, 'now'>;
  database: Pick<DbAdapter, 'check'>;
  heads: NetworkHeads;
  incidents: Pick<Incidents, 'last'>;
  connected: () => Promise<Groups>;
  loopLagMs: () => number;
}): Refreshed<Status> {
  return new Refreshed({ clock: by.clock, load: () => readStatus(by) });
}

async function readStatus(by: Parameters<typeof createStatus>[0]): Promise<Status> {
  const at = by.clock.now();
  const [database, agents, incident] = await Promise.all([
    by.database.check().then(
      () => true,
      () => false,
    ),
    by.connected().catch(() => undefined),
    by.incidents.last().catch(() => undefined),
  ]);
  const age = headsAge(by.heads, at);
  const components: Component[] = [
    by.loopLagMs() < SLOW_LOOP_MS
      ? { name: 'hub', standing: 'ok', says: 'answers' }
      : { name: 'hub', standing: 'degraded', says: 'answers late: it is busy' },
    database
      ? { name: 'database', standing: 'ok', says: 'answers' }
      : { name: 'database', standing: 'down', says: 'does not answer; agents stay connected' },
    headsComponent(age),
  ];
  const standing = (['down', 'degraded'] as const).find((bad) =>
    components.some((part) => part.standing === bad),
  );
  return { standing: standing ?? 'ok', components, agents, headsAge: age, incident, at };
}

function headsComponent(age: number | undefined): Component {
  if (age === undefined) return { name: 'chain heads', standing: 'degraded', says: 'none is verified yet' };
  return age <= HEADS_STALL_MS
    ? { name: 'chain heads', standing: 'ok', says: 'follow the network' }
    : { name: 'chain heads', standing: 'degraded', says: 'no new one for more than five minutes' };
}
