import { adminKeyKind, LIMITS, open, regionCertKind, seal } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { beforeEach, describe, expect, test } from 'vitest';
import { type AdminKeyOrder, adminKeyOrderKind } from '#authority/admin-key.ts';
import { instanceOrderKind } from '#authority/instance.ts';
import { openRegionKeys } from '#authority/region.ts';
import { inProcessSigner } from '#client/in-process.ts';
import type { SignerClient } from '#client/signer-client.ts';
import { DIR, START, signingKey, TestRegion } from '#region.fixture.ts';
import type { SignerService } from '#service.ts';

const DAY_MS = 86_400_000;
const ANN = 'ann@x.example';
const key = signingKey('ann').publicKey;

describe("an admin's key", () => {
  let region: TestRegion;
  let service: SignerService;
  let signer: SignerClient;

  /** As `stoa-signer admin-key` on the signer's host gives it. */
  async function give(over: Partial<AdminKeyOrder> = {}, by?: ReturnType<typeof signingKey>) {
    const { unlock } = await region.make();
    const { instances } = await openRegionKeys({ dir: DIR, disk: region.disk }, unlock);
    const order = { order: 'add' as const, admin: ANN, publicKey: key, at: region.clock.at, ...over };
    return service.call('adminKeyOrder', { sealed: seal(adminKeyOrderKind, order, by ?? instances) });
  }

  beforeEach(async () => {
    region = new TestRegion({ adminCertsPerDay: 2 });
    service = await region.open();
    signer = inProcessSigner(service);
  });

  test('is certified for thirty days once it is listed, also after a restart', async () => {
    await give();
    await service.close();
    service = await region.open();
    signer = inProcessSigner(service);
    const certified = await signer.adminKey({ admin: ANN, publicKey: key });
    const root = (await signer.chain()).root;
    const authority = open(regionCertKind, certified.authority, nodeCrypto, root);
    expect(authority.role).toBe('authority');
    expect(open(adminKeyKind, certified.key, nodeCrypto, authority.publicKey)).toEqual({
      region: 'eu',
      admin: ANN,
      publicKey: key,
      notAfter: START + LIMITS.adminKeyMs,
    });
    expect((await signer.status()).adminKeys).toMatchObject([{ admin: ANN }]);
  });

  test('is not certified at the wish of a hub', async () => {
    await give();
    const mallory = signingKey('mallory').publicKey;
    for (const asked of [
      { admin: ANN, publicKey: mallory },
      { admin: 'mallory@x.example', publicKey: mallory },
      { admin: 'mallory@x.example', publicKey: key },
    ])
      await expect(signer.adminKey(asked)).rejects.toMatchObject({
        code: 'admin_key_not_listed',
        retry: false,
        message: expect.stringContaining('stoa-signer admin-key add'),
      });
  });

  test('is listed by the instances key only, and by an order about admins only', async () => {
    await expect(give({}, region.hubKey)).rejects.toMatchObject({ code: 'bad_proof' });
    const { unlock } = await region.make();
    const { instances } = await openRegionKeys({ dir: DIR, disk: region.disk }, unlock);
    const other = { order: 'register' as const, instance: ANN, publicKey: key, at: START };
    const sealed = seal(instanceOrderKind, other, instances);
    await expect(service.call('adminKeyOrder', { sealed })).rejects.toMatchObject({ code: 'bad_proof' });
    await expect(give({ publicKey: new Uint8Array(32) })).rejects.toMatchObject({ code: 'bad_public_key' });
    await expect(give({ publicKey: undefined })).rejects.toMatchObject({ code: 'bad_request' });
    await expect(give({ order: 'remove' })).rejects.toMatchObject({ code: 'admin_key_not_listed' });
    expect((await signer.status()).adminKeys).toEqual([]);
  });

  test('gives way to another after it was removed, and an old order does nothing', async () => {
    await give();
    await give();
    const next = signingKey('next').publicKey;
    await expect(give({ publicKey: next })).rejects.toMatchObject({ code: 'admin_key_taken' });
    region.clock.at += 1;
    await give({ order: 'remove', publicKey: undefined });
    await expect(signer.adminKey({ admin: ANN, publicKey: key })).rejects.toMatchObject({
      code: 'admin_key_not_listed',
    });
    await expect(give({ at: START })).rejects.toMatchObject({ code: 'bad_request' });
    await give({ publicKey: next });
    expect((await signer.adminKey({ admin: ANN, publicKey: next })).key.length).toBeGreaterThan(64);
  });

  test('is certified so often a day', async () => {
    await give();
    const ask = () => signer.adminKey({ admin: ANN, publicKey: key });
    for (let n = 0; n < 2; n += 1) await ask();
    await expect(ask()).rejects.toMatchObject({ code: 'quota_exceeded', retryAfterMs: DAY_MS });
    region.clock.at += DAY_MS;
    expect((await ask()).key.length).toBeGreaterThan(64);
  });
});
