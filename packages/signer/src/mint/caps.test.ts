import {
  type EpochPlan,
  enrolmentDigest,
  epochOf,
  MINT_CHAINS,
  type MintAct,
  owningChain,
  planEpoch,
} from '@stoa/protocol/mint';
import { beforeEach, describe, expect, test } from 'vitest';
import { inProcessMintSigner, type MintSignerClient } from '#mint/client.ts';
import {
  ACCOUNTS,
  type ApproverName,
  EPOCH,
  enrolAct,
  MintWorld,
  mintAct,
  openAct,
  planOf,
  refused,
} from '#mint/world.fixture.ts';

const DAY_MS = 86_400_000;

let world: MintWorld;
let signer: MintSignerClient;

async function start(...by: ConstructorParameters<typeof MintWorld>): Promise<void> {
  world = new MintWorld(...by);
  signer = await world.client();
}

beforeEach(() => start());

describe('caps', () => {
  test('an account above its cap is for people, and its slot is named', async () => {
    const usual = planOf(
      EPOCH,
      Array.from({ length: 55 }, () => 1_000),
    );
    await start();
    await world.opened(signer, usual);
    world.clock.at += DAY_MS;
    const points = Array.from({ length: 54 }, (_, slot) => (slot === 53 ? 20_001 : 1));
    const plan = planOf(EPOCH + 1, points);
    await signer.plan({ plan, approvals: world.approvals(plan, 'robot') });
    await signer.sign(openAct(plan), world.setting(), world.ground(plan));
    const asked = () => signer.sign(mintAct(plan), world.setting(), world.ground(plan));
    await refused(asked(), 'mint_account_cap', /slot 53 of chain 0 would get 20001 points, more than 20000/);
    world.clock.at += 5 * DAY_MS;
    await signer.plan({ plan, approvals: world.approvals(plan, 'robot', 'ann', 'ben') });
    expect((await asked()).hash).toHaveLength(43);
  });

  test('a batch', async () => {
    await start({ batchCap: 11 });
    const plan = await world.opened(signer);
    await refused(
      signer.sign(mintAct(plan), world.setting(), world.ground(plan)),
      'mint_batch_cap',
      /12 points, more than 11/,
    );
  });

  test('an epoch', async () => {
    await start({ epochCap: 551 });
    const plan = planOf(EPOCH);
    const bring = (...by: ApproverName[]) => signer.plan({ plan, approvals: world.approvals(plan, ...by) });
    await refused(bring('robot', 'ann'), 'mint_epoch_cap', /552 points, more than 551: 2 people .* 1 did/);
    await bring('robot', 'ann', 'ben');
  });

  test('a day, over all its epochs; attempts again count once', async () => {
    await start({ dayCap: 71 });
    await world.opened(signer);
    world.clock.at += DAY_MS;
    const plan = planOf(EPOCH + 1);
    await signer.plan({ plan, approvals: world.approvals(plan, 'robot') });
    await signer.sign(openAct(plan), world.setting(), world.ground(plan));
    await signer.sign(mintAct(plan), world.setting(), world.ground(plan));
    const next = { chain: 1 };
    await signer.sign(openAct(plan, 1), world.setting(next), world.ground(plan));
    await refused(
      signer.sign(mintAct(plan, 0, 1), world.setting(next), world.ground(plan)),
      'mint_day_cap',
      /60 points on top of today's 12 are more than 71/,
    );
    world.clock.at += 1_800_000;
    expect(
      (await signer.sign(mintAct(plan), world.setting({ attempt: 1 }), world.ground(plan))).hash,
    ).toHaveLength(43);
  });

  test('thirty banked days of 500,000 accounts go through by default, once people approved them', async () => {
    const evenly = (epoch: number, points: number) =>
      planEpoch({
        ...{ epoch, cutId: `cut of ${epoch}` },
        chains: Array.from({ length: MINT_CHAINS }, (_, chain) => ({
          ...{ chain, slots: 50_000, points: new Uint32Array(50_000).fill(points) },
        })),
      });
    const nodes = 260_000;
    const bring = (plan: EpochPlan, by: readonly ApproverName[]) =>
      signer.plan({ plan, approvals: by.map((each) => world.approval(plan, each, { nodes })) });
    await bring(evenly(EPOCH, 214), ['robot', 'ann', 'ben']);
    // A month without an act is a leap of the clock, for which a person vouches.
    world.clock.at += 30 * DAY_MS;
    signer = inProcessMintSigner(await world.open({ acceptClockLeap: true }));
    const plan = evenly(EPOCH + 30, 6_440);
    expect(plan.points).toBe(3_220_000_000);
    await refused(bring(plan, ['robot']), 'mint_epoch_cap', /2 people have to approve/);
    await bring(plan, ['robot', 'ann', 'ben']);
    let signed = 0;
    for (const { chain, opening, batches } of plan.chains) {
      const ask = (act: MintAct, gasLimit: number) =>
        signer.sign(act, world.setting({ chain, gasLimit }), world.ground(plan));
      await ask(openAct(plan, chain), opening.gasLimit);
      for (const { batch, sum, gasLimit } of batches) {
        await ask(mintAct(plan, batch, chain), gasLimit);
        signed += sum;
      }
    }
    expect(signed).toBe(plan.points);
    expect(await signer.status()).toMatchObject({ today: { points: plan.points }, alerts: [] });
  });

  test('a region gets no more than its nodes could have earned since it was paid', async () => {
    const first = planOf(EPOCH);
    await signer.plan({
      plan: first,
      approvals: ['ann', 'ben'].map((by) => world.approval(first, by as 'ann', { nodes: 1 })),
    });
    world.clock.at += DAY_MS;
    // Two nodes count (one and 10 %, rounded up) of the million that are said: 2 x 5 x 86.4 points.
    const plan = planOf(EPOCH + 1, [865]);
    const approvals = (['ann', 'ben'] as const).map((by) => world.approval(plan, by, { nodes: 1_000_000 }));
    await refused(
      signer.plan({ plan, approvals }),
      'mint_region_cap',
      /1000000 nodes \(2 counted\) and 1 days, more than 864/,
    );
  });

  test('regions that do not add up to the plan, or stand in it twice', async () => {
    const plan = planOf(EPOCH);
    const share = { region: 'eu', nodes: 1_000, points: 276 };
    for (const regions of [[share], [share, share]])
      await refused(
        signer.plan({
          plan,
          approvals: [world.approval(plan, 'ann', { regions }), world.approval(plan, 'ben', { regions })],
        }),
        'mint_region_cap',
        /276 points together|twice/,
      );
  });

  test('new slots of a day; people may allow more', async () => {
    await start({ enrolmentsPerDay: 3 });
    await signer.sign(enrolAct(2), world.setting(), world.ground(undefined));
    const more = () => signer.sign(enrolAct(2, 1), world.setting({ chain: 1 }), world.ground(undefined));
    await refused(more(), 'mint_enrolment_cap', /2 new slots on top of today's 2 are more than 3/);
    await refused(
      signer.enrolments({ approvals: [world.allowance(4, 'ann')] }),
      'mint_plan_unapproved',
      /1 approvals \(ann\): 2/,
    );
    await refused(
      signer.enrolments({ approvals: [world.allowance(4, 'robot')] }),
      'mint_plan_unapproved',
      /no person/,
    );
    const today = epochOf(world.clock.at);
    const spoiling = [
      ...[new Uint8Array(40), world.allowance(4, 'robot'), world.allowance(9, 'ben')],
      ...[world.allowance(9, 'ann', today - 1), world.allowance(9, 'ben', today - 1)],
    ];
    await refused(
      signer.enrolments({ approvals: [...spoiling, world.allowance(4, 'ann')] }),
      'mint_plan_unapproved',
      /1 approvals \(.*not counted: .*does not open.*'robot' is no person.*day \d+ is over.*approved \d new slots/,
    );
    const approvals = [...spoiling, world.allowance(4, 'ann'), world.allowance(4, 'ben')];
    await signer.enrolments({ approvals });
    expect((await more()).hash).toHaveLength(43);
  });
});

describe('an enrolment', () => {
  const ask = (accounts: readonly string[], digest = enrolmentDigest(accounts)) =>
    signer.sign({ kind: 'enrol', first: 0, accounts, digest }, world.setting(), world.ground(undefined));
  const here = ACCOUNTS.filter((account) => owningChain(account) === 0);

  test('needs no plan', async () => {
    const { cmd } = await signer.sign(enrolAct(), world.setting(), world.ground(undefined));
    expect(JSON.parse(cmd)).toMatchObject({ nonce: 'stoicism:enrol:0:60:0' });
  });

  test('of an account of another chain, of none, of one twice, of another digest is refused', async () => {
    const elsewhere = ACCOUNTS.find((account) => owningChain(account) === 3)!;
    await refused(ask([elsewhere]), 'mint_bad_act', /belongs on chain 3, not on chain 0/);
    await refused(ask(['k:1234']), 'mint_bad_act', /'k:1234' is no account/);
    await refused(ask([here[0]!, here[0]!]), 'mint_bad_act', /2 accounts, of which 1 differ/);
    await refused(ask([here[0]!], 'd'.repeat(43)), 'mint_not_planned', /said is dddd/);
  });
});

describe('approvals', () => {
  const bring = (approvals: Uint8Array[], plan = planOf(EPOCH)) => signer.plan({ plan, approvals });
  const plan = planOf(EPOCH);

  test('too few, one twice, a stranger, one that was changed or is for another contract or plan', async () => {
    await refused(bring([]), 'mint_plan_unapproved', /has 0 approvals \(none\): 1 are needed/);
    const forged = world.approval(plan, 'ann');
    forged[forged.length - 1]! ^= 1;
    await refused(bring([forged]), 'mint_plan_unapproved', /does not open/);
    const elsewhere = world.approval(plan, 'ann', { contract: 'n_other.mint' });
    await refused(bring([elsewhere]), 'mint_plan_unapproved', /'ann' approved for stoa n_other.mint/);
    const other = world.approval(plan, 'ann', { hash: 'h'.repeat(43) });
    await refused(bring([other]), 'mint_plan_unapproved', /'ann' approved plan hhhh/);
    const twice = [world.approval(plan, 'ann'), world.approval(plan, 'ann')];
    await refused(bring(twice), 'mint_outlier', /2 people have to approve plan .*, 1 did/);
  });

  test('that disagree about the regions', async () => {
    const approvals = [world.approval(plan, 'ann'), world.approval(plan, 'ben', { nodes: 2_000 })];
    await refused(bring(approvals), 'mint_outlier', /1 did; not counted: ben disagree about the regions/);
    await start({}, 2);
    await refused(
      bring(approvals),
      'mint_plan_unapproved',
      /1 approvals \(ann\): 2 are needed; not counted: ben disagree about the regions: .*2000/,
    );
  });

  test('are enough beside one of a stranger, a forged one, one of another plan and one of other regions', async () => {
    await start({}, 2);
    const forged = world.approval(plan, 'robot');
    forged[forged.length - 1]! ^= 1;
    const word = world.approval(plan, 'ann');
    const spoiling = [
      ...[new Uint8Array(40), forged, world.approval(plan, 'robot', { hash: 'h'.repeat(43) })],
      ...[world.approval(plan, 'robot', { contract: 'n_other.mint' })],
      ...[world.approval(plan, 'robot', { nodes: 1 }), world.approval(plan, 'ann', { nodes: 1 })],
    ];
    await refused(
      bring([...spoiling.slice(0, 4), word]),
      'mint_plan_unapproved',
      /1 approvals \(ann\): 2 are needed; not counted: .*does not open.*'robot' approved plan hhhh.*n_other/,
    );
    await bring([...spoiling, word, world.approval(plan, 'ben')]);
    const { cmd } = await signer.sign(openAct(plan), world.setting(), world.ground(plan));
    expect(JSON.parse(cmd)).toMatchObject({ nonce: expect.stringContaining(`stoicism:${EPOCH}:0:`) });
  });

  test('the same plan again changes nothing; another one of the epoch is refused for ever', async () => {
    await world.opened(signer);
    const { journal } = await signer.status();
    await bring(world.approvals(plan, 'robot'));
    expect((await signer.status()).journal).toEqual(journal);
    const other = planOf(EPOCH, [5, 0, 7], 'another cut');
    await refused(
      bring(world.approvals(other, 'robot', 'ann', 'ben'), other),
      'mint_plan_conflict',
      /brought is/,
    );
  });

  test('of a program alone do for a usual day, and people are needed for what is not', async () => {
    const day = async (points: number, by: 'robot' | 'people', n: number, cutId = 'cut') => {
      const next = planOf(EPOCH + n, [points], cutId);
      const names = by === 'robot' ? (['robot'] as const) : (['robot', 'ann', 'ben'] as const);
      await bring(world.approvals(next, ...names), next);
    };
    await refused(day(100, 'robot', 0), 'mint_outlier', /the first that this signer knows of/);
    await day(100, 'people', 0);
    for (let n = 1; n <= 7; n += 1) {
      world.clock.at += DAY_MS;
      await day(100 + n, 'robot', n);
    }
    world.clock.at += DAY_MS;
    // 540 on the other chains; the median of the last seven is 644.
    await refused(
      day(298, 'robot', 8),
      'mint_outlier',
      /838 points are more than 1300 per mille of 644, the median of 7 days/,
    );
    await day(297, 'robot', 8);
  });

  test('a plan that the contract would refuse is refused', async () => {
    const chains = plan.chains.map((chain) => ({
      ...chain,
      bounds: chain.chain === 2 ? [0, 1] : chain.bounds,
    }));
    await refused(
      bring([], { ...plan, chains }),
      'mint_bad_act',
      /bounds \[0,1\] for 1 batches and 60 slots of chain 2/,
    );
    await refused(bring([], { ...plan, points: 5 }), 'mint_bad_act', /5 points, and 552/);
    await refused(bring([], { ...plan, chains: plan.chains.slice(1) }), 'mint_bad_act', /the chains 1,2/);
  });
});
