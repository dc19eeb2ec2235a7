import { MINT_CHAINS } from '@stoa/protocol/mint';
import { expect, test } from 'vitest';
import { unlockWithKeyFile } from '#keys/unlock.ts';
import { restartMintJournal } from '#mint/making.ts';
import { rotateMinterKey } from '#mint/service.ts';
import { EPOCH, MINT_DIR, MintWorld, mintAct, openAct, planOf, refused } from '#mint/world.fixture.ts';
import { seededRandom } from '#region.fixture.ts';

const DAY_MS = 86_400_000;

test('a signer that lost its journal starts only with two people who read the last epoch from ten chains, and above it', async () => {
  const world = new MintWorld();
  const signer = await world.client();
  await world.opened(signer);
  world.disk.files.delete(`${MINT_DIR}/journal`);
  await expect(world.open()).rejects.toMatchObject({ code: 'journal_damaged' });
  const place = { dir: MINT_DIR, disk: world.disk };
  const epochs = Array.from({ length: MINT_CHAINS }, (_, chain) => EPOCH - (chain === 9 ? 1 : 0));
  const restart = (...approvals: Uint8Array[]) =>
    restartMintJournal(place, { approvals, now: world.clock.at });
  await refused(restart(), 'mint_plan_unapproved', /no person/);
  await refused(
    restart(world.restart(epochs, 'ann')),
    'mint_plan_unapproved',
    /1 approvals \(ann\): 2 are needed/,
  );
  const twice = [world.restart(epochs, 'ann'), world.restart(epochs, 'ann')];
  await refused(restart(...twice), 'mint_plan_unapproved', /1 approvals/);
  const differ = [world.restart(epochs, 'ann'), world.restart([...epochs].fill(1), 'ben')];
  await refused(restart(...differ), 'mint_plan_unapproved', /1 approvals/);
  const nine = [world.restart(epochs.slice(1), 'ann'), world.restart(epochs.slice(1), 'ben')];
  await refused(restart(...nine), 'mint_plan_unapproved', /9 chains/);
  const before = epochs.map((epoch) => epoch - 9);
  const older = [world.restart(before, 'ann'), world.restart(before, 'ben')];
  world.clock.at += 1;
  const spoiling = [new Uint8Array(40), world.restart(epochs, 'robot'), nine[0]!, ...older];
  expect(await restart(...spoiling, world.restart(epochs, 'ann'), world.restart(epochs, 'ben'))).toEqual(
    epochs,
  );
  const again = await world.client();
  const plan = planOf(EPOCH);
  const brought = again.plan({ plan, approvals: world.approvals(plan, 'robot', 'ann', 'ben') });
  await refused(brought, 'mint_epoch_closed', new RegExp(`epoch ${EPOCH} is not above ${EPOCH}`));
  world.clock.at += DAY_MS;
  const next = await world.opened(again, planOf(EPOCH + 1));
  expect((await again.sign(mintAct(next), world.setting(), world.ground(next))).hash).toHaveLength(43);
  await expect(restart(world.restart(epochs, 'ann'), world.restart(epochs, 'ben'))).rejects.toThrow(
    /is intact/,
  );
});

test('a new key signs once no command of the old one can be mined; what the old one signed is not given again', async () => {
  const world = new MintWorld();
  const signer = await world.client();
  const plan = await world.opened(signer);
  const { disk, clock } = world;
  const options = { dir: MINT_DIR, disk, clock, random: seededRandom('next') };
  const rotate = async () =>
    rotateMinterKey({ ...options, unlock: await unlockWithKeyFile('/unlock', disk) });
  await expect(rotate()).rejects.toMatchObject({ code: 'mint_attempt_alive', retry: true });
  const before = world.publicKey;
  world.clock.at += 1_800_000;
  world.publicKey = await rotate();
  expect(world.publicKey).not.toBe(before);
  const next = await world.client();
  expect(await next.status()).toMatchObject({ publicKey: world.publicKey, sender: `k:${world.publicKey}` });
  await refused(
    next.sign(openAct(plan), world.setting(), world.ground(plan)),
    'mint_command_lost',
    /ask for the next attempt/,
  );
  const { cmd } = await next.sign(openAct(plan), world.setting({ attempt: 1 }), world.ground(plan));
  expect(cmd).toContain(`"pubKey":"${world.publicKey}"`);
});

test('a clock that leapt by more than a week is vouched for by a person', async () => {
  const world = new MintWorld();
  await world.open();
  world.clock.at += 8 * DAY_MS;
  await expect(world.open()).rejects.toMatchObject({ code: 'clock_leap' });
  const service = await world.open({ acceptClockLeap: true });
  expect(await service.call('status', {})).toMatchObject({ alerts: [] });
});
