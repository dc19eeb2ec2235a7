import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, openEmbedded } from '@stoa/hub';
import { GapDocuments } from '@stoa/hub/gates';
import { createLedger } from '@stoa/hub/ledger';
import { PayoutResolver } from '@stoa/hub/payouts';
import { createReceipts } from '@stoa/hub/receipts';
import { Scores } from '@stoa/hub/scores';
import type { Sql } from '@stoa/hub/seams/db-adapter/index';
import { type Checkpoint, checkpointKind, fromHex, seal, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { GatesWorld } from '../../test/kit/gates-world.ts';
import { random } from '../../test/kit/wire-agent.ts';
import { databaseCpuMs } from './database-cpu.ts';
import { type Bench, cpuOf, result, round } from './result.ts';

const NODES = 200_000;
const HOUR_MS = 3_600_000;
const FIRST = 493_000;
const OWNERS = 100_000;
const WORD = (1n << 60n) - 1n;
/** Of every node: what a checkpoint costs to verify does not depend on whose it is. */
const KEY = nodeCrypto.signingKey(new Uint8Array(32));
const ROWS = 10_000;

/**
 * Hours of 200,000 nodes closed on a durable database (fsync on), from what gates, scores and payouts hold there: words and
 * checkpoints of both sides read and judged, events with their chain, balances, receipts, sums. 100,000 accounts, one node in sixteen with
 * a tunnel, one in its warm-up. The first hour makes the accounts; the value is the slowest of the others. Then the ledger is
 * held against a replay, and its chain is verified. 2 hours; 12 under --long.
 */
export const benchLedgerClose: Bench = async ({ long, say }) => {
  const hours = long ? 12 : 2;
  const dataDir = await mkdtemp(join(tmpdir(), 'stoa-bench-'));
  const log = createLog({ level: 'error' });
  try {
    await using database = await openEmbedded({ dataDir, log });
    await database.migrate();
    let now = FIRST * HOUR_MS;
    const clock = { now: () => now, after: () => () => undefined };
    const { sql } = database;
    await seedFleet(sql);
    const instance = new GatesWorld(database).instance('a');
    await instance.start();
    const receipts = createReceipts({
      ...{ sql, instanceId: 'bench', region: 'bench', clock, random, log, crypto: nodeCrypto },
      ...{ party: unsigned, dialBacks: instance.gates.dialBacks },
      gaps: new GapDocuments({ sql, crypto: nodeCrypto }),
    });
    const ledger = createLedger({
      ...{ sql, instanceId: 'bench', region: 'bench', clock, random, log, sink: receipts.sink },
      ...{ hours: instance.gates.hours, scores: new Scores(sql), payees: new PayoutResolver(sql) },
      ...{ dumpDirectory: undefined, dumpKeyFile: undefined },
    });
    await ledger.book.begin();
    say(`${NODES} nodes with scores and accounts are there`);
    const took: number[] = [];
    const [cpu, databaseCpu]: [number[], number[]] = [[], []];
    for (let hour = 0; hour < hours; hour += 1) {
      await seedHour(sql, FIRST + hour);
      // Instances look at what was signed some minutes ahead.
      await instance.gates.trust.refused(FIRST + hour);
      now = (FIRST + hour + 1) * HOUR_MS + 15 * 60_000;
      // Passes that look for later words are due between them: an hour is closed alone here.
      await sql`update ledger_hours set next_pass_at = null`;
      const started = performance.now();
      const spent = databaseCpuMs(dataDir);
      cpu.push(await cpuOf(async () => ledger.tasks[0]!.tick()));
      databaseCpu.push(databaseCpuMs(dataDir) - spent);
      took.push(performance.now() - started);
      say(`hour ${hour}: ${Math.round(took.at(-1)!)} ms`);
    }
    await sql`update ledger_hours set next_pass_at = ${new Date(now)} where hour = ${FIRST}`;
    const again = performance.now();
    await ledger.tasks[0]!.tick();
    const passMs = performance.now() - again;
    const checked = performance.now();
    const report = await ledger.check.run({ chain: true });
    const checkMs = performance.now() - checked;
    const rooted = performance.now();
    await instance.gates.check.rootOf('a', FIRST);
    const rootMs = performance.now() - rooted;
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
        databaseCpuMs: databaseCpu.map(Math.round),
        passWithoutNewsMs: Math.round(passMs),
        rootOfAnHourMs: Math.round(rootMs),
        events: report.events,
        accounts: report.accounts,
        verify: { ms: Math.round(checkMs), eventsASecond: Math.round(report.events / (checkMs / 1_000)) },
        bytesAnEvent: round(await bytesAnEvent(sql, report.events)),
      },
    });
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
};

/** Roots over receipts are signed by a ticker of their own, which is not measured here. */
function unsigned(): never {
  throw new Error('the bench seals no receipts');
}

async function bytesAnEvent(sql: Sql, events: number): Promise<number> {
  const [row] = await sql<{ bytes: bigint }[]>`select sum(pg_total_relation_size(inhrelid))::int8 as bytes
    from pg_inherits where inhparent = 'stoicism_events'::regclass`;
  return Number(row?.bytes ?? 0n) / events;
}

/** Nodes with their owners, accounts, tunnels and scores. */
async function seedFleet(sql: Sql): Promise<void> {
  const at = new Date(FIRST * HOUR_MS);
  await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
    select encode(sha256(('node ' || i)::bytea), 'hex'), 'n' || i, 'o' || (i % ${OWNERS}), 'eu', ${KEY.publicKey}::bytea, '\\x00', ${at}
    from generate_series(1, ${NODES}::int) i`;
  await sql`insert into payout_people (email, owner_id)
    select 'o' || i, md5('owner ' || i) from generate_series(0, ${OWNERS - 1}::int) i`;
  await sql`insert into payout_accounts (account_id, account)
    select md5('account ' || i), 'k:' || encode(sha256(('account ' || i)::bytea), 'hex') from generate_series(0, ${OWNERS - 1}::int) i`;
  await sql`insert into payout_choices (owner, account_id, from_hour, set_by, set_at)
    select 'o' || i, md5('account ' || i), 0, 'o' || i, ${at} from generate_series(0, ${OWNERS - 1}::int) i`;
  await sql`insert into payout_tunnels (tunnel_id, node_id, node_owner, tunnel_owner, permille1, offered_at, agreed_at, from_hour)
    select node_id, node_id, owner, 'o0', 125, ${at}, ${at}, 0 from nodes where left(node_id, 1) = '0'`;
  await sql`insert into scores (node_id, version, hub_hour, micro, review_micro, cause, job_id, attempt, baseline_version,
      committed_gb, hash, at)
    select node_id, 1, 0, 700000 + ascii(left(node_id, 1)) * 1009, 0, 'benchmark', gen_random_uuid(), 1, 0, 0, sha256('breakdown'), ${at} from nodes`;
  await sql`analyze`;
}

/** What both sides left of an hour: all of it acknowledged, judged and told; one node in sixteen in its warm-up. */
async function seedHour(sql: Sql, hubHour: number): Promise<void> {
  const warming = Buffer.alloc(56);
  warming.writeBigUInt64BE(WORD, 24);
  const session = Buffer.alloc(16, 1);
  const told: Checkpoint = {
    ...{ nodeId: new Uint8Array(32), hubHour, minutes: WORD, sessionIds: [session], number: 1, uptimeMs: 1 },
    ...{ tipsDigest: new Uint8Array(32), inputsDigest: new Uint8Array(32), bootId: new Uint8Array(16) },
    previous: new Uint8Array(32),
  };
  await sql`insert into uptime_words (hub_hour, node_id, epoch, minutes)
    select ${hubHour}, node_id, 1, ${String(WORD)}::text::bigint from nodes`;
  await sql`insert into gate_words (hub_hour, node_id, epoch, instance_id, session_id, boot_id, judged, failures)
    select ${hubHour}, node_id, 1, 'a', ${session.toString('hex')}, '', ${String(WORD)}::text::bigint,
      case when right(node_id, 1) = '0' then ${warming}::bytea else ''::bytea end from nodes`;
  const rows = await sql<{ node_id: string }[]>`select node_id from nodes`;
  for (let from = 0; from < rows.length; from += ROWS) {
    const ids = rows.slice(from, from + ROWS).map((row) => row.node_id);
    const signed = ids.map((id) => toHex(seal(checkpointKind, { ...told, nodeId: fromHex(id) }, KEY)));
    await sql`insert into checkpoints (node_id, hub_hour, number, bytes, stored_at)
      select id, ${hubHour}, 1, decode(bytes, 'hex'), now() from unnest(${ids}::text[], ${signed}::text[]) t (id, bytes)`;
  }
}
