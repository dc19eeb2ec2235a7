import {
  adminKeyKind,
  formatParams,
  fromBase64Url,
  fromHex,
  kindOf,
  LIMITS,
  type Order,
  open,
  orderKind,
  parseOrderDraft,
  peek,
  type SigningKey,
  seal,
  toBase64Url,
  toHex,
  verifyOrder,
} from '@stoa/protocol';
import { makeParties, seededRandom } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { Hono, type MiddlewareHandler } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { someViewer } from '#accounts/viewer.fixture.ts';
import { AuditLog } from '#audit/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import type { HttpEnv, HubApp } from '../http.ts';
import { toHttpError } from '../http-error.ts';
import { OwnerKeyStore } from '../owner-keys/index.ts';
import { TreeCache } from '../tree-cache.ts';
import type { Tier } from '../viewer.ts';
import { AdminKeyRenewal } from './admin-key-renewal.ts';
import { AdminKeyStore } from './admin-key-store.ts';
import { orderTasks } from './order-side.ts';
import { Orders, type Wanted } from './orders.ts';
import { orderRoutes } from './routes.tsx';
import { Signers } from './signers.ts';
import { OrderStore } from './store.ts';

const ANN = 'ann@x.example';
const ROOT = 'root@x.example';
const DAY = 86_400_000;
const key = (n: number): SigningKey => nodeCrypto.signingKey(new Uint8Array(32).fill(n));
const [annKey, rootKey] = [key(1), key(2)];
const parties = makeParties('orders of a hub');
const nodes = Array.from({ length: 5 }, (_, i) => toHex(seededRandom(`node ${i}`)(32))).sort();
const wanted: Wanted = {
  kind: 'stoachain-control',
  params: formatParams(kindOf('stoachain-control').parameters, { action: 'restart' }),
  nodeIds: nodes,
  maxAttempts: 1,
};

describe('orders', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let orders: Orders;
  let app: HubApp;
  let ageMs = 0;
  let owners = [ANN];
  let signedIn = someViewer(ANN, 'operator');
  const clock = { time: Date.UTC(2026, 10, 25), now: () => clock.time };
  const viewer = (email = ANN, tier: Tier = 'operator') => ({
    ...someViewer(email, tier),
    confirmedAt: clock.time - ageMs,
  });
  const admin = () => viewer(ROOT, 'ancient');

  beforeAll(async () => {
    database = await openTemporary();
    const { sql } = database;
    const ownerKeys = new OwnerKeyStore(sql);
    for (const [owner, { publicKey }] of [
      [ANN, annKey],
      [ROOT, rootKey],
    ] as const)
      await ownerKeys.first({ owner, publicKey, madeIn: 'file', since: clock.time });
    orders = new Orders({
      ...{ clock, region: 'eu', crypto: nodeCrypto, random: seededRandom('orders') },
      ...{ store: new OrderStore(sql), trees: new TreeCache(), audit: new AuditLog({ sql, clock }) },
      signers: new Signers({ ownerKeys, adminKeys: new AdminKeyStore(sql), ownersOf: async () => owners }),
      ownedBy: async (owner, nodeIds) => new Set(owners.includes(owner) ? nodeIds : []),
    });
    const guard: MiddlewareHandler<HttpEnv> = async (c, next) => {
      c.set('viewer', { ...signedIn, confirmedAt: clock.time - ageMs });
      await next();
    };
    app = new Hono<HttpEnv>();
    app.use(async (c, next) => {
      c.setRenderer((content) => c.html(content));
      await next();
    });
    orderRoutes({ orders, guard }).mount(app);
    app.onError((thrown, c) => c.text(toHttpError(thrown).code, toHttpError(thrown).status));
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    ageMs = 0;
    owners = [ANN];
    signedIn = someViewer(ANN, 'operator');
    clock.time = Date.UTC(2026, 10, 25);
    await database.sql`truncate orders, admin_keys, audit_log cascade`;
  });

  /** As the signer answers that has listed the admin. */
  const signer = (admins: readonly { admin: string; key: SigningKey }[]) => ({
    status: async () => ({
      adminKeys: admins.map(({ admin: name, key: held }) => ({
        admin: name,
        publicKey: toHex(held.publicKey),
        addedAt: 0,
      })),
    }),
    adminKey: async ({ admin: name, publicKey }: { admin: string; publicKey: Uint8Array }) => ({
      key: seal(
        adminKeyKind,
        { region: 'eu', admin: name, publicKey, notAfter: clock.time + LIMITS.adminKeyMs },
        parties.keys.authority,
      ),
      authority: parties.regionCert('authority'),
    }),
  });
  const renewal = (admins: Parameters<typeof signer>[0]) =>
    new AdminKeyRenewal({ store: new AdminKeyStore(database.sql), signer: signer(admins) as never, clock });

  const draftOf = async (orderId: string, by = viewer()) =>
    parseOrderDraft(await orders.file(by, orderId), nodeCrypto);
  const signed = async (orderId: string, by = annKey, over: Partial<Order> = {}, who = viewer()) =>
    seal(orderKind, { ...(await draftOf(orderId, who)).order, ...over }, by);
  const policy = (ownerKey: Uint8Array | undefined) => ({
    root: parties.keys.root.publicKey,
    region: 'eu',
    timeFloor: clock.time,
    ownerKey,
  });
  const code = (expected: string, text = '') =>
    expect.objectContaining({ code: expected, message: expect.stringContaining(text) });

  it('of an owner is drafted, signed, and carried to each of its nodes, which take it', async () => {
    const orderId = await orders.draft(viewer(), wanted);
    const { order, params, nodes: named } = await draftOf(orderId);
    expect([order.nodeCount, order.signer, params, named.map(toHex)]).toEqual([5, ANN, wanted.params, nodes]);
    const sealed = await signed(orderId);
    expect(await orders.verify(viewer(), { ...wanted, sealed })).toEqual({ orderId });
    // The machine's own command line, or a colleague: it is the signer's word, whoever brings it.
    expect(await orders.verify(viewer('local', 'ancient'), { ...wanted, sealed })).toEqual({ orderId });
    const stranger = toHex(new Uint8Array(32));
    const carried = await orders.carried({ sealed }, [...nodes, stranger]);
    expect([...carried.keys()]).toEqual(nodes);
    for (const nodeId of nodes) {
      const job = { ...wanted, nodeId: fromHex(nodeId), attempt: 1 };
      const held = { policy: policy(annKey.publicKey), crypto: nodeCrypto };
      expect(verifyOrder(carried.get(nodeId)!, job, held).by).toBe('owner');
    }
  });

  it('of an admin takes a certificate of the signer, and brings it along', async () => {
    owners = [ANN, 'bob@x.example'];
    await expect(orders.draft(viewer(), wanted)).rejects.toEqual(code('owner_must_sign'));
    await expect(orders.draft(viewer(ROOT, 'modern'), wanted)).rejects.toEqual(code('owner_must_sign'));
    await expect(orders.draft(admin(), wanted)).rejects.toMatchObject({
      code: 'admin_key_uncertified',
      fix: expect.stringContaining(
        `admin-key add --dir DIR --admin ${ROOT} --public-key ${toHex(rootKey.publicKey)}`,
      ),
    });
    await renewal([{ admin: ROOT, key: key(9) }]).tick();
    await expect(orders.draft(admin(), wanted)).rejects.toEqual(code('admin_key_uncertified'));
    await renewal([{ admin: ROOT, key: rootKey }]).tick();
    const sealed = await signed(await orders.draft(admin(), wanted), rootKey, {}, admin());
    await orders.verify(admin(), { ...wanted, sealed });
    const carried = await orders.carried({ sealed }, nodes);
    const job = { ...wanted, nodeId: fromHex(nodes[3]!), attempt: 1 };
    const held = { policy: policy(undefined), crypto: nodeCrypto };
    expect(verifyOrder(carried.get(nodes[3]!)!, job, held).by).toBe('admin');
  });

  it('of an admin has a certificate that is renewed in time, and none once the signer has dropped it', async () => {
    const of = async () => (await new AdminKeyStore(database.sql).of(ROOT))?.notAfter;
    const listed = renewal([{ admin: ROOT, key: rootKey }]);
    await listed.tick();
    const first = await of();
    clock.time += LIMITS.adminKeyMs / 2;
    await listed.tick();
    expect(await of()).toBe(first);
    clock.time += 1;
    await listed.tick();
    expect(await of()).toBe(clock.time + LIMITS.adminKeyMs);
    await renewal([]).tick();
    expect(await of()).toBeUndefined();
  });

  it.each<[string, Partial<Wanted> | Partial<Order>, string]>([
    [
      'another kind',
      { kind: 'benchmark-node', params: '{}' },
      'is for stoachain-control, not for benchmark-node',
    ],
    ['other parameters', { params: '{"action":"stop"}' }, 'other parameters'],
    ['fewer nodes', { nodeIds: nodes.slice(1) }, '5 other nodes than the 4'],
    ['more attempts', { maxAttempts: 3 }, 'allows 1 attempts, not 3'],
    ['another region', { region: 'na' }, "for region 'na'"],
    ['another key', { signerKey: key(7).publicKey }, 'another key'],
    ['an end in the past', { issuedAt: 0, expiresAt: 1 }, 'ended at 1970'],
    [
      'a begin in the future',
      { issuedAt: Date.UTC(2026, 10, 26), expiresAt: Date.UTC(2026, 10, 27) },
      'begins in the future',
    ],
    ['too long a life', { expiresAt: Date.UTC(2026, 11, 25) }, 'lives longer'],
  ])('with %s is refused', async (_name, change, message) => {
    const orderId = await orders.draft(viewer(), wanted);
    const asked =
      'nodeIds' in change || 'params' in change || 'maxAttempts' in change ? (change as Partial<Wanted>) : {};
    const over = asked === change ? {} : (change as Partial<Order>);
    const sealed = await signed(orderId, annKey, over);
    await expect(orders.verify(viewer(), { ...wanted, ...asked, sealed })).rejects.toEqual(
      code('bad_order', message),
    );
  });

  it('of another key, of noise, or over the id of another is refused', async () => {
    const orderId = await orders.draft(viewer(), wanted);
    const verify = (sealed: Uint8Array, over: Partial<Wanted> = {}) =>
      orders.verify(viewer(), { ...wanted, ...over, sealed });
    await expect(verify(await signed(orderId, key(9)))).rejects.toEqual(
      code('bad_order', 'not signed by the key in force'),
    );
    await expect(verify(new Uint8Array(200))).rejects.toEqual(
      code('bad_order', 'not signed by the key in force'),
    );
    const named = await signed(orderId, annKey, { signer: 'bob@x.example' });
    await expect(verify(named)).rejects.toEqual(code('owner_key_missing', 'bob@x.example'));
    const posed = await signed(orderId, annKey, { signer: ROOT });
    await expect(verify(posed)).rejects.toEqual(code('owner_must_sign'));
    const other = await signed(orderId, annKey, { maxAttempts: 2 });
    await expect(verify(other, { maxAttempts: 2 })).rejects.toEqual(code('bad_order', 'the id of another'));
    await expect(orders.draft(viewer('cid@x.example'), wanted)).rejects.toEqual(code('owner_key_missing'));
    await expect(orders.draft(viewer(), { ...wanted, nodeIds: [] })).rejects.toEqual(
      code('bad_order', 'names no node'),
    );
  });

  it('goes to no node any more once its key was replaced, however long it would live', async () => {
    const sealed = await signed(await orders.draft(viewer(), wanted));
    await orders.verify(viewer(), { ...wanted, sealed });
    expect((await orders.carried({ sealed }, nodes)).size).toBe(5);
    const store = new OwnerKeyStore(database.sql);
    const { publicKey } = key(3);
    const next = { owner: ANN, publicKey, serial: 2, madeIn: 'file', since: clock.time } as const;
    await store.replace(next, new Uint8Array());
    expect((await orders.carried({ sealed }, nodes)).size).toBe(0);
    await store.replace({ ...next, publicKey: annKey.publicKey, serial: 3 }, new Uint8Array());
    expect((await orders.carried({ sealed }, nodes)).size).toBe(5);
  });

  it('is not drafted for later than it could live', async () => {
    const later = await orders.draft(viewer(), { ...wanted, from: clock.time + 3 * DAY });
    expect((await draftOf(later)).order.expiresAt).toBe(clock.time + 4 * DAY);
    const tooLate = orders.draft(viewer(), { ...wanted, from: clock.time + 8 * DAY });
    await expect(tooLate).rejects.toEqual(code('bad_order', 'before the work begins'));
  });

  it('is signed whole, and told without what its URLs permit', async () => {
    const to = 'https://s3.example/b/n/1?X-Amz-Signature=secret';
    const { parameters } = kindOf('backup-stoachain');
    const backup = { ...wanted, kind: 'backup-stoachain', params: formatParams(parameters, { to }) };
    const orderId = await orders.draft(viewer(), backup);
    await orders.sign(viewer(), orderId, await signed(orderId));
    expect((await orders.show(viewer(), orderId)).params).toContain('secret');
    const [act] =
      await database.sql`select detail->>'params' as params from audit_log where act = 'order.sign'`;
    expect(act).toEqual({ params: '{"to":"https://s3.example/b/n/1?…"}' });
  });

  it('goes when its draft runs out unsigned, and a month after its end', async () => {
    const [open_, kept] = [await orders.draft(viewer(), wanted), await orders.draft(viewer(), wanted)];
    await orders.sign(viewer(), kept, await signed(kept));
    const retention = orderTasks({ sql: database.sql, clock, signer: signer([]) as never })[1]!;
    const left = async () => {
      await retention.tick();
      return (await database.sql`select order_id from orders`).length;
    };
    expect(await left()).toBe(2);
    clock.time += 2 * DAY;
    expect(await left()).toBe(1);
    await expect(orders.show(viewer(), open_)).rejects.toEqual(code('not_found'));
    clock.time += 30 * DAY;
    expect(await left()).toBe(0);
  });

  describe('on its page', () => {
    const post = async (orderId: string, value: string) => {
      const answer = await app.request(`/orders/${orderId}`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ signed: value }).toString(),
      });
      return answer.status === 303 ? 'done' : `${answer.status} ${await answer.text()}`;
    };

    it('is read in words, taken away, signed, and then stands in the audit log', async () => {
      const orderId = await orders.draft(viewer(), wanted);
      const page = await (await app.request(`/orders/${orderId}`)).text();
      for (const word of ['action=restart', '5 nodes of region', 'stoa-hub key sign-order'])
        expect(page).toContain(word);
      const file = await app.request(`/orders/${orderId}/draft.json`);
      expect(file.headers.get('content-disposition')).toContain(`order-${orderId.slice(0, 8)}.json`);
      expect(toHex(parseOrderDraft(await file.text(), nodeCrypto).order.orderId)).toBe(orderId);
      expect(await post(orderId, 'x')).toMatch(/^422 .*role="alert"/s);
      expect(await post(orderId, toBase64Url(await signed(orderId, key(5))))).toBe('422 bad_order');
      const changed = await signed(orderId, annKey, { nodeCount: 1 });
      expect(await post(orderId, toBase64Url(changed))).toBe('422 bad_order');
      ageMs = 6 * 60_000;
      const good = toBase64Url(await signed(orderId));
      expect(await post(orderId, good)).toBe('403 confirm_first');
      ageMs = 0;
      expect(await post(orderId, good)).toBe('done');
      const { sealed } = await orders.show(viewer(), orderId);
      expect(toHex(peek(orderKind, sealed!).orderId)).toBe(orderId);
      expect(open(orderKind, fromBase64Url(good), nodeCrypto, annKey.publicKey).nodeCount).toBe(5);
      expect(await (await app.request(`/orders/${orderId}`)).text()).toContain(good);
      const rows = await database.sql`select act, subject from audit_log`;
      expect(rows.map((row) => [row['act'], row['subject']])).toEqual([['order.sign', orderId]]);
    });

    it('is not there for others, and ends', async () => {
      const orderId = await orders.draft(viewer(), wanted);
      const good = toBase64Url(await signed(orderId));
      signedIn = someViewer('bob@x.example', 'ancient');
      for (const path of [`/orders/${orderId}`, `/orders/${orderId}/draft.json`, '/orders/x'])
        expect((await app.request(path)).status).toBe(404);
      signedIn = someViewer(ANN, 'operator');
      clock.time += 2 * DAY;
      expect(await post(orderId, good)).toBe('422 bad_order');
    });
  });
});
