import { fromBase64Url, fromHex } from '@stoa/protocol';
import { BUCKET, deltasDigest, type MintAct, requestKey } from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import { beforeEach, describe, expect, test } from 'vitest';
import type { MintSignerClient } from '#mint/client.ts';
import {
  closeAct,
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

async function start(policy: ConstructorParameters<typeof MintWorld>[0] = {}): Promise<void> {
  world = new MintWorld(policy);
  signer = await world.client();
}

beforeEach(() => start());

/** The refusal leaves no trace: the act as it should be is still signed. */
async function stillSigns(act: MintAct, plan = planOf(EPOCH)): Promise<void> {
  const signed = await signer.sign(act, world.setting(), world.ground(plan));
  expect(requestKey(signed.cmd)).toBe(signed.hash);
}

test('a batch of an approved plan is signed under the minter key, over the bytes that everybody recomputes', async () => {
  const plan = await world.opened(signer);
  const { cmd, hash, sigs } = await signer.sign(mintAct(plan), world.setting(), world.ground(plan));
  expect(hash).toBe(requestKey(cmd));
  const verify = nodeCrypto.verifier(fromHex(world.publicKey));
  expect(verify(fromBase64Url(hash), fromHex(sigs[0]!.sig))).toBe(true);
  expect(JSON.parse(cmd)).toMatchObject({
    nonce: `stoicism:${EPOCH}:0:0:0`,
    networkId: 'stoa',
    payload: {
      exec: {
        code: expect.stringContaining(`(use ${world.config.namespace}.mint "${world.config.moduleHash}")`),
      },
    },
  });
});

describe('a fake hub that asks for anything else is refused', () => {
  test.for([
    ['networkId', 'stoa2'],
    ['namespace', `n_${'cd'.repeat(20)}`],
    ['module', 'mint2'],
    ['moduleHash', 'x'.repeat(43)],
    ['sender', 'k:mine'],
    ['publicKey', 'ee'.repeat(32)],
  ] as const)('another %s', async ([field, value]) => {
    const plan = await world.opened(signer);
    const asked = signer.sign(mintAct(plan), world.setting({ [field]: value }), world.ground(plan));
    await refused(asked, 'mint_wrong_place', new RegExp(`${field} is '${value}'`));
    await stillSigns(mintAct(plan));
  });

  test('a chain that has no register', async () => {
    const plan = await world.opened(signer);
    const asked = signer.sign(mintAct(plan), world.setting({ chain: 10 }), world.ground(plan));
    await refused(asked, 'mint_wrong_place', /chain 10/);
  });

  test('an epoch of tomorrow, or one past the window', async () => {
    for (const epoch of [EPOCH + 1, EPOCH - 4]) {
      const plan = planOf(epoch);
      const brought = signer.plan({ plan, approvals: world.approvals(plan, 'robot', 'ann', 'ben') });
      await refused(
        brought,
        'mint_epoch_closed',
        new RegExp(`epoch ${epoch} is not within ${EPOCH - 3} to ${EPOCH}`),
      );
    }
  });

  test('an opening whose window has passed since it was planned', async () => {
    const plan = planOf(EPOCH);
    await signer.plan({ plan, approvals: world.approvals(plan, 'robot', 'ann', 'ben') });
    world.clock.at += 4 * DAY_MS;
    const asked = signer.sign(openAct(plan), world.setting(), world.ground(plan));
    await refused(asked, 'mint_epoch_closed', new RegExp(`epoch ${EPOCH} is not within`));
  });

  test('a batch of an epoch that it did not open', async () => {
    const plan = await world.opened(signer);
    const asked = signer.sign(mintAct(plan, 0, 1), world.setting({ chain: 1 }), world.ground(plan));
    await refused(asked, 'mint_epoch_closed', /not opened on chain 1/);
  });

  test('a batch of no plan that was brought', async () => {
    const plan = planOf(EPOCH);
    await refused(
      signer.sign(openAct(plan), world.setting(), world.ground(plan)),
      'mint_plan_unknown',
      /no approved plan/,
    );
  });

  test('a batch on the word of another plan', async () => {
    const plan = await world.opened(signer);
    const other = planOf(EPOCH, [500]);
    const asked = signer.sign(mintAct(plan), world.setting(), world.ground(other));
    await refused(
      asked,
      'mint_plan_conflict',
      new RegExp(`has the plan ${plan.hash}, asked is for ${other.hash}`),
    );
  });

  test('an opening with another cap, other bounds or another digest', async () => {
    const plan = planOf(EPOCH);
    await signer.plan({ plan, approvals: world.approvals(plan, 'robot', 'ann', 'ben') });
    const act = openAct(plan);
    for (const change of [{ cap: act.cap + 1 }, { bounds: [0, 1, 2] }, { digest: 'd'.repeat(43) }])
      await refused(
        signer.sign({ ...act, ...change }, world.setting(), world.ground(plan)),
        'mint_not_planned',
        /on chain 0; the plan has 12/,
      );
    await stillSigns(act);
  });

  test('a batch with other deltas, another sum or another place', async () => {
    const plan = await world.opened(signer);
    const act = mintAct(plan);
    const other = mintAct(planOf(EPOCH, [500]));
    for (const change of [other, { sum: 13 }, { batch: 1 }])
      await refused(
        signer.sign({ ...act, ...change }, world.setting(), world.ground(plan)),
        'mint_not_planned',
        /the plan has/,
      );
    await stillSigns(act);
  });

  test('deltas that are not what their digest says', async () => {
    const plan = await world.opened(signer);
    const { deltas } = mintAct(planOf(EPOCH, [500]));
    const asked = signer.sign({ ...mintAct(plan), deltas }, world.setting(), world.ground(plan));
    await refused(asked, 'mint_not_planned', new RegExp(`have the digest ${deltasDigest(deltas)}`));
  });

  test('to give up an epoch at more than it has', async () => {
    const plan = await world.opened(signer);
    const asked = signer.sign(closeAct(plan, 12), world.setting(), world.ground(plan));
    await refused(asked, 'mint_not_planned', /given up at 12 points, the plan has 12/);
    await stillSigns(closeAct(plan, 5));
  });

  test('a batch, or another attempt to open, of an epoch whose closing on that chain it signed', async () => {
    const plan = await world.opened(signer);
    await signer.sign(openAct(plan, 1), world.setting({ chain: 1 }), world.ground(plan));
    await signer.sign(closeAct(plan), world.setting(), world.ground(plan));
    world.clock.at += 1_800_000;
    for (const [act, attempt] of [
      [mintAct(plan), 0],
      [openAct(plan), 1],
    ] as const)
      await refused(
        signer.sign(act, world.setting({ attempt }), world.ground(plan)),
        'mint_epoch_given_up',
        new RegExp(`epoch ${EPOCH} on chain 0 was signed`),
      );
    await signer.sign(mintAct(plan, 0, 1), world.setting({ chain: 1 }), world.ground(plan));
    expect(
      (await signer.sign(closeAct(plan), world.setting({ attempt: 1 }), world.ground(plan))).hash,
    ).toHaveLength(43);
  });

  test.for([
    ['0.9e-8 STOA', 9e-9],
    ['ten times the band', 1e-6],
  ] as const)('a gas price of %s', async ([, gasPrice]) => {
    const plan = await world.opened(signer);
    const asked = signer.sign(mintAct(plan), world.setting({ gasPrice }), world.ground(plan));
    await refused(asked, 'mint_gas_price', new RegExp(`${gasPrice} STOA is not within`));
    await stillSigns(mintAct(plan));
  });

  test('a gas limit above what nodes gossip', async () => {
    const plan = await world.opened(signer);
    const asked = signer.sign(mintAct(plan), world.setting({ gasLimit: 1_500_001 }), world.ground(plan));
    await refused(asked, 'mint_gas_limit', /1500001 is not within/);
  });

  test('more gas in a day than its bound, and again the day after', async () => {
    await start({ gasSpendPerDay: 2_500_000_000 });
    const plan = await world.opened(signer);
    await signer.sign(mintAct(plan), world.setting(), world.ground(plan));
    const third = () => signer.sign(closeAct(plan), world.setting(), world.ground(plan));
    await expect(third()).rejects.toMatchObject({
      code: 'mint_gas_spent',
      retry: true,
      retryAfterMs: DAY_MS,
    });
    world.clock.at += DAY_MS;
    expect((await third()).hash).toHaveLength(43);
  });

  test.for([0, 3_601])('a ttl of %i s', async (ttl) => {
    const plan = await world.opened(signer);
    await refused(
      signer.sign(mintAct(plan), world.setting({ ttl }), world.ground(plan)),
      'mint_ttl',
      new RegExp(`${ttl} s`),
    );
  });

  test.for([-601, 601])('a command created %i s off its clock', async (off) => {
    const plan = await world.opened(signer);
    const creationTime = world.clock.at / 1_000 + off;
    const asked = signer.sign(mintAct(plan), world.setting({ creationTime }), world.ground(plan));
    await refused(asked, 'mint_clock', /601 s .* this signer's clock/);
  });

  test('an attempt while the one before can be mined, one left out, and a sixth', async () => {
    const plan = await world.opened(signer);
    const attempt = (n: number) =>
      signer.sign(mintAct(plan), world.setting({ attempt: n }), world.ground(plan));
    await attempt(0);
    await expect(attempt(1)).rejects.toMatchObject({
      code: 'mint_attempt_alive',
      retry: true,
      retryAfterMs: 1_770_000,
    });
    await refused(attempt(2), 'mint_attempts', /not the next one, which is 1/);
    const keys = new Set<string>();
    for (const n of [1, 2, 3, 4]) {
      world.clock.at += 1_800_000;
      keys.add((await attempt(n)).hash);
    }
    expect(keys.size).toBe(4);
    world.clock.at += 1_800_000;
    await refused(attempt(5), 'mint_attempts', /5 are all there are: a person has to look/);
  });

  test('a sixth attempt of a closing or an enrolment within a day; the next day has five more, of the same content', async () => {
    const plan = await world.opened(signer);
    const enrol = enrolAct();
    const ask = (n: number, act: typeof enrol = enrol) =>
      signer.sign(act, world.setting({ attempt: n }), world.ground(undefined));
    const close = (n: number) =>
      signer.sign(closeAct(plan), world.setting({ attempt: n }), world.ground(plan));
    const keys = new Set<string>();
    for (const n of [0, 1, 2, 3, 4]) {
      for (const { hash } of [await ask(n), await close(n)]) keys.add(hash);
      world.clock.at += 1_800_000;
    }
    await refused(
      ask(5),
      'mint_attempts',
      /enrol:0:60 has had 5 attempts today, and 5 are all there are in a day/,
    );
    await refused(close(5), 'mint_attempts', /has had 5 attempts today/);
    world.clock.at = (EPOCH + 1) * 86_400_000;
    await refused(ask(5, enrolAct(1)), 'mint_digest_changed', /enrol:0:60 was signed with the content/);
    for (const n of [5, 6]) {
      for (const { hash } of [await ask(n), await close(n)]) keys.add(hash);
      await refused(ask(n + 1), 'mint_attempt_alive', /can be mined until/);
      world.clock.at += 1_800_000;
    }
    expect(keys.size).toBe(14);
  });

  test('other content under a name that was signed', async () => {
    const plan = await world.opened(signer);
    await signer.sign(closeAct(plan, 5), world.setting(), world.ground(plan));
    world.clock.at += 1_800_000;
    const asked = signer.sign(closeAct(plan, 6), world.setting({ attempt: 1 }), world.ground(plan));
    await refused(asked, 'mint_digest_changed', /signed with the content total 5, not total 6/);
  });

  test('who leads no more', async () => {
    const plan = await world.opened(signer);
    await signer.sign(mintAct(plan), world.setting(), world.ground(plan, 7));
    const asked = signer.sign(mintAct(plan), world.setting(), world.ground(plan, 6));
    await refused(asked, 'mint_lease_stale', /the lease 6 is below 7/);
  });

  test('who leads no more also by what was signed before; one who changes leases without end', async () => {
    const plan = await world.opened(signer);
    const ask = (lease: number) => signer.sign(openAct(plan), world.setting(), world.ground(plan, lease));
    await ask(9);
    await refused(ask(8), 'mint_lease_stale', /the lease 8 is below 9/);
    for (let lease = 10; lease < 10 + 998; lease += 1) await ask(lease);
    await refused(ask(5_000), 'mint_lease_stale', /one more than 1000 of today/);
    await ask(1_007);
  });

  test('anything at all once it was stopped, until its own host lets it go on', async () => {
    const plan = await world.opened(signer);
    await signer.sign(openAct(plan), world.setting(), world.ground(plan, Number.MAX_SAFE_INTEGER));
    await signer.kill('keys were seen elsewhere');
    await signer.kill('again');
    await refused(
      signer.sign(mintAct(plan), world.setting(), world.ground(plan)),
      'mint_killed',
      /keys were seen elsewhere/,
    );
    await refused(signer.plan({ plan, approvals: [] }), 'mint_killed', /keys were seen elsewhere/);
    expect(await signer.status()).toMatchObject({ running: 'killed' });
    const service = await world.open();
    await service.revive('they were not');
    signer = await world.client();
    // A thief who led with the highest lease has not locked the others out.
    world.lease = 0;
    await stillSigns(mintAct(plan));
  });
});

test('asked again for what it signed it gives the same bytes, whatever the setting, also after a restart', async () => {
  const plan = await world.opened(signer);
  const first = await signer.sign(mintAct(plan), world.setting(), world.ground(plan));
  world.clock.at += 90_000;
  const other = world.setting({ gasPrice: 2e-8, gasLimit: 150_000, ttl: 900 });
  expect(await signer.sign(mintAct(plan), other, world.ground(plan))).toEqual(first);
  signer = await world.client();
  expect(await signer.sign(mintAct(plan), other, world.ground(plan))).toEqual(first);
  expect(mintAct(plan).deltas.split(' ')).toHaveLength(BUCKET + 1);
});
