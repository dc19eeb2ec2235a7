import { seal } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { planApprovalKind } from '@stoa/signer/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { ApprovalStore } from './approval-store.ts';
import { FIRST_DAY, MintWorld, unfenced } from './mint-world.fixture.ts';

const key = nodeCrypto.signingKey(new Uint8Array(32).fill(7));

describe('words of approvers', () => {
  let database: DbAdapter;
  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());

  async function open() {
    const world = await MintWorld.open(database.sql);
    await database.sql`truncate mint_approvals`;
    await world.day(FIRST_DAY);
    const { planHash } = await world.cut.make(FIRST_DAY, unfenced);
    const word = (approver: string, by: { epoch?: number; hash?: string; at?: number } = {}) => {
      const where = { networkId: 'stoa', contract: 'n.m', approver, at: by.at ?? 1 };
      const of = { epoch: by.epoch ?? FIRST_DAY, hash: by.hash ?? planHash };
      return seal(planApprovalKind, { ...where, ...of, points: 0, regions: [] }, key);
    };
    return { approvals: new ApprovalStore(world), word };
  }

  it('of another day or plan, or that open to nothing, are refused, with all that came beside them', async () => {
    const { approvals, word } = await open();
    const others = [
      word('ann', { epoch: FIRST_DAY + 1 }),
      word('ann', { hash: 'x'.repeat(43) }),
      new Uint8Array([1, 2, 3]),
    ];
    for (const other of others)
      await expect(approvals.add(FIRST_DAY, [word('ben'), other], 0)).rejects.toMatchObject({
        code: 'wrong_approval',
      });
    await expect(approvals.add(FIRST_DAY + 1, [word('ann')], 0)).rejects.toMatchObject({ code: 'no_epoch' });
    expect(await approvals.of(FIRST_DAY)).toEqual([]);
  });

  it('are kept one of each, the last that came', async () => {
    const { approvals, word } = await open();
    await approvals.add(FIRST_DAY, [word('ann'), word('ben')], 1);
    await approvals.add(FIRST_DAY, [word('ann', { at: 2 })], 2);
    expect(await approvals.of(FIRST_DAY)).toEqual([word('ann', { at: 2 }), word('ben')]);
    await approvals.add(FIRST_DAY, [word('ben')], 3);
    expect(await approvals.of(FIRST_DAY)).toEqual([word('ben'), word('ann', { at: 2 })]);
  });

  it('are presented sixteen at most, the newest', async () => {
    const { approvals, word } = await open();
    for (let i = 0; i < 20; i += 1) await approvals.add(FIRST_DAY, [word(`approver ${i}`)], i);
    const presented = await approvals.of(FIRST_DAY);
    expect(presented).toHaveLength(16);
    expect(presented[0]).toEqual(word('approver 19'));
  });
});
