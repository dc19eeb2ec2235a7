import { describe, expect, test } from 'vitest';
import { type LedgerLine, lineHash } from '#mint/approver/ledger-line.ts';
import { RegionLedger } from '#mint/approver/region-ledger.ts';

const NODE = 'aa'.repeat(32);
const [ANN, BOB] = ['a1'.repeat(16), 'b0'.repeat(16)];

type Line = Pick<LedgerLine, 'kind' | 'amount'> & Partial<LedgerLine>;

function ledgerOf(...lines: readonly Line[]): RegionLedger {
  const ledger = new RegionLedger({ sequence: 0, hash: '' });
  const basis = { minutes: 0n, microScore: 0, scoreVersion: 0 };
  const about = { hour: 1, revision: 0, nodeId: NODE, accountId: ANN, ref: '', basis, ranAt: 0, hash: '' };
  for (const [at, line] of lines.entries()) {
    const event = { ...about, ...line, sequence: at + 1 };
    ledger.take({ ...event, hash: lineHash(ledger.hash, event)! });
  }
  ledger.finish();
  return ledger;
}

/** Hour 1 waited, and matured in hour 2. */
const WARM: readonly Line[] = [
  { kind: 'pending', amount: 9n },
  { kind: 'accrual', amount: 5n, hour: 2 },
  { kind: 'matured', amount: 9n, hour: 2 },
];
const revision = (kind: string, amount: bigint): Line => ({ kind, amount, revision: 1 });
/** Four units of hour 1 were found to be paid at once. */
const FOUND: readonly Line[] = [revision('accrual', 4n), revision('pending', -4n)];

describe('a region’s ledger with a minute that matured, and was found to be paid at once', () => {
  test('gives it once', () => {
    const { current, hours } = ledgerOf(...WARM, ...FOUND, revision('matured', -4n));
    expect(current.get(ANN)).toBe(14n);
    expect(hours.get(`${NODE} 1`)?.get(ANN)).toEqual({ now: 4n, later: 5n });
  });

  test('gives it once also where Current is below 0, since what was minted waits again', () => {
    const minted: readonly Line[] = [
      { kind: 'reserved', amount: 14n, nodeId: '' },
      { kind: 'accrual', amount: -5n, hour: 2, revision: 1 },
      { kind: 'pending', amount: 5n, hour: 2, revision: 1 },
    ];
    const { current } = ledgerOf(...WARM, ...minted, ...FOUND, revision('matured', -4n));
    expect(current.get(ANN)).toBe(-5n);
  });

  test('refuses to give it twice', () => {
    const twice = /by event 5 4 units were taken back of account a1.* that matured of node aa/;
    expect(() => ledgerOf(...WARM, ...FOUND)).toThrow(twice);
    expect(() => ledgerOf(...WARM, ...FOUND, { kind: 'donation', amount: 1n, nodeId: '' })).toThrow(
      /4 units were/,
    );
  });

  test.each([
    ['more than that', [revision('matured', -14n)]],
    ['that twice', [revision('matured', -4n), revision('matured', -4n)]],
    ['that of another account', [{ ...revision('matured', -4n), accountId: BOB }]],
    ['nothing', [revision('matured', 0n)]],
  ] as const)('refuses to take back %s', (_what, events) => {
    expect(() => ledgerOf(...WARM, ...FOUND, ...events)).toThrow(/\(matured\) .* more than 0 are expected/);
  });

  test('refuses to take back what matured by no revision, or by one that is over', () => {
    expect(() => ledgerOf(...WARM, revision('matured', -4n))).toThrow(/event 4 \(matured\)/);
    const over = [...FOUND, revision('matured', -4n), { kind: 'matured', amount: -4n, revision: 2 }];
    expect(() => ledgerOf(...WARM, ...over)).toThrow(/event 7 \(matured\)/);
  });

  test('refuses to mature more than waits', () => {
    expect(() => ledgerOf({ kind: 'pending', amount: 9n }, { kind: 'matured', amount: 10n })).toThrow(
      /event 2 matures 1 units more of account a1.* than wait for node aa/,
    );
  });
});
