import {
  adminKeyKind,
  type CarriedOrder,
  CONTEXT,
  formatParams,
  isGuarded,
  jobResultKind,
  KIND_NAMES,
  type KindName,
  kindOf,
  merkleTree,
  type Order,
  orderKind,
  ownerKeyChangeKind,
  type ParamValues,
  peek,
  type RegionRole,
  regionCertKind,
  type SigningKey,
  seal,
  toHex,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { beforeEach, describe, expect, test } from 'vitest';
import type { JobHandler, JobHandlers } from '#work/handler.ts';
import { idOf, POLICY_PATH, WorkWorld } from '#work/work-world.fixture.ts';

const HASH = 'ab'.repeat(32);
const URL = 'https://mallory.example/seed.tar';
const IMAGE = `mallory.example/chainweb@sha256:${HASH}`;
const HOUR_MS = 3_600_000;
const REFUSED = /^refused (bad_order|bad_signature|order_not_owners|certificate_|wrong_)/;

/** What a thief would want of each guarded kind. */
const GUARDED: Partial<Record<KindName, ParamValues>> = {
  'netdata-install': {},
  'apt-upgrade': {},
  'stoachain-install': { image: IMAGE, supervisor: 'docker', hostname: 'x.example' },
  'stoachain-reseed': { url: URL, sha256: HASH },
  'stoachain-upgrade': { image: IMAGE },
  'stoachain-convert-supervision': { to: 'docker' },
  'backup-restore': { from: URL, sha256: HASH },
};
const guarded = KIND_NAMES.filter((name) => isGuarded(kindOf(name)));
const paramsOf = (kind: KindName) => formatParams(kindOf(kind).parameters, GUARDED[kind] ?? {});

/** The hub, its database and the signer with all its keys are the thief's; the root, owner's and admins' keys are not. */
describe('a hub that was taken over, with every online key', () => {
  let world: WorkWorld;
  let ran: KindName[];
  let online: Record<'instance' | RegionRole | 'own', SigningKey>;
  let jobs = 0;

  beforeEach(async () => {
    ran = [];
    jobs = 0;
    world = await WorkWorld.create();
    const handler: JobHandler = {
      run: async ({ kind }) => {
        ran.push(kind);
        return { report: {} };
      },
    };
    world.handlers = Object.fromEntries(KIND_NAMES.map((name) => [name, handler])) as JobHandlers;
    await world.boot();
    await world.open();
    const own = nodeCrypto.signingKey(nodeCrypto.hash(new TextEncoder().encode('mallory')));
    online = { instance: world.region.hubKey, ...world.region.keys, own };
  });

  const bodyOf = (kind: KindName, over: Partial<Order> = {}): Order => {
    const { nodeId } = world.store;
    jobs += 1;
    return {
      orderId: idOf(`order ${jobs}`),
      region: world.region.name,
      kind,
      paramsHash: nodeCrypto.hash(new TextEncoder().encode(paramsOf(kind))),
      nodes: merkleTree([nodeId], nodeCrypto.hash).root,
      nodeCount: 1,
      maxAttempts: 9,
      signer: 'owner@example.org',
      signerKey: world.owner.publicKey,
      issuedAt: world.clock.now(),
      expiresAt: world.clock.now() + HOUR_MS,
      ...over,
    };
  };

  /** Sends it as a job, and tells how the node answered. */
  async function attempt(kind: KindName, order: CarriedOrder | undefined): Promise<string> {
    jobs += 1;
    const before = world.received.length;
    await world.send({ kind, params: GUARDED[kind] ?? {}, job: `job ${jobs}`, order });
    const answer = world.received.slice(before).find(({ name }) => name === 'jobResult');
    if (answer?.name !== 'jobResult') return 'nothing';
    const { outcome, code } = peek(jobResultKind, answer.value.sealed);
    return `${outcome} ${code}`;
  }

  /** Papers of an admin as the thief can make them: any key certified by any key, under any certificate. */
  function* papers(of: SigningKey): Generator<CarriedOrder['admin']> {
    const { region, admin, owner } = world;
    yield undefined;
    const authorities = (['authority', 'instances', 'enrol'] as const).map((role) => region.cert(role));
    for (const issuer of Object.values(online)) {
      const cert = {
        serial: 9,
        region: region.name,
        role: 'authority' as const,
        publicKey: issuer.publicKey,
      };
      const own = seal(regionCertKind, { ...cert, notAfter: Date.UTC(2100, 0) }, issuer);
      for (const certified of [of, owner, admin])
        for (const authority of [...authorities, own]) {
          const body = { region: region.name, admin: 'admin@example.org', notAfter: Date.UTC(2100, 0) };
          yield { key: seal(adminKeyKind, { ...body, publicKey: certified.publicKey }, issuer), authority };
        }
    }
  }

  /** Each online key over an order that names each key and person, in this context and another, with each paper. */
  function* forgeries(): Generator<CarriedOrder> {
    const { owner, admin } = world;
    for (const signer of Object.values(online))
      for (const claimed of [signer, owner, admin]) {
        const name = claimed === owner ? 'owner@example.org' : 'admin@example.org';
        const body = bodyOf('apt-upgrade', { signer: name, signerKey: claimed.publicKey });
        const sealed = seal(orderKind, body, signer);
        for (const paper of papers(signer)) yield { sealed, admin: paper, proof: [] };
        const elsewhere = seal({ ...orderKind, context: CONTEXT.job }, body, signer);
        yield { sealed: elsewhere, admin: undefined, proof: [] };
      }
  }

  test('gets no guarded job run, in whatever way its keys are combined', async () => {
    let tried = 0;
    for (const order of forgeries()) {
      expect(await attempt('apt-upgrade', order)).toMatch(REFUSED);
      tried += 1;
    }
    expect([tried > 900, ran]).toEqual([true, []]);
    // The same node does it for its owner.
    const genuine = seal(orderKind, bodyOf('apt-upgrade'), world.owner);
    expect(await attempt('apt-upgrade', { sealed: genuine, admin: undefined, proof: [] })).toBe('succeeded ');
    expect(ran).toEqual(['apt-upgrade']);
  }, 120_000);

  test.each(guarded)(
    'gets %s run neither without an order nor with what it finds in its database',
    async (kind) => {
      const { owner, admin, region, clock } = world;
      const others = merkleTree(
        [idOf('a'), idOf('b')].map((id) => nodeCrypto.hash(id)),
        nodeCrypto.hash,
      );
      const carried = (sealed: Uint8Array, over: Partial<CarriedOrder> = {}) => ({
        ...{ sealed, admin: undefined, proof: [] },
        ...over,
      });
      const owners = (over: Partial<Order>, said: Partial<CarriedOrder> = {}) =>
        carried(seal(orderKind, bodyOf(kind, over), owner), said);
      const adminBody = { region: region.name, admin: 'admin@example.org', publicKey: admin.publicKey };
      const certified = {
        key: seal(adminKeyKind, { ...adminBody, notAfter: Date.UTC(2100, 0) }, region.keys.authority),
        authority: region.cert('authority'),
      };
      const adminOrder = { signer: 'admin@example.org', signerKey: admin.publicKey };
      const elsewhere = { nodes: others.root, nodeCount: 2 };
      const found: [string, CarriedOrder | undefined][] = [
        ['none', undefined],
        ['for other nodes', owners(elsewhere, { proof: others.proof(0) })],
        ['for other nodes, by no path', owners(elsewhere)],
        ['for another kind', owners({ kind: 'stoachain-control' })],
        ['for other parameters', owners({ paramsHash: nodeCrypto.hash(new Uint8Array(1)) })],
        ['that ended', owners({ issuedAt: world.timeFloor - 2, expiresAt: world.timeFloor - 1 })],
        ['of another region', owners({ region: 'na' })],
        ['that would live for ever', owners({ expiresAt: clock.now() + 400 * 24 * HOUR_MS })],
        [
          'of an admin whom the owner did not list',
          carried(seal(orderKind, bodyOf(kind, adminOrder), admin), { admin: certified }),
        ],
      ];
      for (const [why, order] of found)
        expect([why, await attempt(kind, order)]).toEqual([why, expect.stringMatching(/^refused /)]);
      expect(ran).toEqual([]);
      // An order that was obeyed once is no licence for more.
      const used = owners({});
      expect([await attempt(kind, used), await attempt(kind, used)]).toEqual([
        'succeeded ',
        'refused order_used',
      ]);
      expect(ran).toEqual([kind]);
    },
  );

  test('gets none run where the owner listed an admin, whose key it lacks as well', async () => {
    const { admin, region } = world;
    await world.disk.writeAtomic(POLICY_PATH, `admin ${toHex(admin.publicKey)}\n`);
    await world.work.look();
    const body = { signer: 'admin@example.org', signerKey: admin.publicKey };
    for (const signer of [online.own, online.authority])
      for (const paper of papers(signer)) {
        const sealed = seal(orderKind, bodyOf('apt-upgrade', body), signer);
        expect(await attempt('apt-upgrade', { sealed, admin: paper, proof: [] })).toMatch(/^refused /);
        const own = bodyOf('apt-upgrade', { ...body, signerKey: signer.publicKey });
        const order = { sealed: seal(orderKind, own, signer), admin: paper, proof: [] };
        expect(await attempt('apt-upgrade', order)).toMatch(/^refused /);
      }
    expect(ran).toEqual([]);
    const cert = {
      region: region.name,
      admin: body.signer,
      publicKey: admin.publicKey,
      notAfter: Date.UTC(2100, 0),
    };
    const certified = {
      key: seal(adminKeyKind, cert, region.keys.authority),
      authority: region.cert('authority'),
    };
    const sealed = seal(orderKind, bodyOf('apt-upgrade', body), admin);
    expect(await attempt('apt-upgrade', { sealed, admin: certified, proof: [] })).toBe('succeeded ');
  }, 60_000);

  test('cannot move the pinned key that all of this rests on', async () => {
    const { owner: name, region } = world.store.identity;
    const pinned = world.store.ownerKey!;
    const change = {
      owner: name,
      region,
      serial: pinned.serial + 1,
      previous: pinned.key,
      next: online.own.publicKey,
    };
    for (const signer of Object.values(online))
      await expect(world.store.followOwnerKey(seal(ownerKeyChangeKind, change, signer))).rejects.toThrow();
    expect(world.store.ownerKey!.key).toEqual(world.owner.publicKey);
  });

  // The bound of the damage: with the authority key it can make itself an admin.
  test('stops a node as often as the local policy lets admins, and no more', async () => {
    const { region } = world;
    const cert = {
      region: region.name,
      admin: 'm@x.example',
      publicKey: online.own.publicKey,
      notAfter: Date.UTC(2100, 0),
    };
    const admin = {
      key: seal(adminKeyKind, cert, region.keys.authority),
      authority: region.cert('authority'),
    };
    const answers: string[] = [];
    for (let n = 0; n < 6; n += 1) {
      const order = bodyOf('peer-trust-reset', { signer: cert.admin, signerKey: online.own.publicKey });
      answers.push(
        await attempt('peer-trust-reset', { sealed: seal(orderKind, order, online.own), admin, proof: [] }),
      );
    }
    expect(answers).toEqual([
      ...Array.from({ length: 4 }, () => 'succeeded '),
      'refused too_many_today',
      'refused too_many_today',
    ]);
  });
});
