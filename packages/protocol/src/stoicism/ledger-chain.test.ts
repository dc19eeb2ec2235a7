import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type ChainedEvent, LEDGER_GENESIS, ledgerEventBytes } from './ledger-chain.ts';

const EVENT: ChainedEvent = {
  ...{ sequence: 7, kind: 'accrual', hour: 493_000, revision: 0, nodeId: 'ab'.repeat(32) },
  ...{ accountId: 'cd'.repeat(16), ref: '20783', amount: -3_600_000_000_000n, ranAt: 1_795_672_890_000 },
  basis: { minutes: (1n << 60n) - 1n, microScore: 1_000_000, scoreVersion: 3 },
};

describe('the bytes of a ledger’s event', () => {
  test('are those that ledgers are chained by since they began', () => {
    const bytes = ledgerEventBytes(LEDGER_GENESIS, EVENT);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(
      '7cf110a5dabe5fea64910d38b10a2da69a4e3117f90281cd5de8a8f5e2860341',
    );
  });

  test('are others for whatever of it is changed', () => {
    const changed: Partial<ChainedEvent>[] = [
      ...[{ sequence: 8 }, { kind: 'fee' as const }, { hour: 1 }, { revision: 1 }, { nodeId: '' }],
      ...[{ accountId: '' }, { ref: '' }, { amount: 3_600_000_000_000n }, { ranAt: 0 }],
      ...[{ basis: { ...EVENT.basis, minutes: 1n } }, { basis: { ...EVENT.basis, microScore: 1 } }],
    ];
    const texts = [EVENT, ...changed.map((change) => ({ ...EVENT, ...change }))].map((event) =>
      Buffer.from(ledgerEventBytes(LEDGER_GENESIS, event)).toString('hex'),
    );
    expect(new Set(texts).size).toBe(texts.length);
  });

  test.each([{ nodeId: 'ab' }, { accountId: 'ann' }, { accountId: 'zz'.repeat(16) }])(
    'are none of what names nothing: %o',
    (wrong) => {
      expect(() => ledgerEventBytes(LEDGER_GENESIS, { ...EVENT, ...wrong })).toThrow('names nothing');
    },
  );
});
