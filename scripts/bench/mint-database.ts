import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog, openEmbedded } from '@stoa/hub';
import { createLedgerTools } from '@stoa/hub/ledger';
import { createMintTools } from '@stoa/hub/mint';
import { accountIdOf } from '@stoa/hub/payouts';
import type { Sql } from '@stoa/hub/seams/db-adapter/index';
import { epochOf, MINT_CHAINS, owningChain } from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import { POINT } from '@stoa/protocol/stoicism';
import { CUT_AT } from './mint-day.ts';

const ROWS = 20_000;

/**
 * The hub's part on a durable database: points reserved under the ledger's lock and the plan fixed, then the stored plan held
 * against hash, ledger and slots, as before anything is signed.
 * @returns seconds of each.
 */
export async function cutInDatabase(points: readonly Uint32Array[]): Promise<{ cut: number; check: number }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'stoa-bench-'));
  try {
    await using database = await openEmbedded({ dataDir, log: createLog({ level: 'error' }) });
    await database.migrate();
    const { sql } = database;
    const clock = { now: () => CUT_AT };
    const { book } = createLedgerTools({ sql, clock });
    await book.begin();
    await seed(sql, points);
    const { cut, plans } = createMintTools({ sql, book, clock, region: 'bench' });
    const epoch = epochOf(CUT_AT);
    const begun = performance.now();
    await cut.make(epoch, async () => undefined);
    const made = performance.now();
    await plans.get(epoch);
    return { cut: (made - begun) / 1_000, check: (performance.now() - made) / 1_000 };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Accounts on the chains that own them, each proven, each with a final slot: as many as there are points for. */
async function seed(sql: Sql, points: readonly Uint32Array[]): Promise<void> {
  const next = points.map(() => 0);
  const all = points.reduce((sum, { length }) => sum + length, 0);
  let rows: Row[] = [];
  let [placed, number] = [0, 0];
  while (placed < all) {
    const account = `k:${createHash('sha256').update(`account ${number}`).digest('hex')}`;
    number += 1;
    const chain = owningChain(account) % MINT_CHAINS;
    const slot = next[chain]!;
    const whole = points[chain]![slot];
    if (whole === undefined) continue;
    next[chain] = slot + 1;
    placed += 1;
    rows.push({ id: accountIdOf(account, nodeCrypto), account, chain, slot, whole });
    if (rows.length < ROWS && placed < all) continue;
    await insert(sql, rows);
    rows = [];
  }
  await sql`analyze`;
}

interface Row {
  readonly id: string;
  readonly account: string;
  readonly chain: number;
  readonly slot: number;
  readonly whole: number;
}

async function insert(sql: Sql, rows: readonly Row[]): Promise<void> {
  const ids = rows.map(({ id }) => id);
  await sql`insert into payout_accounts (account_id, account)
    select * from unnest(${ids}::text[], ${rows.map(({ account }) => account)}::text[])`;
  await sql`insert into payout_challenges (nonce, email, account_id, expires_at)
    select 'nonce ' || id, '', id, now() from unnest(${ids}::text[]) id`;
  await sql`insert into payout_proofs
      (account_id, email, nonce, challenge, signatures, guard, guard_from, said_by, proven_at, from_hour)
    select id, '', 'nonce ' || id, '', '[]', '{}', 'name', '{}', now(), 0 from unnest(${ids}::text[]) id`;
  await sql`insert into mint_slots (account_id, chain, slot, state, allotted_at)
    select *, 'final', now() from unnest(${ids}::text[], ${rows.map(({ chain }) => chain)}::int[],
      ${rows.map(({ slot }) => slot)}::int[])`;
  await sql`insert into ledger_accounts (account_id, current, minting, redeemed)
    select id, whole * ${String(POINT)}::numeric + 7, 0, 0
    from unnest(${ids}::text[], ${rows.map(({ whole }) => whole)}::int[]) as t (id, whole)`;
}
