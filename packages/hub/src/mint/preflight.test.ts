import { type CommandSetting, MINT_LIMITS, type MintAct, WIDEST_SETTING } from '@stoa/protocol/mint';
import { describe, expect, it } from 'vitest';
import { preflighted } from './preflight.ts';

const act: MintAct = { kind: 'close', epoch: 20_783, total: 5 };
const setting: CommandSetting = { ...WIDEST_SETTING, chain: 3, gasPrice: 1e-8, gasLimit: 1_200 };
const LIMIT = MINT_LIMITS.gasLimit;

/** A chain on which the act takes so much gas, or fails by its contract. */
function chainOf({ takes, fails }: { takes: number; fails?: string }) {
  const limits: number[] = [];
  const preflight = async (_chain: number, cmd: string) => {
    const { meta } = JSON.parse(cmd) as { meta: { gasLimit: number } };
    limits.push(meta.gasLimit);
    const failure = takes > meta.gasLimit ? `Gas limit (${meta.gasLimit}) exceeded: ${takes}` : fails;
    return { gas: failure === undefined ? takes : meta.gasLimit, failure };
  };
  return { view: { preflight }, limits };
}

describe('the preflight of an act', () => {
  it('leaves a limit as the model has it, where nodes tell less', async () => {
    const { view, limits } = chainOf({ takes: 900 });
    const by = { view, limits: MINT_LIMITS, balance: 1 };
    expect(await preflighted(act, setting, by)).toEqual({ gas: 900, gasLimit: 1_200 });
    expect(limits).toEqual([1_200]);
  });

  it('raises a limit with the margin of all, where the model said too little', async () => {
    const by = { limits: MINT_LIMITS, balance: 1 };
    expect(await preflighted(act, setting, { ...by, view: chainOf({ takes: 1_100 }).view })).toMatchObject({
      gasLimit: 1_320,
    });
    const { view, limits } = chainOf({ takes: 40_000 });
    expect(await preflighted(act, setting, { ...by, view })).toEqual({ gas: 40_000, gasLimit: 48_000 });
    expect(limits).toEqual([1_200, LIMIT]);
  });

  it('goes no further than the chain lets it, and than its account can pay', async () => {
    const of = (takes: number) => ({ view: chainOf({ takes }).view, limits: MINT_LIMITS });
    expect(await preflighted(act, setting, { ...of(1_400_000), balance: 1 })).toMatchObject({
      gasLimit: LIMIT,
    });
    expect(await preflighted(act, setting, { ...of(45_000), balance: 0.0005 })).toMatchObject({
      gasLimit: 50_000,
    });
    for (const [takes, balance] of [
      [LIMIT + 1, 1],
      [60_000, 0.0005],
    ] as const)
      await expect(preflighted(act, setting, { ...of(takes), balance })).rejects.toMatchObject({
        code: 'would_fail',
      });
  });

  it('stops where the contract would refuse, in its words', async () => {
    const { view, limits } = chainOf({ takes: 900, fails: 'epoch is closed' });
    await expect(preflighted(act, setting, { view, limits: MINT_LIMITS, balance: 1 })).rejects.toMatchObject({
      code: 'would_fail',
      message: expect.stringMatching(/chain 3: .*close would fail: epoch is closed/) as string,
    });
    expect(limits).toEqual([1_200]);
  });

  it('signs nothing where nodes say that it takes what they said was too little: one of them lies', async () => {
    const answers = [
      { gas: 1_200, failure: 'Gas limit (1200) exceeded: 1300' },
      { gas: 7, failure: undefined },
    ];
    const view = { preflight: async () => answers.shift()! };
    await expect(preflighted(act, setting, { view, limits: MINT_LIMITS, balance: 1 })).rejects.toMatchObject({
      code: 'no_agreement',
    });
  });
});
