import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, openEmbedded } from '@stoa/hub';
import { createLedger, type LedgerDeps, type NodeHourWords } from '@stoa/hub/ledger';
import { random } from '../../test/kit/wire-agent.ts';
import { type Bench, cpuOf, result, round } from './result.ts';

const NODES = 200_000;
const HOUR_MS = 3_600_000;
const FIRST = 493_000;
const PAGE = 2_000;
const WORD = (1n << 60n) - 1n;

/**
 * Hours of 200,000 nodes closed into a durable database (fsync on): events with their chain, balances, sums; words, scores and
 * payees come from memory. 100,000 accounts, one node in ten with a tunnel, one in twenty in its warm-up. The first hour makes
 * the accounts; the value is the slowest of the others. Then the ledger is held against a replay, and its chain is verified.
 */
export const benchLedgerClose: Bench = async ({ long, say }) => {
  const hours = long ? 12 : 3;
  const dataDir = await mkdtemp(join(tmpdir(), 'stoa-bench-'));
  const log = createLog({ level: 'error' });
  try {
    await using database = await openEmbedded({ dataDir, log });
    await database.migrate();
    let now = FIRST * HOUR_MS;
    const clock = { now: () => now, after: () => () => undefined };
    const ledger = createLedger({
      ...{ sql: database.sql, ...fleet(), instanceId: 'bench', region: 'bench', clock, random, log },
      ...{ dumpDirectory: undefined, dumpKeyFile: undefined },
    });
    await ledger.book.begin();
    const took: number[] = [];
    const cpu: number[] = [];
    for (let hour = 0; hour < hours; hour += 1) {
      now = (FIRST + hour + 1) * HOUR_MS + 15 * 60_000;
      const started = performance.now();
      // Passes that look for later words are due between them: an hour is closed alone here.
      await database.sql`update ledger_hours set next_pass_at = null`;
      cpu.push(await cpuOf(async () => ledger.tasks[0]!.tick()));
      took.push(performance.now() - started);
      say(`hour ${hour}: ${Math.round(took.at(-1)!)} ms`);
    }
    await database.sql`update ledger_hours set next_pass_at = ${new Date(now)} where hour = ${FIRST}`;
    const again = performance.now();
    await ledger.tasks[0]!.tick();
    const passMs = performance.now() - again;
    const checked = performance.now();
    const report = await ledger.check.run({ chain: true });
    const checkMs = performance.now() - checked;
    if (report.faultCount > 0) throw new Error(`the ledger has faults: ${JSON.stringify(report.faults[0])}`);
    return result({
      bench: 'stoicism',
      value: Math.round(Math.max(...took.slice(1))),
      unit: 'ms to close an hour of 200,000 nodes',
      target: 10_000,
      better: 'lower',
      peer: null,
      detail: {
        tookMs: took.map(Math.round),
        hubCpuMs: cpu.map(Math.round),
        passWithoutNewsMs: Math.round(passMs),
        events: report.events,
        accounts: report.accounts,
        verify: { ms: Math.round(checkMs), eventsASecond: Math.round(report.events / (checkMs / 1_000)) },
        bytesAnEvent: round(await bytesAnEvent(database.sql, report.events)),
      },
    });
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
};

async function bytesAnEvent(sql: LedgerDeps['sql'], events: number): Promise<number> {
  const [row] = await sql<{ bytes: bigint }[]>`select sum(pg_total_relation_size(inhrelid))::int8 as bytes
    from pg_inherits where inhparent = 'stoicism_events'::regclass`;
  return Number(row?.bytes ?? 0n) / events;
}

function fleet(): Pick<LedgerDeps, 'hours' | 'scores' | 'payees'> {
  const nodes = Array.from({ length: NODES }, (_, i) => hash(`node ${i}`)).sort();
  const indexOf = new Map(nodes.map((nodeId, i) => [nodeId, i]));
  const accounts = Array.from({ length: NODES / 2 }, (_, i) => hash(`account ${i}`).slice(0, 32));
  const ownerId = '0'.repeat(32);
  return {
    hours: {
      async *hours(hubHour: number, { after = '' }: { readonly after?: string } = {}) {
        for (let from = 0; from < NODES; from += PAGE) {
          const page = nodes.slice(from, from + PAGE).filter((nodeId) => nodeId > after);
          yield page.map((nodeId, i): NodeHourWords => {
            const warming = (from + i) % 20 === 0;
            return { nodeId, hubHour, paid: warming ? 0n : WORD, pending: warming ? WORD : 0n };
          });
        }
      },
    },
    scores: {
      at: async (_hour, ids) =>
        new Map(ids.map((id) => [id, { micro: 700_000 + indexOf.get(id)!, version: 1 }])),
    },
    payees: {
      at: async (_hour, ids) =>
        new Map(
          ids.map((id) => {
            const i = indexOf.get(id)!;
            const tunnel = i % 10 === 0 ? { accountId: accounts[0]!, permille1: 125 } : undefined;
            return [id, { accountId: accounts[i % accounts.length]!, ownerId, tunnel }];
          }),
        ),
    },
  };
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
