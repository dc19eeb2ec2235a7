import type { Header } from '@stoa/protocol/chainweb';
import {
  type CommandSetting,
  commandText,
  MINT_CHAINS,
  MINT_LIMITS,
  type MintAct,
  type PlannedChain,
  planEnrolments,
  planEpoch,
  requestKey,
  WIDEST_SETTING,
} from '@stoa/protocol/mint';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readCommand } from './chainweb/pact/command.ts';
import { type Modules, runExec } from './chainweb/pact/evaluation.ts';
import { type PactValue, registerModule, sizeGas } from './chainweb/pact/index.ts';
import { Draft, emptyState } from './chainweb/pact/state.ts';
import { Transaction } from './chainweb/pact/transaction.ts';

const EPOCH = 20_783;
const setting: CommandSetting = { ...WIDEST_SETTING, module: 'register', chain: 0 };
const name = `${setting.namespace}.${setting.module}`;

/** One chain with the contract on it, without nodes or blocks: what plans become there, and what they cost. */
class Register {
  readonly #modules: Modules;
  readonly #draft = new Draft(emptyState);
  #day = EPOCH;

  constructor() {
    const minter = { pred: 'keys-all', keys: [setting.publicKey] };
    this.#modules = new Map([[name, registerModule({ name, hash: setting.moduleHash, minter })]]);
  }

  tomorrow(): void {
    this.#day += 1;
  }

  run(act: MintAct): { gas: number; answer: PactValue } {
    const cmd = commandText(act, setting);
    const command = readCommand({ cmd, hash: requestKey(cmd), sigs: [] });
    const creationTime = BigInt(this.#day) * 86_400_000_000n;
    const parent = { chain: 0, height: 0, creationTime } as Header;
    const transaction = new Transaction(command, this.#draft, { parent });
    transaction.charge(sizeGas(command.bytes) * 1_000);
    if (!('code' in command.payload)) throw new TypeError('no code');
    const answer = runExec(transaction, command.payload, this.#modules);
    transaction.commit();
    return { gas: transaction.gas, answer };
  }

  enrol(count: number): void {
    const accounts = Array.from({ length: count }, (_, i) => `k:${String(i).padStart(64, '0')}`);
    for (const planned of planEnrolments({ chain: 0, first: 0 }, accounts)) {
      const { gas, answer } = this.run({ kind: 'enrol', ...planned });
      expect(answer).toBe('enrolled');
      expect(gas).toBeLessThanOrEqual(planned.gas);
    }
  }

  open(epoch: number, { cap, bounds, digest, opening }: PlannedChain): void {
    const { gas, answer } = this.run({ kind: 'open', epoch, cap, bounds, digest });
    expect(answer).toBe('open');
    expect(gas).toBeLessThanOrEqual(opening.gas);
  }

  totals(slots: number): readonly number[] {
    const points = Array.from({ length: Math.ceil(slots / 50) }, (_, bucket) => {
      const row = this.#draft.get(`${name}_buckets`, String(bucket))?.['points'] as
        | readonly number[]
        | undefined;
      return row ?? new Array<number>(50).fill(0);
    });
    return points.flat().slice(0, slots);
  }

  epoch(epoch: number): Record<string, PactValue> | undefined {
    return this.#draft.get(`${name}_epochs`, String(epoch));
  }
}

function planOf(epoch: number, points: readonly number[], limits = MINT_LIMITS): PlannedChain {
  const chains = Array.from({ length: MINT_CHAINS }, (_, chain) => ({
    ...{ chain, slots: chain === 0 ? points.length : 0 },
    points: chain === 0 ? points : [],
  }));
  return planEpoch({ epoch, cutId: 'cut', chains }, limits).chains[0]!;
}

describe('a plan on the contract', () => {
  const point = fc.oneof(fc.constant(0), fc.nat({ max: 100_000 }));
  const day = fc.array(point, { minLength: 230, maxLength: 230 });

  it('credits every account what it has, in whatever order its batches come, and however often', () => {
    const order = fc.infiniteStream(fc.nat({ max: 1_000 }));
    fc.assert(
      fc.property(day, day, order, (first, second, draws) => {
        const register = new Register();
        register.enrol(230);
        const expected = first.map(() => 0);
        for (const [epoch, points] of [first, second].map((all, i) => [EPOCH + i, all] as const)) {
          const plan = planOf(epoch, points, { ...MINT_LIMITS, bytes: 1_800 });
          register.open(epoch, plan);
          const shuffled = plan.batches
            .flatMap((batch) => [batch, batch])
            .map((batch) => ({ batch, at: draws.next().value }))
            .toSorted((a, b) => a.at - b.at);
          for (const { batch } of shuffled) {
            const { gas } = register.run({ kind: 'mint', epoch, ...batch });
            expect(gas).toBeLessThanOrEqual(batch.gas);
          }
          points.forEach((value, slot) => {
            expected[slot]! += value;
          });
          expect(register.totals(230)).toEqual(expected);
          expect(register.epoch(epoch)).toMatchObject({ minted: plan.cap, closed: true });
          register.tomorrow();
        }
      }),
      { numRuns: 15 },
    );
  });

  it('of 50,000 accounts is one transaction, whose gas is within 15 % of what is reckoned', () => {
    const register = new Register();
    register.enrol(50_000);
    const points = Array.from({ length: 50_000 }, (_, slot) => (slot * 7_919) % 400);
    for (const epoch of [EPOCH, EPOCH + 1]) {
      const plan = planOf(epoch, points);
      register.open(epoch, plan);
      const [batch, ...others] = plan.batches;
      expect(others).toEqual([]);
      const { gas, answer } = register.run({ kind: 'mint', epoch, ...batch! });
      expect(answer).toBe('ok');
      expect(gas).toBeLessThanOrEqual(batch!.gas);
      // Every row exists on the second day.
      if (epoch > EPOCH) expect(gas).toBeGreaterThan(batch!.gas * 0.85);
      register.tomorrow();
    }
    expect(register.totals(50_000)).toEqual(points.map((value) => 2 * value));
  });
});
