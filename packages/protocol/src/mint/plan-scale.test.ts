import { describe, expect, it } from 'vitest';
import { planEpoch } from './plan.ts';
import { ACCOUNT_CAP, MINT_CHAINS } from './register.ts';

const MEDIAN = 86;
/** Of the logarithm, so that one of a hundred has 2,000 at a median of 86. */
const SPREAD = 1.353;

/** Log-normal points by a congruential generator: the same draw at every run. */
function draw(accounts: number, days: number) {
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 1) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const one = () => Math.min(ACCOUNT_CAP, Math.floor(MEDIAN * days * Math.exp(SPREAD * normal())));
  const slots = accounts / MINT_CHAINS;
  return Array.from({ length: MINT_CHAINS }, (_, chain) => ({
    ...{ chain, slots },
    points: Uint32Array.from({ length: slots }, one),
  }));
}

function planned(accounts: number, days = 1) {
  const chains = draw(accounts, days);
  const before = process.cpuUsage();
  const plan = planEpoch({ epoch: 20_783, cutId: 'cut', chains });
  const { user, system } = process.cpuUsage(before);
  const batches = plan.chains.flatMap((chain) => chain.batches);
  return {
    transactions: batches.length,
    bytes: Math.max(...batches.map((batch) => batch.bytes)),
    gasLimit: Math.max(...batches.map((batch) => batch.gasLimit)),
    gas: batches.reduce((sum, batch) => sum + batch.gas, 0),
    openings: plan.chains.reduce((sum, { opening }) => sum + opening.gas, 0),
    cpuSeconds: (user + system) / 1e6,
  };
}

describe('a day of', () => {
  it('500,000 accounts is ten transactions, one a chain', () => {
    const plan = planned(500_000);
    expect(plan.transactions).toBe(10);
    expect(plan.bytes).toBeLessThan(180_000);
    expect(plan.gasLimit).toBeLessThan(375_000);
    expect(plan.gas).toBeLessThan(3_200_000);
    expect(plan.openings).toBeLessThan(2_000);
    expect(plan.cpuSeconds).toBeLessThan(3);
  });

  it('500,000 accounts that banked for thirty days is twenty', () => {
    const plan = planned(500_000, 30);
    expect(plan.transactions).toBe(20);
    expect(plan.bytes).toBeLessThanOrEqual(225_000);
    expect(plan.gas).toBeLessThan(4_000_000);
  });

  it('5,000,000 accounts is eighty, in seconds', { tags: ['slow'] }, () => {
    const plan = planned(5_000_000);
    expect(plan.transactions).toBe(80);
    expect(plan.bytes).toBeLessThanOrEqual(225_000);
    expect(plan.gasLimit).toBeLessThan(1_500_000);
    expect(plan.cpuSeconds).toBeLessThan(20);
  });
});
