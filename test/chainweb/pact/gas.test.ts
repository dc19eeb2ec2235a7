import * as protocol from '@stoa/protocol/mint';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signCommand } from './drafting.ts';
import { sizeGas } from './gas.ts';
import { key, poll, send, worldOf } from './kit.ts';

describe('size gas', () => {
  it.each([
    [10_000, 101],
    [50_000, 501],
    [100_000, 1_109],
    [150_000, 3_353],
    [175_000, 7_200],
    [200_000, 15_878],
    [225_000, 33_902],
    [250_000, 68_675],
    [300_000, 240_116],
    [350_000, 701_069],
    [400_000, 1_780_357],
  ])('of %d bytes is %d, as chainweb’s exact fractions have it', (bytes, gas) => {
    expect(sizeGas(bytes)).toBe(gas);
  });

  it.each([
    [2_000_000, 406_715],
    [1_600_000, 393_930],
    [500_000, 333_421],
    [180_000, 287_755],
  ])('a limit of %d gas holds %d bytes and no more', (limit, bytes) => {
    expect(sizeGas(bytes)).toBeLessThanOrEqual(limit);
    expect(sizeGas(bytes + 1)).toBeGreaterThan(limit);
  });

  it('is what the planner reckons with', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500_000 }), (n) => {
        expect(sizeGas(n)).toBe(protocol.sizeGas(n));
      }),
    );
  });

  it('is charged for the command’s bytes, not for its signatures', async () => {
    const [alice] = [key(1)];
    const world = worldOf([alice], { orphanRate: 0 });
    const command = signCommand(world, { key: alice, code: '1', data: { padding: 'é'.repeat(50_000) } });
    await send(world, [command]);
    world.advance(180_000);
    const { gas } = (await poll(world, command))!;
    expect(gas).toBe(sizeGas(Buffer.byteLength(command.cmd)));
    expect(gas).toBeGreaterThan(1_100);
  });
});
