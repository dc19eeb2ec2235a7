/** An order by way of files: drafted beside the hub, signed elsewhere, submitted beside the hub. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OwnerKeyStore } from '@stoa/hub/owner-keys';
import { LIMITS, orderKind, parseOrderDraft, seal, toBase64Url, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hubCommand } from './kit/hub-command.ts';
import { HubHome } from './kit/hub-process.ts';
import { random } from './kit/wire-agent.ts';

const ANN = 'ann@x.example';
const key = nodeCrypto.signingKey(random(32));
const node = toHex(random(32));

describe('an order by way of files', { timeout: 300_000 }, () => {
  let home: HubHome;
  const run = (...words: string[]) =>
    hubCommand({ DATA_DIR: home.dataDir, REGION: home.region.name }, ...words, '--json');
  const job = (...words: string[]) =>
    run('job', 'run', 'stoachain-control', '-q', 'label:mine', '-p', 'action=restart', ...words);

  beforeAll(async () => {
    home = await HubHome.create();
    await home.serve();
    await using database = await home.openDatabase();
    const { sql } = database;
    await sql`insert into nodes (node_id, label, owner, region, public_key, key_generation, owner_generation, node_cert, created_at)
      values (${node}, 'mine', ${ANN}, ${home.region.name}, ${Buffer.from(random(32))}, 0, 0, ${Buffer.from(random(8))}, now())`;
    await sql`insert into node_work (node_id, kinds, runs, policy, site, said_at)
      values (${node}, '{stoachain-control,apt-upgrade}', '{stoachain-control,apt-upgrade}', '', '', now())`;
    const first = { owner: ANN, publicKey: key.publicKey, madeIn: 'file', since: Date.now() } as const;
    await new OwnerKeyStore(sql).first(first);
  }, 180_000);
  afterAll(() => home[Symbol.asyncDispose]());

  it('is drafted for its owner, and submitted once with the signature, by whoever sits at the machine', async () => {
    const [draft, signed] = ['draft.json', 'order.txt'].map((name) => join(home.dataDir, name)) as [
      string,
      string,
    ];
    const unsigned = await job('--yes', '--no-wait');
    expect([unsigned.code, unsigned.err]).toEqual([1, expect.stringContaining('order_needed')]);
    const stranger = await job('--draft', draft, '--as', 'bob@x.example');
    expect([stranger.code, stranger.err]).toEqual([1, expect.stringContaining('owner_key_missing')]);

    const drafted = await job('--draft', draft, '--as', ANN);
    expect([drafted.err, drafted.code]).toEqual(['', 0]);
    const { order, params, nodes } = parseOrderDraft(await readFile(draft, 'utf8'), nodeCrypto);
    expect([order.signer, params, nodes.map(toHex)]).toEqual([ANN, '{"action":"restart"}', [node]]);

    const forged = { ...order, signer: 'bob@x.example' };
    await writeFile(signed, `${toBase64Url(seal(orderKind, forged, key))}\n`);
    expect((await job('--order', signed, '--yes', '--no-wait')).code).toBe(1);
    await writeFile(signed, `${toBase64Url(seal(orderKind, order, key))}\n`);
    // No agent is there: the command is followed as long as it was told to, and says what is open.
    const submitted = await job('--order', signed, '--yes', '--timeout', '0s');
    expect([submitted.code, submitted.err]).toEqual([3, expect.stringContaining('[jobs_open]')]);
    const tally = { submitted: 1, succeeded: 0, failed: 0, duplicates: 0, p99_ms: null, open: 1 };
    expect(submitted.json()).toEqual({ batchId: expect.any(String) as string, ...tally });
    const again = await job('--order', signed, '--yes', '--no-wait');
    expect(again.code).toBe(1);
  });

  it('of a guarded kind is planned for whose key signs, and submitted as the word of whoever signed', async () => {
    const [draft, signed] = [join(home.dataDir, 'upgrade.json'), join(home.dataDir, 'upgrade.txt')];
    const upgrade = (...words: string[]) => run('job', 'run', 'apt-upgrade', '-q', 'label:mine', ...words);
    const planned = async (...words: string[]) => {
      const { nodes, leftOut } = (await upgrade('--dry-run', ...words)).json() as Record<string, unknown>;
      return [nodes, leftOut];
    };
    expect(await planned()).toEqual([1, []]);
    expect(await planned('--as', ANN)).toEqual([1, []]);
    expect(await planned('--as', 'bob@x.example')).toEqual([0, [{ reason: 'not_their_admin', nodes: 1 }]]);

    expect((await upgrade('--draft', draft, '--as', ANN)).err).toBe('');
    const { order } = parseOrderDraft(await readFile(draft, 'utf8'), nodeCrypto);
    await writeFile(signed, `${toBase64Url(seal(orderKind, order, key))}\n`);
    const submitted = await upgrade('--order', signed, '--yes', '--no-wait');
    expect([submitted.err, submitted.code]).toEqual(['', 0]);
    expect(submitted.json()).toMatchObject({ submitted: 1 });
  });

  it('of a rollout of chainweb-node names all its nodes, and begins it ring by ring', async () => {
    await using database = await home.openDatabase();
    const { sql } = database;
    await sql`update nodes set chainweb_version = '2.26.1' where node_id = ${node}`;
    await sql`update node_work set kinds = kinds || '{stoachain-upgrade}', runs = runs || '{stoachain-upgrade}'`;
    const [draft, signed] = [join(home.dataDir, 'rollout.json'), join(home.dataDir, 'rollout.txt')];
    const image = `image=ghcr.io/stoa/chainweb@sha256:${'ab'.repeat(32)}`;
    const create = (...words: string[]) =>
      run('rollout', 'create', '--chainweb', '2.27.1', '-p', image, ...words);

    const drafted = await create('--draft', draft, '--as', ANN);
    expect([drafted.err, drafted.json()]).toEqual(['', expect.objectContaining({ ok: true, nodes: 1 })]);
    const { order, nodes } = parseOrderDraft(await readFile(draft, 'utf8'), nodeCrypto);
    expect([order.kind, nodes.map(toHex), order.maxAttempts]).toEqual(['stoachain-upgrade', [node], 3]);
    expect(order.expiresAt - order.issuedAt).toBe(LIMITS.orderMs);
    await writeFile(signed, `${toBase64Url(seal(orderKind, order, key))}\n`);
    const begun = await create('--order', signed, '--yes');
    expect([begun.err, begun.code]).toEqual(['', 0]);
    expect(begun.json()).toMatchObject({
      kind: 'chainweb',
      version: '2.27.1',
      signedBy: ANN,
      state: 'running',
    });
    const [place] = await sql`select node_id, state from rollout_nodes`;
    expect(place).toEqual({ node_id: node, state: 'waiting' });
  });
});
