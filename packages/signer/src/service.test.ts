import { open, peek, refuseKind, regionCertKind, regionTimeKind } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { describe, expect, test } from 'vitest';
import { formatCertificates } from '#authority/certificates.ts';
import { REGION_FILES } from '#authority/region.ts';
import { createRoot, openRoot } from '#authority/root.ts';
import { inProcessSigner } from '#client/in-process.ts';
import { DIR, START, seededRandom, signingKey, TestRegion } from '#region.fixture.ts';
import type { SignerService } from '#service.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const tokenId = new Uint8Array(16);

const timeOf = async (service: SignerService) =>
  peek(regionTimeKind, (await service.call('regionTime', {})).regionTime);

describe("the region's time", () => {
  test('is signed by the authority key, anew each hour, and the same bytes in between', async () => {
    const region = new TestRegion();
    const signer = inProcessSigner(await region.open());
    const first = await signer.regionTime();
    const { publicKey } = open(regionCertKind, first.authority, nodeCrypto, (await signer.chain()).root);
    const time = open(regionTimeKind, first.regionTime, nodeCrypto, publicKey);
    expect(time).toEqual({ region: 'eu', at: START, minInstanceSerial: 0 });
    region.clock.at += HOUR_MS - 1;
    expect(await signer.regionTime()).toEqual(first);
    region.clock.at += 1;
    expect(peek(regionTimeKind, (await signer.regionTime()).regionTime).at).toBe(START + HOUR_MS);
  });

  test('never goes back: not with the clock, not over a restart', async () => {
    const region = new TestRegion();
    const service = await region.open();
    region.clock.at += HOUR_MS;
    expect((await timeOf(service)).at).toBe(START + HOUR_MS);
    region.clock.at -= 30 * DAY_MS;
    expect((await timeOf(service)).at).toBe(START + HOUR_MS);
    const reopened = await region.open();
    expect((await timeOf(reopened)).at).toBe(START + HOUR_MS);
    expect((await reopened.call('status', {})).alerts).toEqual([
      expect.stringMatching(/clock is \d+ s behind what was signed already/),
    ]);
  });

  test('does not follow a clock that leaps ahead; a person can vouch for it', async () => {
    const region = new TestRegion();
    const service = await region.open();
    region.clock.at += 8 * DAY_MS;
    await expect(timeOf(service)).rejects.toMatchObject({ code: 'clock_leap', retry: true });
    const enrolment = service.call('enrol', {
      publicKey: signingKey('n').publicKey,
      tokenId,
      ownerGeneration: 0,
    });
    await expect(enrolment).rejects.toThrow(/signer clock accept/);
    expect((await service.call('status', {})).alerts).toEqual([expect.stringMatching(/leapt ahead/)]);
    await expect(region.open()).rejects.toMatchObject({ code: 'clock_leap' });
    const accepted = await region.open({ acceptClockLeap: true });
    expect((await timeOf(accepted)).at).toBe(START + 8 * DAY_MS);
    expect((await timeOf(await region.open())).at).toBe(START + 8 * DAY_MS);
  });
});

test('a refusal is signed by the authority key, and bounded by the hour', async () => {
  const region = new TestRegion({ refusalsPerHour: 2 });
  const signer = inProcessSigner(await region.open());
  const nodeId = nodeCrypto.hash(signingKey('node').publicKey);
  const { refuse, authority } = await signer.refuse({ nodeId, reason: 'asked for by the owner' });
  const { publicKey } = open(regionCertKind, authority, nodeCrypto, (await signer.chain()).root);
  expect(open(refuseKind, refuse, nodeCrypto, publicKey)).toEqual({
    nodeId,
    region: 'eu',
    reason: 'asked for by the owner',
    at: START,
  });
  await signer.refuse({ nodeId, reason: '' });
  await expect(signer.refuse({ nodeId, reason: '' })).rejects.toMatchObject({ code: 'quota_exceeded' });
});

describe('an act that cannot be written', () => {
  test('is not answered; the next one succeeds once there is room', async () => {
    const region = new TestRegion();
    const signer = inProcessSigner(await region.open());
    const key = signingKey('node').publicKey;
    region.disk.fill(true);
    const refused = signer.enrol({ publicKey: key, tokenId });
    await expect(refused).rejects.toMatchObject({ code: 'disk_fault', retry: true });
    expect((await signer.status()).enrolmentsLastHour).toBe(0);
    region.disk.fill(false);
    await signer.enrol({ publicKey: key, tokenId });
    expect((await signer.status()).enrolmentsLastHour).toBe(1);
  });

  test('though its line is, was not answered; it counts all the same', async () => {
    const region = new TestRegion();
    const signer = inProcessSigner(await region.open());
    const key = signingKey('node').publicKey;
    region.disk.fail(`${REGION_FILES.journal(DIR)}.head`);
    const refused = signer.enrol({ publicKey: key, tokenId });
    await expect(refused).rejects.toMatchObject({ code: 'disk_fault', retry: true });
    region.disk.fail(undefined);
    expect((await signer.status()).enrolmentsLastHour).toBe(1);
    await signer.enrol({ publicKey: key, tokenId });
    await signer.enrol({ publicKey: signingKey('another').publicKey, tokenId });
    expect((await signer.status()).enrolmentsLastHour).toBe(2);
  });

  test('in a journal that was changed under a running signer is refused', async () => {
    const region = new TestRegion();
    const service = await region.open();
    await timeOf(service);
    const path = REGION_FILES.journal(DIR);
    region.disk.set(path, region.disk.bytes(path).subarray(0, 100));
    region.clock.at += HOUR_MS;
    await expect(timeOf(service)).rejects.toMatchObject({ code: 'journal_damaged' });
    await expect(timeOf(service)).rejects.toMatchObject({ code: 'journal_damaged' });
    await expect(region.open()).rejects.toMatchObject({ code: 'journal_damaged' });
  });
});

describe('opening', () => {
  test('wants the journal of this very region', async () => {
    const region = new TestRegion();
    await region.make();
    const config = REGION_FILES.config(DIR);
    const text = Buffer.from(region.disk.bytes(config)).toString();
    region.disk.set(config, Buffer.from(text.replace('"eu"', '"na"')));
    await expect(region.open()).rejects.toThrow(/it is for region 'eu', not 'na'/);
    region.disk.files.delete(REGION_FILES.certificates(DIR));
    await expect(region.open()).rejects.toThrow(/journal is of region 'eu', signer.json names 'na'/);
  });

  test.for([
    ['{', /is not JSON/],
    ['7', /is no JSON object/],
    ['{"version":2,"region":"eu"}', /"version": 1/],
    ['{"version":1,"region":"EU!"}', /'EU!' is no region name/],
    ['{"version":1,"region":"eu","policy":{"enrolmentsPerHour":-1}}', /enrolmentsPerHour is -1/],
    ['{"version":1,"region":"eu","policy":{"mints":1}}', /policy 'mints' is unknown/],
  ] as const)('signer.json %s is refused with what is wrong', async ([text, message]) => {
    const region = new TestRegion();
    await region.make();
    region.disk.set(REGION_FILES.config(DIR), Buffer.from(text));
    await expect(region.open()).rejects.toThrow(message);
  });

  test('a closed service answers no more', async () => {
    const service = await new TestRegion().open();
    await service.close();
    await service.close();
    await expect(service.call('status', {})).rejects.toMatchObject({ code: 'signer_closed' });
  });
});

describe('region certificates', () => {
  const rootPlace = (region: TestRegion) => ({ dir: `${DIR}/root`, disk: region.disk });
  const renew = async (region: TestRegion, days: number) => {
    const root = await openRoot(rootPlace(region), (await region.make()).unlock);
    return Buffer.from(formatCertificates(await root.renew('eu', { now: region.clock.at, days })));
  };

  test('F17: an expired certificate neither stops a start nor an answer, and is told 30 days ahead', async () => {
    const region = new TestRegion();
    let service = await region.open();
    const alerts = async () => (await service.call('status', {})).alerts;
    await service.call('install', { certificates: await renew(region, 31) });
    expect(await alerts()).toEqual([]);
    region.clock.at += 2 * DAY_MS;
    expect(await alerts()).toHaveLength(3);
    expect((await alerts())[0]).toMatch(
      /instances certificate ends on 2026-12-26: run 'signer region renew'/,
    );
    region.clock.at += 30 * DAY_MS;
    service = await region.open({ acceptClockLeap: true });
    expect((await alerts())[0]).toMatch(/ended on 2026-12-26/);
    expect((await timeOf(service)).at).toBe(region.clock.at);
  });

  test('are taken while the signer runs, in use at once, and kept', async () => {
    const region = new TestRegion();
    const service = await region.open();
    const before = await service.call('chain', {});
    region.clock.at += DAY_MS;
    await service.call('install', { certificates: await renew(region, 100) });
    const after = await service.call('chain', {});
    expect(after.root).toEqual(before.root);
    const cert = peek(regionCertKind, after.sealed.instances);
    expect(cert.serial).toBeGreaterThan(peek(regionCertKind, before.sealed.instances).serial);
    expect(await (await region.open()).call('chain', {})).toEqual(after);
  });

  test('older ones are refused, the same ones change nothing', async () => {
    const region = new TestRegion();
    const service = await region.open();
    const old = Uint8Array.from(region.disk.bytes(REGION_FILES.certificates(DIR)));
    await service.call('install', { certificates: old });
    region.clock.at += DAY_MS;
    const { entries } = (await service.call('status', {})).journal;
    await service.call('install', { certificates: await renew(region, 100) });
    await expect(service.call('install', { certificates: old })).rejects.toThrow(
      /serial \d+; \d+ is installed/,
    );
    expect((await service.call('status', {})).journal.entries).toBe(entries + 1);
  });

  test('of another root, other keys, or damaged are refused', async () => {
    const region = new TestRegion();
    const service = await region.open();
    const { unlock } = await region.make();
    const otherRoot = await createRoot(
      { dir: '/other', disk: region.disk },
      { unlock, random: seededRandom('other root'), now: START },
    );
    const chain = await service.call('chain', {});
    const keyOf = (sealed: Uint8Array) => peek(regionCertKind, sealed).publicKey;
    const keys = {
      instances: keyOf(chain.sealed.instances),
      enrol: keyOf(chain.sealed.enrol),
      authority: keyOf(chain.sealed.authority),
    };
    const by = { now: START, days: 30 };
    const install = (bundle: Parameters<typeof formatCertificates>[0]) =>
      service.call('install', { certificates: Buffer.from(formatCertificates(bundle)) });
    await expect(install(await otherRoot.certify({ region: 'eu', keys }, by))).rejects.toThrow(
      /another root/,
    );
    const swapped = { ...keys, enrol: keys.authority, authority: keys.enrol };
    const root = await openRoot(rootPlace(region), unlock);
    await expect(root.certify({ region: 'eu', keys: swapped }, by)).rejects.toThrow(/pass --replace-keys/);
    const replaced = await root.certify({ region: 'eu', keys: swapped }, { ...by, replaceKeys: true });
    await expect(install(replaced)).rejects.toThrow(/for another public key than the one here/);
    const elsewhere = await root.certify({ region: 'na', keys }, by);
    await expect(install({ ...elsewhere, region: 'eu' })).rejects.toThrow(/for region 'na', not 'eu'/);
    const roles = { ...chain.sealed, enrol: chain.sealed.authority, authority: chain.sealed.enrol };
    await expect(install({ ...chain, sealed: roles })).rejects.toThrow(/it is for the role 'authority'/);
    const damaged = service.call('install', { certificates: Buffer.from('{"version":1}') });
    await expect(damaged).rejects.toMatchObject({ code: 'bad_certificate' });
    expect(await service.call('chain', {})).toEqual(chain);
  });

  test('every changed byte of the file on disk is refused at the next start', async () => {
    const region = new TestRegion();
    await region.make();
    const path = REGION_FILES.certificates(DIR);
    const whole = Uint8Array.from(region.disk.bytes(path));
    const sealed = Buffer.from(whole).indexOf('"certificates"') + 20;
    for (let at = sealed; at < whole.length - 12; at += 7) {
      const changed = Uint8Array.from(whole);
      changed[at] = whole[at]! ^ 0x01;
      region.disk.set(path, changed);
      await expect(region.open(), `byte ${at}`).rejects.toMatchObject({ code: 'bad_certificate' });
    }
  });
});
