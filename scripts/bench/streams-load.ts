/**
 * Open pages and a changing fleet, in a process of their own so that the hub's CPU is told apart from theirs: opens the
 * streams, then writes node states and tells the hub which, as its own flush would.
 */
import { Agent, get, type IncomingMessage } from 'node:http';
import postgres from 'postgres';

export interface Load {
  readonly origin: string;
  readonly database: string;
  readonly streams: readonly { readonly cookie: string; readonly path: string }[];
  /** Of those that beat. */
  readonly nodeIds: readonly string[];
  readonly updatesPerSecond: number;
}

/** To the hub's process: the streams are open; these nodes changed; what the readers heard since the start. */
export type Report =
  | { readonly kind: 'open' }
  | { readonly kind: 'changed'; readonly ids: readonly string[] }
  | { readonly kind: 'heard'; readonly bytes: number; readonly messages: number; readonly updates: number };

/** As often as the hub's own flush writes. */
const STEP_MS = 250;
const OPENING_AT_ONCE = 20;

const tell = (report: Report) => process.send?.(report);
const heard = { bytes: 0, messages: 0, updates: 0 };

async function open({ origin, streams }: Load): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: streams.length });
  const left = [...streams];
  const opener = async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const { path, cookie } = next;
      const response = await new Promise<IncomingMessage>((resolve, reject) => {
        get(origin + path, { agent, headers: { cookie, accept: 'text/event-stream' } }, resolve).on(
          'error',
          reject,
        );
      });
      if (response.statusCode !== 200)
        throw new Error(`${path.slice(0, 80)} answered ${response.statusCode}`);
      response.on('data', (chunk: Buffer) => {
        heard.bytes += chunk.length;
        if (chunk.includes('data: ')) heard.messages += 1;
      });
    }
  };
  await Promise.all(Array.from({ length: OPENING_AT_ONCE }, opener));
}

function change({ database, nodeIds, updatesPerSecond }: Load): void {
  const sql = postgres(database, { max: 1, onnotice: () => undefined });
  const count = Math.round((updatesPerSecond * STEP_MS) / 1_000);
  let from = 0;
  let busy = false;
  setInterval(() => {
    if (busy) return;
    busy = true;
    // Each node as often as any other, far apart in the list.
    const ids = Array.from({ length: count }, (_, i) => nodeIds[((from + i) * 7_919) % nodeIds.length]!);
    from += count;
    sql`update node_status set cpu = random(), load = random() * 8, last_seen = now(),
      at_tip_at = case when lag <= 3 then now() else at_tip_at end where node_id = any(${ids}::text[])`
      .then(() => {
        heard.updates += ids.length;
        tell({ kind: 'changed', ids });
        busy = false;
      })
      .catch((error: unknown) => {
        throw error;
      });
  }, STEP_MS);
}

process.on('message', (message: Load | 'heard') => {
  if (message === 'heard') tell({ kind: 'heard', ...heard });
  else
    void open(message).then(() => {
      tell({ kind: 'open' });
      change(message);
    });
});
