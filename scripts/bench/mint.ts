import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { MINT_LIMITS, owningChain, planEnrolments } from '@stoa/protocol/mint';
import { drawPoints, type SignedDay, signDay } from './mint-day.ts';
import type { MintUsage } from './mint-process.ts';
import { sweep } from './mint-sweep.ts';
import { type Bench, quantile, result, round } from './result.ts';

const ACCOUNTS = 500_000;
const MANY = 5_000_000;
const BANKED_DAYS = 30;
const SEEDS = 20;
/** Of 5,000,000 accounts: each parses eighty long texts at four nodes. */
const MANY_SEEDS = 5;
/** What the plan reckons with: accounts by name, 6,250 in a transaction of 2M gas. */
const PLAN = { transactions: 80, seconds: 300 };
const MOST = {
  ...{ transactions: 20, gas: 4_000_000, bytes: MINT_LIMITS.bytes, gasLimit: MINT_LIMITS.gasLimit },
  ...{ signedSeconds: 20, peakMb: 1_000, blocks: 2, manyPlanSeconds: 120, manySweepSeconds: 300 },
};
/** Of chain time: bounds are in block heights, since blocks come when they come. */
const BLOCK_SECONDS = 30;
/** New accounts that the day's total is shown with, beside its batches. */
const NEW_ACCOUNTS = 1_000;

/**
 * A day's mint of 500,000 accounts with log-normal points: cut in a durable database, planned, approved and signed by the
 * signer's own desk in a process of its own, then swept over a simulated network at virtual time, twenty seeds of Poisson blocks. The same after thirty banked
 * days, and 5,000,000 accounts.
 */
export const benchMint: Bench = async ({ say }) => {
  const day = await measured({ accounts: ACCOUNTS, days: 1, seeds: SEEDS }, say);
  const banked = await measured({ accounts: ACCOUNTS, days: BANKED_DAYS, seeds: SEEDS }, say);
  const many = await measured({ accounts: MANY, days: 1, seeds: MANY_SEEDS }, say);
  const manyPlan = await inProcess(MANY, 1, 'plan');
  say(`5,000,000 accounts planned in ${round(manyPlan.seconds)} s`);
  const enrolments = enrolmentsOf(NEW_ACCOUNTS);
  const pass =
    [day, banked].every(isSmall) &&
    day.sweep.blocks.most <= MOST.blocks &&
    manyPlan.seconds <= MOST.manyPlanSeconds &&
    many.sweep.blocks.most * BLOCK_SECONDS <= MOST.manySweepSeconds;
  return result({
    bench: 'mint',
    value: day.transactions,
    unit: 'batch transactions for a day of 500,000 accounts',
    target: MOST.transactions,
    better: 'lower',
    peer: { name: 'transactions of the plan', value: PLAN.transactions },
    pass,
    detail: {
      ...{ targets: MOST, plan: PLAN, day, banked, many, manyPlan: rounded(manyPlan), enrolments },
      dayTotal: {
        transactions: day.transactions + day.openings.transactions + enrolments.transactions,
        gas: day.gas + day.openings.gas + enrolments.gas,
      },
    },
  });
};

async function measured(
  { accounts, days, seeds }: { accounts: number; days: number; seeds: number },
  say: (text: string) => void,
) {
  const signing = await inProcess(accounts, days, accounts > ACCOUNTS ? 'sign' : 'cut');
  const name = `${accounts.toLocaleString('en')} accounts, ${days} days`;
  say(`${name}: cut to signed in ${round(signing.seconds)} s, at most ${Math.round(signing.peakMb)} MB`);
  const signed = await signDay(drawPoints(accounts, days));
  const sweeps = [];
  for (let seed = 1; seed <= seeds; seed += 1) sweeps.push(await sweep(signed, seed));
  const figures = { ...sizesOf(signed), signing: rounded(signing), sweep: spread(sweeps) };
  say(`${name}: ${JSON.stringify(figures)}`);
  return figures;
}

type Figures = Awaited<ReturnType<typeof measured>>;

function isSmall({ transactions, gas, bytes, gasLimit, signing }: Figures): boolean {
  return (
    transactions <= MOST.transactions &&
    gas <= MOST.gas &&
    bytes <= MOST.bytes &&
    gasLimit <= MOST.gasLimit &&
    signing.seconds <= MOST.signedSeconds &&
    signing.peakMb <= MOST.peakMb
  );
}

function sizesOf({ plan, batches }: SignedDay) {
  const planned = plan.chains.flatMap((chain) => chain.batches);
  const texts = batches.flat().map(({ cmd }) => Buffer.byteLength(cmd));
  return {
    transactions: planned.length,
    /** Of the longest, as it is signed. */
    bytes: Math.max(...texts),
    /** Highest gas limit of one. */
    gasLimit: Math.max(...planned.map((batch) => batch.gasLimit)),
    gas: planned.reduce((sum, batch) => sum + batch.gas, 0),
    points: plan.points,
    openings: {
      transactions: plan.chains.length,
      gas: plan.chains.reduce((sum, { opening }) => sum + opening.gas, 0),
    },
  };
}

function spread(sweeps: readonly { seconds: number; blocks: number }[]) {
  const of = (name: 'seconds' | 'blocks') => {
    const sorted = sweeps.map((each) => each[name]).toSorted((a, b) => a - b);
    return { p50: quantile(sorted, 0.5), p95: quantile(sorted, 0.95), most: sorted.at(-1)! };
  };
  return { seeds: sweeps.length, blocks: of('blocks'), seconds: of('seconds') };
}

function enrolmentsOf(accounts: number) {
  const names = Array.from({ length: accounts }, (_, i) => `k:${i.toString(16).padStart(64, '0')}`);
  const planned = [...Map.groupBy(names, owningChain)].flatMap(([chain, each]) =>
    planEnrolments({ chain, first: 0 }, each),
  );
  return { accounts, transactions: planned.length, gas: planned.reduce((sum, { gas }) => sum + gas, 0) };
}

async function inProcess(accounts: number, days: number, what: 'cut' | 'sign' | 'plan'): Promise<MintUsage> {
  const program = fileURLToPath(new URL('mint-process.ts', import.meta.url));
  const child = fork(program, [String(accounts), String(days), what]);
  const [usage] = (await once(child, 'message')) as [MintUsage];
  return usage;
}

function rounded({ seconds, cpuSeconds, peakMb, residentMb, parts }: MintUsage): MintUsage {
  return {
    parts: parts && { cut: round(parts.cut), check: round(parts.check) },
    ...{ seconds: round(seconds), cpuSeconds: round(cpuSeconds) },
    ...{ peakMb: Math.round(peakMb), residentMb: Math.round(residentMb) },
  };
}
