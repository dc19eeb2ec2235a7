/** Orders over a real hub and a real signer: who may order for whom, and that nodes can check it from the root. */
import { createOrders } from '@stoa/hub/orders';
import { OwnerKeyStore } from '@stoa/hub/owner-keys';
import {
  formatParams,
  kindOf,
  LIMITS,
  open,
  orderKind,
  parseOrderDraft,
  regionCertKind,
  seal,
  toHex,
  verifyOrder,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestHub, type TestHub } from './kit/hub.ts';
import { random } from './kit/wire-agent.ts';

const ADMIN = 'root@stoa.example';
const [adminKey, mallory] = [nodeCrypto.signingKey(random(32)), nodeCrypto.signingKey(random(32))];
const viewer = {
  accountId: ADMIN,
  email: ADMIN,
  tier: 'ancient',
  confirmedAt: Date.now(),
  keyScopes: undefined,
} as const;

describe('orders of an admin', { timeout: 60_000 }, () => {
  let site: TestHub;
  let nodes: string[];
  /** The admin's own. */
  let own: string;
  const ordersOf = ({ database: { sql } }: TestHub) =>
    createOrders({ sql, region: 'local', clock: { now: Date.now } as never, random, crypto: nodeCrypto });
  const wanted = () => ({
    kind: 'peer-trust-reset',
    params: formatParams(kindOf('peer-trust-reset').parameters, {}),
    nodeIds: nodes,
    maxAttempts: 2,
  });

  beforeAll(async () => {
    site = await openTestHub();
    nodes = [];
    for (const owner of ['ann@x.example', 'bob@x.example']) nodes.push((await site.enrol({ owner })).nodeId);
    own = (await site.enrol({ owner: ADMIN })).nodeId;
    nodes.push(own);
    nodes.sort();
    const ownerKeys = new OwnerKeyStore(site.database.sql);
    await ownerKeys.first({ owner: ADMIN, publicKey: adminKey.publicKey, madeIn: 'file', since: Date.now() });
  }, 120_000);
  afterAll(() => site[Symbol.asyncDispose]());

  it('are taken once the signer’s own list has the key, which no hub can put there', async () => {
    const { region, hub } = site;
    const orders = ordersOf(site);
    await hub.tickers.run('admin-keys');
    await expect(orders.draft(viewer, wanted())).rejects.toMatchObject({ code: 'admin_key_uncertified' });
    // What a hub that was taken over can ask of its signer.
    const asked = region.signer.adminKey({ admin: ADMIN, publicKey: mallory.publicKey });
    await expect(asked).rejects.toMatchObject({ code: 'admin_key_not_listed' });

    await region.service.addAdminKey({ admin: ADMIN, publicKey: adminKey.publicKey });
    await hub.tickers.run('admin-keys');
    const draft = parseOrderDraft(
      await orders.file(viewer, await orders.draft(viewer, wanted())),
      nodeCrypto,
    );
    const sealed = seal(orderKind, draft.order, adminKey);
    await orders.verify(viewer, { ...wanted(), sealed });

    // Another instance, which has read nothing yet, carries it; each node checks it from the root alone.
    const carried = await ordersOf(site).carried({ sealed }, nodes);
    const { root } = await region.signer.chain();
    for (const nodeId of nodes) {
      const order = carried.get(nodeId)!;
      const job = { ...wanted(), nodeId: Buffer.from(nodeId, 'hex'), attempt: 1 };
      const policy = {
        root,
        region: 'local',
        timeFloor: Date.now(),
        ownerKey: nodeId === own ? adminKey.publicKey : mallory.publicKey,
      };
      const { by } = verifyOrder(order, job, { policy, crypto: nodeCrypto });
      expect(by).toBe(nodeId === own ? 'owner' : 'admin');
      if (by === 'admin')
        expect(open(regionCertKind, order.admin!.authority, nodeCrypto, root).role).toBe('authority');
    }
    const [row] = await site.database.sql`select admin, not_after from admin_keys`;
    const days = (Number(row!['not_after']) - Date.now()) / 86_400_000;
    expect([row!['admin'], Math.round(days)]).toEqual([ADMIN, LIMITS.adminKeyMs / 86_400_000]);
    expect((await region.signer.status()).adminKeys).toMatchObject([
      { publicKey: toHex(adminKey.publicKey) },
    ]);
  });
});
