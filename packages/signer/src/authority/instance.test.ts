import { LIMITS, peek, peekInstanceCert, regionTimeKind, seal, verifyHubChain } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { beforeEach, describe, expect, test } from 'vitest';
import { instanceOrderKind, instanceRequestKind } from '#authority/instance.ts';
import { openRegionKeys } from '#authority/region.ts';
import { inProcessSigner } from '#client/in-process.ts';
import type { SignerClient } from '#client/signer-client.ts';
import { DIR, START, signingKey, TestRegion } from '#region.fixture.ts';
import type { SignerService } from '#service.ts';

const DAY_MS = 86_400_000;

describe('instance certificates', () => {
  let region: TestRegion;
  let service: SignerService;
  let signer: SignerClient;
  const cert = async () =>
    peekInstanceCert((await signer.instanceCert({ instance: 'hub-1', key: region.hubKey })).instance);

  beforeEach(async () => {
    region = new TestRegion({ instanceCertsPerDay: 3 });
    service = await region.open();
    signer = inProcessSigner(service);
  });

  test('make a chain that an agent accepts, for seven days', async () => {
    const chain = await signer.instanceCert({ instance: 'hub-1', key: region.hubKey });
    const { rootFingerprint } = await signer.chain();
    const policy = { rootFingerprint, region: 'eu', timeFloor: START, minInstanceSerial: 0 };
    const { instance } = verifyHubChain(chain, policy, nodeCrypto);
    expect(instance).toMatchObject({
      instance: 'hub-1',
      region: 'eu',
      notAfter: START + LIMITS.instanceCertMs,
    });
    const tooLate = { ...policy, timeFloor: START + LIMITS.instanceCertMs };
    expect(() => verifyHubChain(chain, tooLate, nodeCrypto)).toThrow(/ended at/);
  });

  test('have growing serials, also when the clock stands still', async () => {
    const first = await cert();
    expect((await cert()).serial).toBe(first.serial + 1);
    region.clock.at += DAY_MS;
    expect((await cert()).serial).toBe(region.clock.at);
  });

  test('are for registered instances and their own key only', async () => {
    const stranger = signer.instanceCert({ instance: 'hub-2', key: signingKey('hub-2') });
    await expect(stranger).rejects.toMatchObject({ code: 'instance_not_registered', retry: false });
    const impostor = signer.instanceCert({ instance: 'hub-1', key: signingKey('impostor') });
    await expect(impostor).rejects.toThrow(
      /registered with another key: an admin runs 'signer instance register/,
    );
  });

  test('take a proof that the caller holds the key', async () => {
    const named = { instance: 'hub-1', publicKey: region.hubKey.publicKey };
    const sealed = seal(instanceRequestKind, named, signingKey('impostor'));
    await expect(service.call('instanceCert', { sealed })).rejects.toMatchObject({ code: 'bad_proof' });
    const noise = service.call('instanceCert', { sealed: new Uint8Array(40) });
    await expect(noise).rejects.toMatchObject({ code: 'bad_proof' });
  });

  test('are rate-limited for each instance', async () => {
    for (let n = 0; n < 3; n += 1) await cert();
    await expect(cert()).rejects.toMatchObject({ code: 'quota_exceeded', retry: true, retryAfterMs: DAY_MS });
    await service.registerInstance({ instance: 'hub-2', publicKey: signingKey('hub-2').publicKey });
    const other = await signer.instanceCert({ instance: 'hub-2', key: signingKey('hub-2') });
    expect(peekInstanceCert(other.instance).instance).toBe('hub-2');
    region.clock.at += DAY_MS;
    expect((await cert()).serial).toBeGreaterThan(0);
  });

  test('a retired instance gets none, and every certificate so far is void at the next region time', async () => {
    const before = await cert();
    await service.registerInstance({ instance: 'hub-2', publicKey: signingKey('hub-2').publicKey });
    await service.retireInstance({ instance: 'hub-2' });
    const retired = signer.instanceCert({ instance: 'hub-2', key: signingKey('hub-2') });
    await expect(retired).rejects.toMatchObject({ code: 'instance_not_registered' });
    const { minInstanceSerial } = peek(regionTimeKind, (await signer.regionTime()).regionTime);
    expect(before.serial).toBeLessThan(minInstanceSerial);
    expect((await cert()).serial).toBeGreaterThanOrEqual(minInstanceSerial);
  });
});

describe("an admin's order", () => {
  let region: TestRegion;
  let service: SignerService;
  const publicKey = signingKey('hub-2').publicKey;
  const order = async (at: number, kind: 'register' | 'retire' = 'register', key = publicKey) => {
    const { unlock } = await region.make();
    const { instances } = await openRegionKeys({ dir: DIR, disk: region.disk }, unlock);
    const body = { order: kind, instance: 'hub-2', publicKey: kind === 'register' ? key : undefined, at };
    return { sealed: seal(instanceOrderKind, body, instances) };
  };

  beforeEach(async () => {
    region = new TestRegion();
    service = await region.open();
  });

  test("is obeyed under the region's instances key only", async () => {
    const body = { order: 'register', instance: 'hub-2', publicKey, at: START } as const;
    const forged = { sealed: seal(instanceOrderKind, body, signingKey('taken-over hub')) };
    await expect(service.call('order', forged)).rejects.toMatchObject({ code: 'bad_proof' });
    await service.call('order', await order(START));
    expect((await service.call('status', {})).instances.map(({ instance }) => instance)).toEqual([
      'hub-1',
      'hub-2',
    ]);
  });

  test('does nothing when it is replayed', async () => {
    const register = await order(START);
    await service.call('order', register);
    const { entries } = (await service.call('status', {})).journal;
    await service.call('order', register);
    expect((await service.call('status', {})).journal.entries).toBe(entries);
    await service.call('order', await order(START + 1, 'retire'));
    await expect(service.call('order', register)).rejects.toThrow(/older than the last one obeyed/);
    await service.close();
    const reopened = await region.open();
    await expect(reopened.call('order', register)).rejects.toThrow(/older than the last one obeyed/);
  });

  test('gives a name another key only after it was retired', async () => {
    await service.call('order', await order(START));
    const other = await order(START + 1, 'register', signingKey('new machine').publicKey);
    await expect(service.call('order', other)).rejects.toMatchObject({ code: 'instance_taken' });
    await service.retireInstance({ instance: 'hub-2' });
    await service.call('order', other);
    await expect(service.retireInstance({ instance: 'hub-3' })).rejects.toMatchObject({
      code: 'instance_not_registered',
    });
  });
});
