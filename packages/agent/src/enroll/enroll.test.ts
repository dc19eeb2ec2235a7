import { fromHex } from '@stoa/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EnrolHub, refusal } from '#enroll/enrol-hub.fixture.ts';
import { type EnrollDeps, type EnrollOffer, type EnrollRequest, enroll } from '#enroll/enroll.ts';
import { HttpError } from '#http-error.ts';
import { identityDirectory } from '#identity/identity.ts';
import { IdentityStore } from '#identity/identity-store.ts';
import { makeRegion, seededRandom } from '#identity/region.fixture.ts';
import { MemoryDisk, type Unsynced } from '#memory-disk.ts';
import { VirtualClock } from '#virtual-clock.ts';

const config = { dataDir: '/data', instance: 'default' };
const directory = identityDirectory(config);
const ENROL = '/agent/v1/enrol';

function world(hub = new EnrolHub(makeRegion())) {
  const clock = new VirtualClock();
  const disk = new MemoryDisk();
  const random = seededRandom('host');
  const deps: EnrollDeps = { config, clock, disk, http: hub.http, random, version: '0.1.0' };
  const shown: EnrollOffer[] = [];
  const request = (token: string, changes: Partial<EnrollRequest> = {}): EnrollRequest => ({
    token,
    facts: { hostname: 'host', platform: 'linux-x64', chainwebVersion: '' },
    confirm: async (offer) => {
      shown.push(offer);
      return true;
    },
    ...changes,
  });
  /** Virtual time passes while it runs. */
  const run = async (asked: EnrollRequest, by: EnrollDeps = deps) => {
    const outcome = enroll(asked, by).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    await clock.advance(60_000);
    const ended = await outcome;
    if ('error' in ended) throw ended.error;
    return ended.value;
  };
  return { hub, disk, deps, shown, request, run };
}

describe('an enrolment', () => {
  test('shows owner, region and hub, makes a key and stores the identity', async () => {
    const { hub, disk, shown, request, run } = world();
    const outcome = await run(request(hub.token()));
    expect(shown).toEqual([
      {
        hub: 'https://hub.example',
        region: 'eu',
        owner: 'owner@example.org',
        instance: 'hub-1',
        rootFingerprint: Buffer.from(hub.region.rootFingerprint).toString('hex'),
      },
    ]);
    expect(outcome).toMatchObject({ state: 'enrolled', label: 'node-1' });
    const store = await IdentityStore.open(disk, directory);
    expect(store.nodeId).toEqual(fromHex(outcome.nodeId));
    expect(store.identity).toMatchObject({
      region: 'eu',
      owner: 'owner@example.org',
      hubs: ['https://hub.example'],
    });
    expect((await disk.stat(`${directory}/identity`))?.mode).toBe(0o600);
    expect(await disk.list(directory)).toEqual(['identity']);
  });

  test('tells a hub of another root nothing', async () => {
    const hub = new EnrolHub(makeRegion('eu', 'evil'));
    const { shown, request, run, disk } = world(hub);
    const { rootFingerprint } = makeRegion();
    await expect(run(request(hub.token({ rootFingerprint })))).rejects.toMatchObject({ code: 'wrong_root' });
    expect({ asked: hub.asked, shown }).toEqual({ asked: [`${ENROL}/challenge`], shown: [] });
    expect(await disk.list(directory)).toEqual([]);
  });

  test.for([
    ['another region', 'wrong_region', { region: 'na' }],
    ['a name that it does not answer for', 'bad_binding', { hub: 'https://other.example' }],
    ['an address in clear', 'hub_insecure', { hub: 'http://hub.example' }],
  ] as const)('refuses a token for %s', async ([, code, changes]) => {
    const { hub, request, run } = world();
    await expect(run(request(hub.token(changes)))).rejects.toMatchObject({ code });
    expect(hub.asked).not.toContain(ENROL);
  });

  test('a token that is damaged is not repeated in the error', async () => {
    const { hub, request, run } = world();
    const token = hub.token();
    const failed = await run(request(token.slice(0, -9))).catch((error: Error) => error);
    expect(failed).toMatchObject({ code: 'bad_join_token' });
    expect(String(failed)).not.toContain(token.slice(20, 40));
  });

  test('a person can decline, or only look', async () => {
    const { hub, disk, request, run } = world();
    const declined = run(request(hub.token(), { confirm: async () => false }));
    await expect(declined).rejects.toMatchObject({ code: 'enrolment_declined' });
    expect(await run(request(hub.token(), { dryRun: true }))).toMatchObject({ state: 'dry-run' });
    expect(hub.asked).not.toContain(ENROL);
    expect(await disk.list(directory)).toEqual([]);
  });

  test('is refused where a node is already, unless it is to be replaced; the old identity is kept', async () => {
    const { hub, disk, request, run } = world();
    const first = await run(request(hub.token()));
    await expect(run(request(hub.token()))).rejects.toMatchObject({ code: 'already_enrolled' });
    const second = await run(request(hub.token(), { force: true }));
    expect(second.nodeId).not.toBe(first.nodeId);
    const kept = await disk.readFile(`${directory}/${first.nodeId.slice(0, 16)}/identity`);
    await disk.writeAtomic('/other/identity', kept);
    expect((await IdentityStore.open(disk, '/other')).nodeId).toEqual(fromHex(first.nodeId));
  });

  test('several identities live in one data directory', async () => {
    const { hub, disk, deps, request, run } = world();
    const instances = ['default', 'node-2', 'node-3'];
    for (const instance of instances) {
      const at = { ...deps, config: { ...config, instance } };
      await run(request(hub.token()), at);
    }
    const stores = await Promise.all(
      instances.map((instance) => IdentityStore.open(disk, identityDirectory({ ...config, instance }))),
    );
    expect(new Set(stores.map(({ nodeId }) => nodeId.join())).size).toBe(3);
  });
});

describe('an enrolment whose answer was lost', () => {
  test('is asked again with the same key, at once or by a later command', async () => {
    const { hub, disk, request, run } = world();
    const token = hub.token();
    hub.loseAnswers = 2;
    await run(request(token));
    expect(hub.enrolled.size).toBe(1);
    await disk.remove(directory);
    const later = hub.token();
    hub.loseAnswers = 3;
    await expect(run(request(later))).rejects.toMatchObject({ code: 'http_reset', retry: true });
    const outcome = await run(request(later));
    expect([...hub.enrolled.values()]).toContain(outcome.nodeId);
    expect(hub.enrolled.size).toBe(2);
  });

  test.for([
    [refusal(404, 'join_token_unknown'), 'join_token_unknown'],
    [refusal(410, 'join_token_expired'), 'join_token_expired'],
    [refusal(410, 'join_token_used'), 'join_token_used'],
    [refusal(400, 'something_new'), 'hub_refused'],
    [refusal(503, 'draining'), 'hub_unavailable'],
    [{ status: 403, headers: {}, body: new TextEncoder().encode('<html>proxy</html>') }, 'hub_refused'],
    [new HttpError('http_dns', 'POST https://hub.example'), 'http_dns'],
  ] as const)('%j is told as %s', async ([answer, code]) => {
    const { hub, request, run } = world();
    hub.instead = ({ url }) => (url.endsWith('/enrol') ? answer : undefined);
    await expect(run(request(hub.token()))).rejects.toMatchObject({ code });
  });
});

test('kill -9 at any step of an enrolment loses no node: the same command again ends it', async () => {
  const unsynced = fc.constantFrom<Unsynced>('lost', 'torn', 'kept');
  await fc.assert(
    fc.asyncProperty(fc.nat(14), unsynced, fc.nat(2), async (steps, left, lost) => {
      const { hub, disk, request, run } = world();
      const token = hub.token();
      hub.loseAnswers = lost;
      disk.crashAfter(steps);
      const first = await run(request(token)).catch(() => undefined);
      disk.restart(left);
      if (first === undefined) {
        // Enrolled already where the crash came after the commit.
        await run(request(token)).catch((error: { code?: string }) =>
          expect(error.code).toBe('already_enrolled'),
        );
      }
      const store = await IdentityStore.open(disk, directory);
      expect([...hub.enrolled.values()]).toEqual([Buffer.from(store.nodeId).toString('hex')]);
    }),
    { numRuns: 120 },
  );
});
