/** An upgrade of chainweb-node as a rollout: a real hub and signer, a real agent that checks the order, one ticker. */
import type { JobHandlers } from '@stoa/agent';
import { systemClock } from '@stoa/hub';
import { createJobTools } from '@stoa/hub/jobs';
import { belowChainweb, Liveness } from '@stoa/hub/nodes';
import { createOrders } from '@stoa/hub/orders';
import { OwnerKeyStore } from '@stoa/hub/owner-keys';
import { UpgradeDesk } from '@stoa/hub/rollouts';
import { orderKind, parseOrderDraft, seal } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { expect, it } from 'vitest';
import { AgentHost } from './kit/agent-host.ts';
import { openTestHub } from './kit/hub.ts';
import { temporaryDirectory } from './kit/temporary-directory.ts';
import { until } from './kit/until.ts';
import { random } from './kit/wire-agent.ts';

const OWNER = 'a@example.org';
const OLD = '2.26.1';
const NEW = '2.27.1';
const params = { image: `ghcr.io/stoa/chainweb@sha256:${'ab'.repeat(32)}` };
const key = nodeCrypto.signingKey(random(32));

it('goes to a node under the order that its owner signed, held by PAUSE ALL, and counts once the node shows it', async () => {
  await using site = await openTestHub({ env: { HEARTBEAT_SECONDS: '5' } });
  await using host = await AgentHost.create();
  await using directory = await temporaryDirectory();
  const { hub, database } = site;
  const { sql } = database;
  await new OwnerKeyStore(sql).first({
    ...{ owner: OWNER, publicKey: key.publicKey, madeIn: 'file', since: Date.now() },
  });
  const nodeId = await host.enroll(site);
  let ran = 0;
  const handlers: JobHandlers = {
    'stoachain-upgrade': {
      run: async ({ params: given }) => {
        expect(given['image']).toBe(params.image);
        ran += 1;
        return { report: { program: params.image } };
      },
    },
  };
  await host.start(handlers);

  const viewer = {
    accountId: OWNER,
    email: OWNER,
    tier: 'ancient',
    confirmedAt: Date.now(),
    keyScopes: undefined,
  } as const;
  const orders = createOrders({ sql, region: 'local', clock: systemClock, random, crypto: nodeCrypto });
  const { desk: jobs } = await createJobTools({
    ...{ sql, orders, random, fetch, clock: systemClock, logDirectory: directory.path },
    ...{ liveness: new Liveness({ clock: systemClock }), heads: { heads: () => [] } },
  });
  const desk = new UpgradeDesk({ sql, jobs, orders, clock: systemClock });
  // What its chainweb-node and the chain would say: nothing of either runs here.
  const shows = async (version: string) => {
    await sql`update nodes set chainweb_version = ${version} where node_id = ${nodeId}`;
    await sql`update node_status set at_tip_at = now() + interval '1 minute' where node_id = ${nodeId}`;
  };
  await shows(OLD);
  const request = { version: NEW, params, selector: belowChainweb({ version: NEW }), signer: OWNER };
  await until('a node that takes it', async () => (await desk.plan(viewer, request)).jobs.nodes === 1);
  const orderId = await desk.draft(viewer, request);
  const draft = parseOrderDraft(await orders.file(viewer, orderId), nodeCrypto);
  const order = seal(orderKind, draft.order, key);
  const { rolloutId } = await desk.create(viewer, { ...request, order, expected: 1 });

  const state = async () => {
    const [row] = await sql<{ state: string }[]>`
      select state from rollout_nodes where rollout_id = ${rolloutId} and node_id = ${nodeId}`;
    return row!.state;
  };
  const becomes = (wanted: string, version: string) =>
    until(`a node that is ${wanted}`, async () => {
      // Each heartbeat says anew that no chain is there.
      await shows(version);
      await hub.tickers.run('rollouts');
      return (await state()) === wanted;
    });
  const cord = (word: string) =>
    sql`insert into region_settings values ('updates-paused', ${Buffer.from(word)})
      on conflict (name) do update set value = excluded.value`;
  await cord('a word that nobody can read');
  for (let step = 0; step < 4; step += 1) {
    await shows(OLD);
    await hub.tickers.run('rollouts');
  }
  expect([await state(), ran]).toEqual(['waiting', 0]);
  await cord('no');
  await becomes('trying', OLD);
  await until('a job that is done', async () => {
    const [job] = await sql<{ state: string }[]>`select state from jobs where node_id = ${nodeId}`;
    return job!.state === 'succeeded';
  });
  expect([await state(), ran]).toEqual(['trying', 1]);
  await becomes('confirmed', NEW);
}, 120_000);
