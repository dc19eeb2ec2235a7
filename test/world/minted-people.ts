import { createHash } from 'node:crypto';
import { createLedgerTools, NO_BASIS } from '@stoa/hub/ledger';
import { accountIdOf } from '@stoa/hub/payouts';
import type { Sql } from '@stoa/hub/seams/db-adapter/index';
import { MINT_CHAINS, MINT_LIMITS, owningChain } from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import { POINT } from '@stoa/protocol/stoicism';
import type { Dice } from './random.ts';

/** Somebody who earned, and whose account was enrolled long ago. */
export interface MintedPerson {
  readonly account: string;
  readonly accountId: string;
  readonly chain: number;
  readonly slot: number;
  /** Whole points in Current. */
  readonly points: number;
}

/** What accounts have after a day is log-normal. */
const MEDIAN = 86;
const P99 = 2_000;
/** 99 % of a normal distribution are below so many deviations. */
const Z99 = 2.326;
const SPREAD = Math.log(P99 / MEDIAN) / Z99;
/** Stored in one go. */
const AT_ONCE = 20_000;

/** Each chain owns a tenth of them: names are drawn until it does. Slots go up by one on each. */
export function drawPeople(count: number, dice: Dice): MintedPerson[] {
  const share = Math.ceil(count / MINT_CHAINS);
  const next = Array.from({ length: MINT_CHAINS }, () => 0);
  const people: MintedPerson[] = [];
  for (let i = 0; people.length < count; i += 1) {
    const account = `k:${createHash('sha256').update(`minted ${i}`).digest('hex')}`;
    const chain = owningChain(account);
    const slot = next[chain]!;
    if (slot === share) continue;
    next[chain] = slot + 1;
    people.push({ account, accountId: accountIdOf(account, nodeCrypto), chain, slot, points: draw(dice) });
  }
  return people;
}

/** By Box and Muller; no more than the contract takes of one account. */
function draw(dice: Dice): number {
  const normal = Math.sqrt(-2 * Math.log(1 - dice.number(0, 1))) * Math.cos(2 * Math.PI * dice.number(0, 1));
  return Math.max(1, Math.min(MINT_LIMITS.accountCap, Math.round(MEDIAN * Math.exp(SPREAD * normal))));
}

/** Rows as a hub has of them: accounts that were proven, slots that are final, and a fraction of a point that stays. */
export async function storePeople(
  sql: Sql,
  people: readonly MintedPerson[],
  by: { clock: { now(): number }; signal?: AbortSignal; onStored?: (count: number) => void },
): Promise<void> {
  const { clock, signal, onStored } = by;
  const { book } = createLedgerTools({ sql, clock });
  await book.begin();
  await storeEnrolments(sql, people, new Date(clock.now()));
  for (let from = 0; from < people.length; from += AT_ONCE) {
    signal?.throwIfAborted();
    const some = people.slice(from, from + AT_ONCE);
    await storeAccounts(sql, some, new Date(clock.now()));
    const hour = Math.floor(clock.now() / 3_600_000);
    await book.open(hour, async ({ append, head }) => {
      await append(
        some.map(({ accountId, points }, i) => ({
          ...{ kind: 'adjustment', hour, revision: 0, nodeId: '', accountId, basis: NO_BASIS },
          ...{ amount: BigInt(points) * POINT + 1n, ref: `${head.sequence} ${i}`, ownerId: undefined },
        })),
      );
    });
    onStored?.(from + some.length);
  }
}

/** Long since settled, or the hub would enrol them anew. */
async function storeEnrolments(sql: Sql, people: readonly MintedPerson[], at: Date): Promise<void> {
  const sizes = Array.from({ length: MINT_CHAINS }, () => 0);
  for (const { chain } of people) sizes[chain]! += 1;
  for (const [chain, size] of sizes.entries())
    if (size > 0)
      await sql`insert into mint_batches (kind, epoch, chain, part, size, digest, model_gas, gas_limit, state, attempt, since)
        values ('enrol', 0, ${chain}, 0, ${size}, '', 0, 0, 'settled', 0, ${at})`;
}

async function storeAccounts(sql: Sql, people: readonly MintedPerson[], at: Date): Promise<void> {
  const rows = JSON.stringify(people);
  const given = sql`json_to_recordset(${rows}::text::json)
    as g("account" text, "accountId" text, "chain" int, "slot" int)`;
  await sql.begin(async (tx) => {
    await tx`insert into payout_accounts (account_id, account) select "accountId", account from ${given}`;
    await tx`insert into payout_challenges (nonce, email, account_id, expires_at, used_at)
      select md5(account), 'minted@stoa.example', "accountId", ${at}, ${at} from ${given}`;
    await tx`insert into payout_proofs
        (account_id, email, nonce, challenge, signatures, guard, guard_from, said_by, proven_at, from_hour)
      select "accountId", 'minted@stoa.example', md5(account), '', '[]', '{"pred":"keys-all","keys":[]}', 'name', '{}', ${at}, 0
      from ${given}`;
    await tx`insert into mint_slots (account_id, chain, slot, state, allotted_at)
      select "accountId", chain, slot, 'final', ${at} from ${given}`;
  });
}
