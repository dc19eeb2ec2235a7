import { open, peek, regionCertKind } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { describe, expect, test } from 'vitest';
import { parseCertificates } from '#authority/certificates.ts';
import { REGION_FILES } from '#authority/region.ts';
import { createDevelopmentKeys } from '#development.ts';
import { PowerCut } from '#memory-disk.fixture.ts';
import { DIR, TestRegion } from '#region.fixture.ts';

const DAY_MS = 86_400_000;

describe('the development ceremony', () => {
  test('makes keys that chain to the root it names, and registers the instances', async () => {
    const region = new TestRegion();
    const keys = await region.make();
    expect(keys).toMatchObject({ created: true, region: 'eu' });
    expect(keys.rootFingerprint).toEqual(nodeCrypto.hash(keys.root));
    const { sealed } = parseCertificates(
      Buffer.from(region.disk.bytes(REGION_FILES.certificates(DIR))).toString(),
    );
    for (const role of ['instances', 'enrol', 'authority'] as const)
      expect(open(regionCertKind, sealed[role], nodeCrypto, keys.root)).toMatchObject({ role, region: 'eu' });
    const { instances } = await (await region.open()).call('status', {});
    expect(instances).toMatchObject([{ instance: 'hub-1' }]);
  });

  test('every key has a place that exists, sealed and private, and is told where it belongs', async () => {
    const region = new TestRegion();
    const { places } = await region.make();
    expect(places.map(({ key }) => key)).toEqual(['root', 'instances', 'enrol', 'authority', 'unlock']);
    for (const { path, belongs } of places) {
      expect(await region.disk.stat(path)).toMatchObject({ mode: 0o600 });
      expect(belongs.length).toBeGreaterThan(20);
    }
  });

  test('a second one loads and changes nothing', async () => {
    const region = new TestRegion();
    const first = await region.make();
    const files = new Map([...region.disk.files].map(([path, { bytes }]) => [path, Uint8Array.from(bytes)]));
    const second = await region.make();
    expect(second).toMatchObject({ created: false, root: first.root });
    for (const [path, bytes] of files) expect(region.disk.bytes(path), path).toEqual(bytes);
  });

  test('cut off at any step, the next one finishes it', async () => {
    for (let steps = 0; ; steps += 1) {
      const region = new TestRegion();
      region.disk.crashAfter(steps);
      const failure = await region.make().then(
        () => undefined,
        (error: unknown) => error,
      );
      region.disk.restart();
      await region.make();
      const service = await region.open();
      expect((await service.call('status', {})).instances, `after ${steps} steps`).toHaveLength(1);
      if (failure === undefined) break;
      expect(failure).toBeInstanceOf(PowerCut);
    }
  });

  test('renews certificates that end soon, and vouches for the clock', async () => {
    const region = new TestRegion();
    await region.make();
    region.clock.at += 340 * DAY_MS;
    await region.make();
    const { sealed } = await (await region.open()).call('chain', {});
    expect(peek(regionCertKind, sealed.enrol).notAfter).toBe(region.clock.at + 365 * DAY_MS);
  });

  test("refuses another region's directory", async () => {
    const region = new TestRegion();
    await region.make();
    const { disk, clock, random } = region;
    const other = createDevelopmentKeys({ dir: DIR, region: 'na', clock, random, disk });
    await expect(other).rejects.toThrow(/holds the keys of region 'eu', 'na' was asked for/);
  });
});
