import { expect, it } from 'vitest';
import { AllowedAddresses } from '../egress-addresses.ts';
import { DeadMan } from './dead-man.ts';
import { Egress } from './egress.ts';
import { startHttp } from './receivers.fixture.ts';

it('says to a service elsewhere that the hub lives, while it does', async () => {
  let status = 200;
  await using http = await startHttp(() => ({ status }));
  let healthy = true;
  const deadMan = new DeadMan({
    url: new URL(`${http.url}/ping/secret`),
    egress: new Egress({ allowed: new AllowedAddresses(['127.0.0.0/8']) }),
    healthy: async () => {
      if (!healthy) throw new Error('no database');
    },
  });
  await deadMan.tick();
  healthy = false;
  await expect(deadMan.tick()).rejects.toThrow('no database');
  expect(http.received.map(({ path }) => path)).toEqual(['/ping/secret']);
  healthy = true;
  status = 500;
  await expect(deadMan.tick()).rejects.toThrow('127.0.0.1 answered 500');
});
