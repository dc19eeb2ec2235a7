import { createHash } from 'node:crypto';
import { ChoiceStore } from '@stoa/hub/payouts';
import type { Sql } from '@stoa/hub/seams/db-adapter/index';
import { nodeCrypto } from '@stoa/protocol/node';
import { random } from '../kit/wire-agent.ts';

/** One in so many owners, and one at least, forgot to name an account: their nodes earn nothing, which pages must say. */
const FORGETFUL = 12;

/**
 * Accounts for the owners of a simulated fleet. They hold from this very hour on, which no person's choice does.
 * @param mindful owners who certainly named one: their earnings are looked at.
 */
export async function nameAccounts(
  sql: Sql,
  { clock, mindful }: { clock: { now(): number }; mindful: ReadonlySet<string> },
): Promise<void> {
  const store = new ChoiceStore({ sql, crypto: nodeCrypto, random });
  const rows = await sql<
    { owner: string }[]
  >`select distinct owner from nodes where owner <> '' order by owner`;
  const others = rows.map(({ owner }) => owner).filter((owner) => !mindful.has(owner));
  const last = Math.min(FORGETFUL, others.length) - 1;
  const forgot = new Set(others.filter((_, i) => i % FORGETFUL === last));
  for (const { owner } of rows) {
    if (forgot.has(owner)) continue;
    const account = `k:${createHash('sha256').update(owner).digest('hex')}`;
    await store.choose(
      { owner },
      { account, fromHour: Math.floor(clock.now() / 3_600_000), setBy: owner, setAt: clock.now() },
    );
  }
}
