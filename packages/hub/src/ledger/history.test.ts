import { splitFee, wordPoints } from '@stoa/protocol/stoicism';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter, Sql } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { LedgerCheck } from './check.ts';
import { EventStore } from './event-store.ts';
import { accountName, FIRST_HOUR, LedgerWorld, nodeName } from './world.fixture.ts';

const ALL = (1n << 60n) - 1n;
const HOURS = 4;
const NODES = 6;
const FEE = 333;
const TUNNEL = accountName(9);

interface Told {
  readonly hour: number;
  readonly node: number;
  readonly paid: bigint;
  readonly pending: bigint;
}

type Step =
  | ({ readonly do: 'tell' } & Told)
  | { readonly do: 'tick'; readonly minutes: number; readonly crash: number };

const bits = fc.bigInt({ min: 0n, max: ALL });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('tell' as const),
    ...{ hour: fc.nat(HOURS - 1), node: fc.nat(NODES - 1), paid: bits, pending: bits },
  }),
  fc.record({ do: fc.constant('tick' as const), minutes: fc.nat(150), crash: fc.nat(4) }),
);

/** The plain model: what is told in time is worth its minutes, to whom the hour says. */
class Model {
  readonly told = new Map<string, Told>();

  /** Words are only ever added to, and a minute that waits goes on to do so. @returns what is told now. */
  add({ hour, node, ...word }: Told): Told {
    const before = this.told.get(`${hour} ${node}`);
    const pending = (before?.pending ?? 0n) | (word.pending & ~(before?.paid ?? 0n));
    const paid = ((before?.paid ?? 0n) | word.paid) & ~pending;
    const now = { hour, node, paid, pending };
    this.told.set(`${hour} ${node}`, now);
    return now;
  }

  sums(): Map<string, bigint> {
    const sums = new Map<string, bigint>();
    const add = (id: string, amount: bigint) => sums.set(id, (sums.get(id) ?? 0n) + amount);
    for (const { hour, node, paid, pending } of this.told.values())
      for (const word of [paid, pending]) {
        const { fee, rest } = splitFee(wordPoints(word, microOf(hour, node)), node % 2 === 0 ? FEE : 0);
        add(accountOf(hour, node), rest);
        add(TUNNEL, fee);
      }
    return new Map([...sums].filter(([, amount]) => amount !== 0n).sort());
  }
}

function accountOf(hour: number, node: number): string {
  return accountName((hour + node) % 3);
}

function microOf(hour: number, node: number): number {
  return 700_001 + hour * 13 + node * 7;
}

function worldOf(sql: Sql): LedgerWorld {
  const world = new LedgerWorld(sql);
  const indexOf = new Map(Array.from({ length: NODES }, (_, i) => [nodeName(i), i]));
  world.payeeOf = (hour, id) => {
    const node = indexOf.get(id)!;
    const tunnel = node % 2 === 0 ? { accountId: TUNNEL, ownerId: 't', permille1: FEE } : undefined;
    return { accountId: accountOf(hour - FIRST_HOUR, node), ownerId: 'x', tunnel };
  };
  world.scoreOf = (hour, id) => ({ micro: microOf(hour - FIRST_HOUR, indexOf.get(id)!), version: 1 });
  return world;
}

describe('a history of the ledger', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());

  it('gives the sums of a plain model, whatever the order of words, passes, crashes and repetitions', async () => {
    const { sql } = database;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 20 }), async (steps) => {
        await sql`truncate stoicism_events, ledger_head, ledger_accounts, ledger_pending, ledger_hours, ledger_refusals`;
        const world = worldOf(sql);
        await world.book.begin();
        const model = new Model();
        for (const one of steps) {
          if (one.do === 'tick') await tick(world, one);
          else {
            const { hour, node, ...words } = model.add(one);
            world.tell(FIRST_HOUR + hour, nodeName(node), words);
          }
        }
        // Every word came within a day of the first hour's end, so all of them are in time.
        await world.after(FIRST_HOUR + HOURS - 1, 24 * 60);
        const written = await sql`select count(*) as events from stoicism_events`;
        await world.closer.tick();
        expect(await sql`select count(*) as events from stoicism_events`).toEqual(written);
        expect(await sumsOf(sql)).toEqual(model.sums());
        const report = await new LedgerCheck({ sql, events: new EventStore(sql) }).run({ chain: true });
        expect(report).toMatchObject({ identical: true, faults: [] });
      }),
      { numRuns: 12, endOnFailure: true },
    );
  });

  it('is sound, and nothing waits below 0, also where minutes go from waiting to paid and back', async () => {
    const { sql } = database;
    let back = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (steps) => {
        await sql`truncate stoicism_events, ledger_head, ledger_accounts, ledger_pending, ledger_hours, ledger_refusals`;
        const world = worldOf(sql);
        await world.book.begin();
        for (const one of steps) {
          if (one.do === 'tick') await tick(world, one);
          // All that is known of an hour: a minute is only ever one or the other.
          else world.tell(FIRST_HOUR + one.hour, nodeName(one.node % 2), movedOf(one));
        }
        await world.after(FIRST_HOUR + HOURS - 1, 24 * 60);
        const report = await new LedgerCheck({ sql, events: new EventStore(sql) }).run({ chain: true });
        expect(report).toMatchObject({ identical: true, faults: [] });
        expect(await sql`select * from ledger_pending where amount < 0`).toEqual([]);
        const found = await sql`select from stoicism_events where kind = 'matured' and amount < 0`;
        back += found.length;
      }),
      { numRuns: 20, endOnFailure: true, seed: 7 },
    );
    expect(back).toBeGreaterThan(0);
  });
});

/** The same minutes of every hour, split anew: nothing is lost by a later word, so none is refused for that. */
function movedOf({ paid }: Told): { paid: bigint; pending: bigint } {
  return { paid, pending: ALL & ~paid };
}

/** Time goes on, and the closer ticks; it is cut off after so many pages, 0: it is not. */
async function tick(
  world: LedgerWorld,
  { minutes, crash }: { minutes: number; crash: number },
): Promise<void> {
  world.now = Math.min(world.now + minutes * 60_000, (FIRST_HOUR + 23) * 3_600_000);
  const whole = world.hours.bind(world);
  let pages = 0;
  if (crash > 0)
    world.hours = async function* (hour, from) {
      for await (const page of whole(hour, from)) {
        yield page;
        pages += 1;
        if (pages === crash) throw new Error('the process ended');
      }
    };
  await world.closer.tick().catch((error: unknown) => {
    expect(error).toMatchObject({ message: 'the process ended' });
  });
  world.hours = whole;
}

/** Of each account what it has and what waits for it. */
async function sumsOf(sql: Sql): Promise<Map<string, bigint>> {
  const rows = await sql<{ id: string; sum: string }[]>`
    select account_id as id, sum(amount)::text as sum from (
      select account_id, current as amount from ledger_accounts
      union all select account_id, amount from ledger_pending) held group by 1 having sum(amount) <> 0 order by 1`;
  return new Map(rows.map(({ id, sum }) => [id, BigInt(sum)]));
}
