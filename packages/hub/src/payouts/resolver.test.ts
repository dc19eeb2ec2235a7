import { randomBytes } from 'node:crypto';
import { nodeCrypto } from '@stoa/protocol/node';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { accountIdOf, ChoiceStore } from './choice-store.ts';
import { recordOwnerChange } from './owner-changes.ts';
import { type Payout, PayoutResolver } from './resolver.ts';
import { TunnelStore } from './tunnel-store.ts';
import { payoutMissing } from './unpaid.ts';

const [ANN, BOB] = ['ann@x.example', 'bob@x.example'] as const;
const account = (n: number) => `k:${String(n).repeat(64).slice(0, 64)}`;
const NODES = ['a', 'b'].map((digit) => digit.repeat(64)) as [string, string];

describe('payout accounts of nodes', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let choices: ChoiceStore;
  let resolver: PayoutResolver;
  beforeAll(async () => {
    database = await openTemporary();
    choices = new ChoiceStore({ sql: database.sql, crypto: nodeCrypto, random: randomBytes });
    resolver = new PayoutResolver(database.sql);
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(clear);

  async function clear() {
    const { sql } = database;
    await sql`truncate nodes, payout_people, payout_accounts, payout_choices, payout_proofs, payout_challenges,
      payout_tunnels, node_owner_changes, payout_changes cascade`;
    await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
      select id, left(id, 1), ${ANN}, 'eu', '\\x00'::bytea, '\\x00'::bytea, now() from unnest(${NODES}::text[]) as t(id)`;
  }

  const choose = (owner: string, n: number | undefined, fromHour: number, nodeId?: string) =>
    choices.choose(nodeId === undefined ? { owner } : { owner, nodeId }, {
      account: n === undefined ? undefined : account(n),
      fromHour,
      setBy: owner,
      setAt: 0,
    });
  const giveAway = (nodeId: string, [fromOwner, toOwner]: readonly [string, string], hour: number) =>
    database.sql.begin(async (tx) => {
      await tx`update nodes set owner = ${toOwner} where node_id = ${nodeId}`;
      await recordOwnerChange(tx, { nodeIds: [nodeId], fromOwner, toOwner, effectiveAt: hour * 3_600_000 });
    });
  const paid = async (hour: number) => {
    const found = await resolver.at(hour, NODES);
    await sameWithin(hour, found);
    return NODES.map((nodeId) => found.get(nodeId)?.account);
  };
  /** Closing an hour asks another way, and is told the same. */
  const sameWithin = async (hour: number, found: ReadonlyMap<string, Payout>) => {
    const [first, last] = [NODES.toSorted()[0]!, NODES.toSorted().at(-1)!];
    const payees = [...found].map(([nodeId, { accountId, ownerId, tunnel }]) => [
      nodeId,
      { accountId, ownerId, ...(tunnel && { tunnel }) },
    ]);
    expect(Object.fromEntries(await resolver.within(hour, { first, last }))).toEqual(
      Object.fromEntries(payees),
    );
  };
  const missing = async () =>
    (await database.sql`select n.node_id from nodes n where ${payoutMissing(database.sql)} order by 1`).map(
      (row) => row['node_id'],
    );

  it('stay with agreements that can be ended, however much strangers offer', async () => {
    const tunnels = new TunnelStore(database.sql);
    const offer = { tunnelId: 'agreed', nodeId: NODES[0], nodeOwner: ANN, tunnelOwner: BOB, permille1: 10 };
    await tunnels.offer({ ...offer, offeredAt: 1 }, async () => undefined);
    const agreed = (await tunnels.find('agreed'))!;
    await tunnels.agree(agreed, { at: 2, fromHour: 10 }, async () => undefined);
    await database.sql`insert into payout_tunnels (tunnel_id, node_id, node_owner, tunnel_owner, permille1, offered_at)
      select 'offer ' || i, lpad(i::text, 64, '0'), 'stranger', ${BOB}, 10, to_timestamp(i) from generate_series(1, 104) i`;
    const shown = await tunnels.ofPerson(BOB);
    expect([shown.length, shown[0]?.tunnelId, shown[1]?.tunnelId]).toEqual([101, 'agreed', 'offer 104']);
    // What can't be put on record does not stand.
    const unrecorded = tunnels.end(agreed, { at: 3, by: BOB, untilHour: 11 }, () =>
      Promise.reject(new Error('full')),
    );
    await expect(unrecorded).rejects.toThrow('full');
    expect((await tunnels.find('agreed'))?.endedAt).toBeUndefined();
  });

  it("are their own, else their owner's, else none, from the hour after the choice on", async () => {
    expect([await paid(10), await missing()]).toEqual([[undefined, undefined], NODES]);
    await choose(ANN, 1, 11);
    await choose(ANN, 2, 12, NODES[1]);
    await choose(ANN, undefined, 13, NODES[1]);
    expect(await Promise.all([10, 11, 12, 13].map(paid))).toEqual([
      [undefined, undefined],
      [account(1), account(1)],
      [account(1), account(2)],
      [account(1), account(1)],
    ]);
    expect(await missing()).toEqual([]);
    await choose(ANN, undefined, 14);
    expect([await paid(13), await paid(14)]).toEqual([
      [account(1), account(1)],
      [undefined, undefined],
    ]);
  });

  it('name no e-mail: one id a person, one an account in every region', async () => {
    await choose(ANN, 1, 1);
    await choose(ANN, 1, 1, NODES[1]);
    const [one, other] = [...(await resolver.at(1, NODES)).values()];
    expect(one).toEqual(other);
    expect(one).toMatchObject({ accountId: accountIdOf(account(1), nodeCrypto), verified: false });
    expect(one?.ownerId).toMatch(/^[0-9a-f]{32}$/);
  });

  it("of a node that was given away are its new owner's, and before that hour stay the old one's", async () => {
    await choose(ANN, 1, 1);
    await choose(ANN, 2, 1, NODES[0]);
    await giveAway(NODES[0], [ANN, BOB], 5);
    expect(await Promise.all([4, 5].map(paid))).toEqual([
      [account(2), account(1)],
      [undefined, account(1)],
    ]);
    expect(await missing()).toEqual([NODES[0]]);
    await choose(BOB, 3, 6);
    await giveAway(NODES[0], [BOB, ANN], 7);
    expect((await Promise.all([4, 5, 6, 7].map(paid))).map(([own]) => own)).toEqual([
      account(2),
      undefined,
      account(3),
      account(2),
    ]);
  });

  it('are found by their chooser without reading all choices of all people', async () => {
    const plan = await database.sql.begin(async (tx) => {
      await tx`set local enable_seqscan = off`;
      return tx<Record<string, string>[]>`explain select account_id from payout_choices where owner = ${ANN}`;
    });
    expect(JSON.stringify(plan)).toContain('payout_choices_chooser');
    await choose(ANN, 1, 2);
    await choose(ANN, 2, 3, NODES[0]);
    const of = async (nodeId?: string) =>
      (await choices.history({ owner: ANN, ...(nodeId !== undefined && { nodeId }) })).map(
        (one) => one.account,
      );
    expect([await of(), await of(NODES[0]), await of(NODES[1])]).toEqual([[account(1)], [account(2)], []]);
  });

  it('follow the newest choice though the clock was set back meanwhile', async () => {
    await choose(ANN, 1, 20);
    await choose(ANN, 2, 15);
    expect([await paid(19), await paid(20)].map(([own]) => own)).toEqual([undefined, account(2)]);
  });

  it('tell whoever keeps them what to ask anew, and from which hour on', async () => {
    const { cursor } = await resolver.changedSince(undefined);
    await choose(ANN, 1, 3);
    await choose(ANN, 2, 4, NODES[1]);
    const first = await resolver.changedSince(cursor);
    expect(Object.fromEntries(first.changes.map(({ nodeId, fromHour }) => [nodeId, fromHour]))).toEqual({
      [NODES[0]]: 3,
      [NODES[1]]: 3,
    });
    await giveAway(NODES[0], [ANN, BOB], 9);
    const second = await resolver.changedSince(first.cursor);
    expect(second.changes).toEqual([{ nodeId: NODES[0], fromHour: 9 }]);
    expect(await resolver.changedSince(second.cursor)).toEqual({ cursor: second.cursor, changes: [] });
  });

  /** As the gates keep it: who may have changed is asked anew, from the hour on that was told. */
  class Memory {
    readonly #held = new Map<string, string | undefined>();
    readonly #due = new Map<string, number>();
    #cursor: number | undefined;

    async follow(hour: number): Promise<readonly (string | undefined)[]> {
      const { cursor, changes } = await resolver.changedSince(this.#cursor);
      this.#cursor = cursor;
      for (const { nodeId, fromHour } of changes)
        this.#due.set(nodeId, Math.min(fromHour, this.#due.get(nodeId) ?? fromHour));
      const asked = NODES.filter((nodeId) => (this.#due.get(nodeId) ?? Number.POSITIVE_INFINITY) <= hour);
      const found = await resolver.at(hour, asked);
      for (const nodeId of asked) {
        this.#held.set(nodeId, found.get(nodeId)?.account);
        // A later change among those told is for a later hour.
        this.#due.set(nodeId, hour + 1);
      }
      return NODES.map((nodeId) => this.#held.get(nodeId));
    }
  }

  const node = fc.constantFrom(...NODES);
  const choice = fc.record({
    kind: fc.constant('choose' as const),
    owner: fc.constantFrom(ANN, BOB),
    account: fc.option(fc.nat(3), { nil: undefined }),
    nodeId: fc.option(node, { nil: undefined }),
  });
  const gift = fc.record({ kind: fc.constant('give' as const), nodeId: node });
  const hourEnd = fc.constant({ kind: 'hour' as const });
  type Step =
    typeof choice extends fc.Arbitrary<infer C>
      ? C | { kind: 'give'; nodeId: string } | { kind: 'hour' }
      : never;

  async function act(step: Step, hour: number): Promise<void> {
    if (step.kind === 'choose') await choose(step.owner, step.account, hour + 1, step.nodeId);
    if (step.kind !== 'give') return;
    const [held] = await database.sql`select owner from nodes where node_id = ${step.nodeId}`;
    await giveAway(step.nodeId, held!['owner'] === ANN ? [ANN, BOB] : [BOB, ANN], hour);
  }

  it('a memory kept by the changes alone is what asking anew says, and no past hour ever changes', async () => {
    const steps = fc.array(fc.oneof(choice, gift, hourEnd), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(steps, async (acts) => {
        await clear();
        const memory = new Memory();
        const past: (readonly (string | undefined)[])[] = [];
        await memory.follow(0);
        for (const step of [...acts, { kind: 'hour' as const }]) {
          if (step.kind === 'hour') past.push(await paid(past.length));
          else await act(step, past.length);
          expect(await memory.follow(past.length)).toEqual(await paid(past.length));
        }
        expect(await Promise.all(past.map((_, hour) => paid(hour)))).toEqual(past);
      }),
      { numRuns: 12 },
    );
  });
});
