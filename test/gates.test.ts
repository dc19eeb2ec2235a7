/** Minutes over a real database: outages, crashes, clocks that differ, and an instance that lies. */
import { createLog, type DbAdapter } from '@stoa/hub';
import { AuditLog } from '@stoa/hub/audit';
import { GapDesk, GapDocuments } from '@stoa/hub/gates';
import { createLedger } from '@stoa/hub/ledger';
import { accountIdOf, ChoiceStore, PayoutResolver } from '@stoa/hub/payouts';
import { openTemporary } from '@stoa/hub/seams/db-adapter/temporary';
import { decode, hubGapKind, peek, signedHubGap } from '@stoa/protocol';
import { seededRandom } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { countMinutes, wordPoints } from '@stoa/protocol/stoicism';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FULL, lie, live } from './kit/gates-course.ts';
import {
  GatesWorld,
  HELPFUL,
  HOUR_MINUTES,
  MINUTE,
  START,
  type WorldInstance,
  type WorldNode,
} from './kit/gates-world.ts';

const HOUR = START / HOUR_MINUTES;

describe('the minutes of a region', { timeout: 120_000 }, () => {
  let database: DbAdapter;
  let world: GatesWorld;
  beforeAll(async () => {
    database = await openTemporary();
  }, 120_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    world = new GatesWorld(database);
    await world.clear();
  });

  async function minutes(count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) await world.minute();
  }

  it('are set late, and each gate says which of them it cost', async () => {
    const a = world.instance('a');
    await a.start();
    const node = await world.node('n');
    node.connect(a);
    await minutes(20);
    node.argv = ['chainweb-node', '--enable-private'];
    await minutes(5);
    node.argv = HELPFUL;
    await minutes(45);
    const hour = (await world.hours(HOUR, a)).get(node.nodeId)!;
    const private_ = ((1n << 5n) - 1n) << 20n;
    expect(hour).toMatchObject({
      paid: FULL & ~private_,
      supported: FULL,
      unsupported: 0n,
      unjudged: 0n,
      gap: 0n,
    });
    expect(hour.failures.map(countMinutes)).toEqual([0, 0, 0, 0, 0, 5, 0]);
    expect(hour.failures[5]).toBe(private_);
  });

  it('are closed into the ledger by the score and to the account of their hour', async () => {
    const a = world.instance('a');
    await a.start();
    const node = await world.node('n');
    const { sql } = database;
    const random = seededRandom('ledger');
    const choices = new ChoiceStore({ sql, crypto: nodeCrypto, random });
    const choose = (account: string, fromHour: number) =>
      choices.choose({ owner: 'o' }, { account, fromHour, setBy: 'o', setAt: 0 });
    await choose('k:first', HOUR);
    await choose('k:second', HOUR + 1);
    const ledger = createLedger({
      ...{
        sql,
        instanceId: 'a',
        region: 'eu',
        random,
        clock: world.time.clock(),
        log: createLog({ level: 'error' }),
      },
      hours: a.gates.hours,
      scores: {
        within: async (hour, { first, last }) => {
          expect(first).toBe(last);
          return new Map([[first, { micro: 1_000_000 + hour - HOUR, version: 1 }]]);
        },
      },
      payees: new PayoutResolver(sql),
      ...{ dumpDirectory: undefined, dumpKeyFile: undefined },
    });
    await ledger.book.begin();
    node.connect(a);
    await minutes(25);
    node.argv = [];
    await minutes(5);
    node.argv = HELPFUL;
    await minutes(106);
    await ledger.tasks[0]!.tick();
    const { events } = await ledger.events.page('o', { limit: 20 });
    const private_ = ((1n << 5n) - 1n) << 25n;
    const minutesOf = [FULL & ~private_, FULL];
    expect(events.toReversed()).toMatchObject(
      ['k:first', 'k:second'].map((account, i) => ({
        ...{
          kind: 'accrual',
          hour: HOUR + i,
          nodeId: node.nodeId,
          accountId: accountIdOf(account, nodeCrypto),
        },
        ...{ revision: 0, amount: wordPoints(minutesOf[i]!, 1_000_000 + i) },
        basis: { minutes: minutesOf[i], microScore: 1_000_000 + i },
      })),
    );
    expect(await ledger.check.run({ chain: true })).toMatchObject({ events: 2, identical: true, faults: [] });
  });

  it('F03 an outage of two hours costs nobody who was there all the time, and pays nobody who was not', async () => {
    const a = world.instance('a');
    await a.start();
    const names = [
      'steady',
      'was off',
      'started anew',
      'never back',
      'failing before',
      'forged uptime',
      'forged chain',
    ];
    const nodes = new Map<string, WorldNode>();
    for (const name of names) nodes.set(name, await world.node(name));
    const at = (name: string) => nodes.get(name)!;
    at('failing before').argv = [];
    for (const node of nodes.values()) node.connect(a);
    await minutes(30);
    a.crash();
    // Half a minute past the half hour, to the same two hours later.
    for (const name of ['was off', 'started anew', 'never back', 'forged uptime', 'forged chain'])
      at(name).off();
    at('forged uptime').forge = (checkpoint) => ({ ...checkpoint, uptimeMs: checkpoint.uptimeMs + 9e6 });
    at('forged chain').forge = (checkpoint) => ({ ...checkpoint, previous: new Uint8Array(32).fill(1) });
    await silence(world, 60);
    at('started anew').on();
    await silence(world, 60);
    for (const name of ['was off', 'forged uptime', 'forged chain']) at(name).on();
    // The liar says that it is the same process as ever.
    Object.assign(at('forged uptime'), { startedAt: START * MINUTE - 1 });
    await a.start();
    for (const [name, node] of nodes) if (name !== 'never back') node.connect(a);
    at('failing before').argv = HELPFUL;
    await minutes(50);

    const paid = (name: string) => paidIn([HOUR, HOUR + 1, HOUR + 2], at(name), a);
    expect(await paid('steady')).toEqual([60, 60, 60]);
    const steady = (await world.hours(HOUR + 1, a)).get(at('steady').nodeId)!;
    expect(steady).toMatchObject({ gap: FULL, paid: FULL, acknowledged: 0n, unsupported: 0n });
    const [record] = await new GapDocuments({ ...database, crypto: nodeCrypto }).named(
      HOUR + 1,
      steady.gapRecords,
    );
    const { sealed } = decode(signedHubGap, record!);
    expect(peek(hubGapKind, sealed)).toMatchObject({ instance: 'a', cause: 'restart' });
    for (const name of names.filter((one) => one !== 'steady')) {
      const [before = 60, during, after = 60] = await paid(name);
      expect([name, during]).toEqual([name, 0]);
      expect(before).toBeLessThanOrEqual(30);
      expect(after).toBeLessThanOrEqual(30);
    }
  });

  it('F03 an outage in which the hub fails to start again is one outage', async () => {
    const a = world.instance('a');
    await a.start();
    const node = await world.node('n');
    node.connect(a);
    await minutes(10);
    a.crash();
    for (const down of [5, 40, 30]) {
      await silence(world, down);
      await a.start();
      if (down !== 30) a.crash();
    }
    node.connect(a);
    await minutes(35);
    expect(await paidIn([HOUR], node, a)).toEqual([60]);
    const gaps = await database.sql`select until_minute - from_minute as minutes, counted from hub_gaps`;
    expect([...gaps]).toEqual([{ minutes: 92, counted: 74 }]);
  });

  it('F03 what an outage costs beyond the day’s allowance waits for an act', async () => {
    const a = world.instance('a');
    await a.start();
    const node = await world.node('n');
    node.connect(a);
    await minutes(10);
    // Nodes can feign one: it uses nothing of what the hub has for its own outages.
    const span = { from: START, until: START, counted: 120 };
    const mass = { instanceId: 'a', cause: 'mass-expiry', ...span, granted: span } as const;
    await a.gates.gaps.record([mass], new Date(START * MINUTE));
    a.crash();
    await silence(world, 240);
    await a.start();
    node.connect(a);
    await minutes(30);
    const granted = async () => {
      let sum = 0;
      for (let hour = HOUR; hour < HOUR + 4; hour += 1)
        sum += countMinutes((await world.hours(hour, a)).get(node.nodeId)?.gap ?? 0n);
      return sum;
    };
    const byRule = await granted();
    expect(byRule).toBeGreaterThanOrEqual(120);
    expect(byRule).toBeLessThanOrEqual(127);
    // Nor does what is not granted end a warm-up.
    expect(await warmMinutes(database)).toBe(1_440);
    const audit = new AuditLog({ sql: database.sql, clock: world.time.clock() });
    const desk = new GapDesk({ sql: database.sql, audit, clock: world.time.clock() });
    const [gap] = await desk.list();
    const act = { by: 'ancient@stoa.example', reason: 'the provider’s fault' };
    await expect(desk.grant({ instanceId: 'b', from: gap!.from }, act, a.party)).rejects.toMatchObject({
      code: 'no_such_gap',
    });
    await desk.grant(gap!, act, a.party);
    await desk.grant(gap!, act, a.party);
    const [noted] = await database.sql`select actor, subject from audit_log where act = 'gap.grant'`;
    expect(noted).toEqual({ actor: act.by, subject: 'a' });
    // The last five minutes before the outage were not stored yet.
    expect(await granted()).toBe(4 * 60 - 5);
  });

  it('F03 are kept over a minute without a database, which takes one of the allowance', async () => {
    const a = world.instance('a');
    await a.start();
    const node = await world.node('n');
    node.connect(a);
    await minutes(10);
    const { sql } = database;
    await sql`alter table gate_words rename to gate_words_away`;
    await expect(minutes(1)).rejects.toThrow('gate_words');
    await sql`alter table gate_words_away rename to gate_words`;
    // A clock ran ahead elsewhere: what it left does not hold the node's state for hours.
    await sql`update gate_states set minute = minute + 300`;
    await minutes(56);
    expect(await paidIn([HOUR], node, a)).toEqual([60]);
    const [gap] = await sql`select cause, counted, until_minute - from_minute as minutes from hub_gaps`;
    expect(gap).toEqual({ cause: 'no-database', counted: 1, minutes: 7 });
    const [state] = await sql`select minute from gate_states`;
    expect(state?.['minute']).toBeGreaterThan(START + 60);
    expect(state?.['minute']).toBeLessThan(START + 70);
  });

  it('are never doubled or lost by crashes, moves and clocks, nor by an instance that lies', async () => {
    const step = fc.record({
      node: fc.nat(3),
      what: fc.constantFrom('move', 'move', 'off', 'on', 'break', 'crash', 'nothing', 'nothing'),
      at: fc.nat(1),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 60, maxLength: 60 }),
        fc.integer({ min: -20_000, max: 20_000 }),
        async (steps, skewMs) => {
          world = new GatesWorld(database);
          await world.clear();
          await live(world, steps, skewMs);
        },
      ),
      { numRuns: 2, endOnFailure: true },
    );
  });

  it('are signed by who judged them: whoever alters a word, or adds one, is named, and pays nobody', async () => {
    const [a, b] = [world.instance('a'), world.instance('b')];
    const nodes = [await world.node('of a'), await world.node('of b')] as const;
    for (const one of [a, b]) await one.start();
    nodes[0].connect(a);
    nodes[1].connect(b);
    await minutes(60);
    const { sql } = database;
    const faults = async () => [
      await b.gates.check.verify('a', HOUR),
      await b.gates.check.verify('liar', HOUR),
    ];
    expect(await faults()).toEqual(['unsigned', 'unsigned']);
    // b copies a session of a and lets it fail; somebody writes a root in a's name.
    const columns = sql`hub_hour, node_id, epoch, instance_id, session_id, boot_id, judged, failures`;
    await sql`insert into gate_words (${columns}) select hub_hour, node_id, epoch + 1, 'b', session_id, boot_id, judged,
      decode(repeat('0fffffffffffffff', 7), 'hex') from gate_words where instance_id = 'a' and hub_hour = ${HOUR}`;
    await sql`insert into minute_roots (instance_id, hub_hour, sealed, region, instance, stored_at)
      values ('a', ${HOUR}, 'x', 'x', 'x', now())`;
    await minutes(7);
    expect(await faults()).toEqual([undefined, 'unsigned']);
    // A word in a's name that a did not sign is left out by itself.
    await sql`insert into gate_words (${columns}) select hub_hour, repeat('f', 64), epoch, instance_id, session_id, boot_id,
      judged, failures from gate_words where instance_id = 'a' and hub_hour = ${HOUR}`;
    expect(await b.gates.check.look('a', HOUR)).toEqual({ fault: 'altered', unsigned: ['fff'] });
    expect(await paidIn([HOUR], nodes[0], a)).toEqual([60]);
    const copied =
      await sql`select distinct subject from audit_log where act = 'hour.refuse' and detail->>'fault' = 'copied'`;
    expect(copied.map((row) => row['subject'])).toEqual(['b']);
    await sql`delete from gate_words where node_id = repeat('f', 64)`;
    await sql`delete from minute_roots where sealed = 'x'`;
    expect(await Promise.all(nodes.map((node) => paidIn([HOUR], node, b)))).toEqual([[60], [60]]);

    await sql`update gate_words set judged = judged & ~1::bigint where hub_hour = ${HOUR} and instance_id = 'a'`;
    await lie(world);
    world.time.ms += 60 * MINUTE;
    const [last] = await sql`select coalesce(max(seq), 0) as seq from audit_log`;
    expect(await faults()).toEqual(['altered', 'unsigned']);
    expect(await Promise.all(nodes.map((node) => paidIn([HOUR], node, b)))).toEqual([[0], [60]]);
    await b.gates.hours.of(nodes[0].nodeId, HOUR);
    const told = await sql`select subject, detail->>'fault' as fault from audit_log 
      where act = 'hour.refuse' and seq > ${last!['seq']} order by seq`;
    expect([...told]).toEqual([
      { subject: 'a', fault: 'altered' },
      { subject: 'liar', fault: 'unsigned' },
    ]);

    expect(b.gates.trust.refusals().map(({ subject }) => subject)).toEqual(['b', 'a', 'liar']);

    await sql`update minute_roots set sealed = (select sealed from minute_roots where instance_id = 'b' and hub_hour = ${HOUR})
      where instance_id = 'a' and hub_hour = ${HOUR}`;
    expect((await faults())[0]).toBe('forged');
  });

  it('are those of a checkpoint that the node signed, and of a gap that its hub did', async () => {
    const a = world.instance('a');
    await a.start();
    const node = await world.node('n');
    node.connect(a);
    await minutes(20);
    a.crash();
    await silence(world, 20);
    await a.start();
    node.connect(a);
    await minutes(30);
    expect(await paidIn([HOUR], node, a)).toEqual([60]);
    const { sql } = database;
    const [gap] = await sql`select * from hub_gaps`;
    await sql`update hub_gaps set grant_until = grant_until + 1`;
    const longer = await paidIn([HOUR], node, a);
    await sql`delete from hub_gaps`;
    await sql`insert into hub_gaps ${sql({ ...gap, instance_id: 'b' })}`;
    expect([longer, await paidIn([HOUR], node, a)]).toEqual([[35], [35]]);
    await sql`update checkpoints set bytes = set_byte(bytes, 60, get_byte(bytes, 60) # 1)`;
    expect(await paidIn([HOUR], node, a)).toEqual([0]);
    const told =
      await sql`select act, subject from audit_log where act like '%.refuse' and subject <> 'liar' order by seq desc limit 3`;
    expect(told.map(({ act }) => act)).toEqual(['checkpoint.refuse', 'gap.refuse', 'gap.refuse']);
  });
});

/** The hub is away; its nodes go on, and sign their hours. */
async function silence(world: GatesWorld, count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    world.time.ms += MINUTE;
    const minute = Math.floor(world.time.ms / MINUTE);
    if (minute % HOUR_MINUTES === 0) await world.closeHour(minute / HOUR_MINUTES - 1);
  }
}

/** Of the only node. */
async function warmMinutes({ sql }: DbAdapter): Promise<number | undefined> {
  const rows = await sql<{ minutes: number }[]>`select warm_minutes as minutes from gate_states`;
  return rows[0]?.minutes;
}

/** How many minutes of each hour are paid. */
async function paidIn(hours: readonly number[], { nodeId }: WorldNode, by: WorldInstance): Promise<number[]> {
  const paid: number[] = [];
  for (const hour of hours) {
    const { paid: word } = await by.gates.hours.of(nodeId, hour);
    paid.push(countMinutes(word));
  }
  return paid;
}
