/** A payout account on a real hub: named, proven by its key as a simulated chain knows it, shared with a tunnel, passed on. */
import { PayoutResolver } from '@stoa/hub/payouts';
import { type SigningKey, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { challengeBytes } from '@stoa/protocol/stoicism';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createNetwork,
  ManualClock,
  type NodeServer,
  type SimulatedNetwork,
  serveNode,
} from './chainweb/index.ts';
import { openTestHub, type TestHub } from './kit/hub.ts';
import { PageReader } from './kit/page-reader.ts';
import { until } from './kit/until.ts';
import { random } from './kit/wire-agent.ts';

const [ANN, BOB] = ['ann@example.org', 'bob@example.org'];
const LOOKUP = 'ouronet-ns.DALOS.UR_AccountGuard';
const OURONET = `Ѻ.${'ÅßΩжЯѺ₿∇0z'.repeat(16)}`;
const HOUR = 3_600_000;

describe('a payout account', { timeout: 120_000 }, () => {
  let world: TestHub;
  let network: SimulatedNetwork;
  let servers: readonly NodeServer[];
  let people: Record<string, PageReader>;

  beforeAll(async () => {
    network = createNetwork({ seed: 1, clock: new ManualClock(Date.now()), history: 2, work: 1 });
    servers = await Promise.all([network.addNode(), network.addNode()].map((node) => serveNode(node)));
    const [first, second] = servers.map(({ serviceUrl }) => serviceUrl) as [string, string];
    world = await openTestHub({
      logLevel: 'warn',
      network,
      env: { CHAINWEB_URL: first, CHAINWEB_SECOND_URL: second, OURONET_GUARD: `3:${LOOKUP}` },
    });
    const { hub } = world;
    people = Object.fromEntries(
      await Promise.all(
        [ANN, BOB].map(async (email) => {
          const reader = new PageReader(hub.url.origin);
          await reader.signIn(await hub.web.accounts.createLoginLink(email!));
          return [email, reader] as const;
        }),
      ),
    );
  }, 120_000);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await Promise.all(servers.map((server) => server.close()));
  });

  const newKey = () => nodeCrypto.signingKey(random(32));
  const publicOf = (key: SigningKey) => toHex(key.publicKey);
  const thisHour = () => Math.floor(Date.now() / HOUR);
  const paid = async (nodeId: string, hour = thisHour() + 1) =>
    (await new PayoutResolver(world.database.sql).at(hour, [nodeId])).get(nodeId);
  const idOf = async (account: string) => {
    const [row] = await world.database.sql`select account_id from payout_accounts where account = ${account}`;
    return String(row?.['account_id']);
  };
  /** The text of a page's own part. */
  const said = ({ html }: { html: string }) =>
    (/<main.*<\/main>/s.exec(html)?.[0] ?? html).replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
  /** What the page asks to be signed. */
  const challengeOn = async (reader: PageReader, path: string) => {
    const { html } = await reader.page(path);
    const field = (name: string) => new RegExp(`data-${name}="([^"]*)"`).exec(html)?.[1] ?? '';
    return {
      ...{ account: field('account'), email: field('email'), region: field('region') },
      ...{ nonce: field('nonce'), expiresAt: Number(field('expires')) },
    };
  };

  it('is asked for in amber, named, proven and used', async () => {
    const [ann, key] = [people[ANN!]!, newKey()];
    const { nodeId } = await world.enrol({ owner: ANN!, label: 'attic' });
    await world.hub.tickers.run('unpaid-marks');
    const warned = /unpaid|earns? nothing/i;
    for (const path of ['/nodes', `/nodes/${nodeId}`, '/settings/payout', `/nodes/${nodeId}/payout`])
      expect([path, said(await ann.page(path))]).toEqual([path, expect.stringMatching(warned)]);
    await until('the overview says it', async () => warned.test(said(await ann.page('/fleet'))));

    const account = `k:${publicOf(key)}`;
    const mistyped = await ann.answer('/settings/payout', { account: account.replace(':', '：') });
    expect([mistyped.status, said(mistyped)]).toEqual([422, expect.stringContaining('U+FF1A')]);
    expect((await ann.answer('/settings/payout', { account })).status).toBe(200);
    expect([await paid(nodeId, thisHour()), await paid(nodeId)]).toEqual([
      undefined,
      expect.objectContaining({ account, verified: false }),
    ]);
    expect(said(await ann.page('/nodes'))).not.toContain('unpaid');

    // No row of the coin contract: its name is its key. Somebody else's signature is not.
    const page = `/settings/payout/${await idOf(account)}`;
    await ann.answer(`${page}/challenge`, {});
    const challenge = await challengeOn(ann, page);
    const signature = (by: SigningKey) => toHex(by.sign(challengeBytes(challenge)[0]!));
    const prove = (signed: string) => ann.answer(page, { nonce: challenge.nonce, signature: signed });
    expect(said(await prove(signature(newKey())))).toContain(
      'No signature of this text holds under the key in its name',
    );
    expect(
      (await people[BOB!]!.answer(page, { nonce: challenge.nonce, signature: signature(key) })).status,
    ).toBe(404);
    expect(said(await prove(signature(key)))).toContain('Proven');
    expect((await prove(signature(key))).status).toBe(409);
    expect((await paid(nodeId))?.verified).toBe(true);
  });

  it('of Ouronet is guarded by a keyset, which both nodes must tell alike', async () => {
    const [ann, keys] = [people[ANN!]!, [newKey(), newKey(), newKey()] as const];
    const { nodeId } = await world.enrol({ owner: ANN!, label: 'cellar' });
    await ann.answer(`/nodes/${nodeId}/payout`, { account: OURONET });
    expect((await paid(nodeId))?.account).toBe(OURONET);
    const page = `/settings/payout/${await idOf(OURONET)}`;
    await ann.answer(`${page}/challenge`, {});
    const challenge = await challengeOn(ann, page);
    expect(challenge.account).toBe(OURONET);
    const prove = (...by: readonly SigningKey[]) => {
      const signature = by.map((key) => toHex(key.sign(challengeBytes(challenge)[1]!))).join('\n');
      return ann.answer(page, { nonce: challenge.nonce, signature });
    };
    network.accounts.answer(LOOKUP, `Ѻ.${'z'.repeat(160)}`, { pred: 'keys-all', keys: keys.map(publicOf) });
    expect(said(await prove(...keys))).toContain('The chain does not know this account');
    network.accounts.answer(LOOKUP, OURONET, { pred: 'keys-2', keys: keys.map(publicOf) });
    network.nodes[1]!.fault = { kind: 'truncate', bytes: 30 };
    expect(said(await prove(keys[0], keys[0]))).toContain('1 of the 2 keys that are needed');
    network.nodes[0]!.fault = { kind: 'status', status: 503 };
    expect(said(await prove(keys[0], keys[2]))).toContain('No node of the chain tells');
    for (const node of network.nodes) node.fault = undefined;
    expect(said(await prove(keys[2], keys[0]))).toContain('keys-2 of 3');
    const [proof] = await world.database
      .sql`select said_by, guard_from from payout_proofs where challenge like ${`%${OURONET}%`}`;
    expect(proof).toEqual({
      said_by: servers.map(({ serviceUrl }) => new URL(serviceUrl).host),
      guard_from: 'chain',
    });
  });

  it('shares with a tunnel what both owners agreed, and follows the node to its new owner', async () => {
    const [ann, bob] = [people[ANN!]!, people[BOB!]!];
    const { nodeId } = await world.enrol({ owner: ANN!, label: 'cgnat' });
    await bob.answer('/settings/payout', { account: `k:${publicOf(newKey())}` });
    const wrong = await ann.answer(`/nodes/${nodeId}/payout/tunnel`, { email: BOB!, permille: '1000.1' });
    expect([wrong.status, said(wrong)]).toEqual([422, expect.stringContaining('0.1 to 1000.0')]);
    await ann.answer(`/nodes/${nodeId}/payout/tunnel`, { email: BOB!, permille: '12.5' });
    expect((await paid(nodeId))?.tunnel).toBeUndefined();
    const [tunnel] = await world.database.sql`select tunnel_id from payout_tunnels where node_id = ${nodeId}`;
    expect((await ann.answer(`/payout/tunnels/${tunnel!['tunnel_id']}/agree`, {})).status).toBe(404);
    await bob.answer(`/payout/tunnels/${tunnel!['tunnel_id']}/agree`, {});
    expect([(await paid(nodeId, thisHour()))?.tunnel, (await paid(nodeId))?.tunnel]).toEqual([
      undefined,
      {
        ...{
          accountId: expect.stringMatching(/^[0-9a-f]{32}$/),
          ownerId: expect.stringMatching(/^[0-9a-f]{32}$/),
        },
        permille1: 125,
      },
    ]);
    const acts = await world.database.sql`select act from audit_log where act like 'payout.%' order by seq`;
    expect(new Set(acts.map((row) => row['act']))).toEqual(
      new Set([
        'payout.choose',
        'payout.verify',
        'payout.override',
        'payout.tunnel.offer',
        'payout.tunnel.agree',
      ]),
    );
  });
});
