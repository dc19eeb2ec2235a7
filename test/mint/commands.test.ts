/** `stoa-hub mint …` as processes, beside a database and nodes on sockets. */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DbAdapter, openEmbedded } from '@stoa/hub/seams/db-adapter/index';
import { placeTemporary } from '@stoa/hub/seams/db-adapter/temporary';
import { seal, toBase64Url, utf8 } from '@stoa/protocol';
import { type PlanOutline, planHash } from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import { planApprovalKind } from '@stoa/signer/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type NodeServer, serveNode } from '../chainweb/index.ts';
import { hubCommand } from '../kit/hub-command.ts';
import { temporaryDirectory } from '../kit/temporary-directory.ts';
import { at, DAY, LIVE, Town } from './town.ts';

const NAME = '2026-11-26';
const POINTS = [40, 50, 60];
const SUM = 150;

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let database: DbAdapter;
let town: Town;
const servers: NodeServer[] = [];
let env: Record<string, string>;
const mint = (...words: string[]) => hubCommand(env, 'mint', ...words, '--json');

beforeAll(async () => {
  directory = await temporaryDirectory();
  // The server's account must be able to walk through.
  await chmod(directory.path, 0o711);
  const dataDir = join(directory.path, 'postgres');
  await placeTemporary(dataDir);
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: console.error };
  database = await openEmbedded({ dataDir, log });
  town = await Town.open(database.sql);
  for (const node of town.chain.nodes) servers.push(await serveNode(node));
  const { namespace, module, moduleHash, publicKey, networkId } = town.terms;
  env = {
    ...{ DATA_DIR: directory.path, PUBLIC_URL: 'http://hub.example', REGION: 'test' },
    ...{ CHAINWEB_NETWORK: networkId, MINTER: `k:${publicKey}` },
    MINT_CONTRACT: `${namespace}.${module}@${moduleHash}`,
    MINT_NODES: servers.map(({ serviceUrl }) => serviceUrl).join(','),
  };
  vi.stubGlobal('fetch', (url: string, init: never) => town.chain.fetch(url, init));
  await town.people(POINTS);
  await town.close(DAY);
});
afterAll(async () => {
  vi.unstubAllGlobals();
  for (const server of servers) await server.close();
  await database.close();
  await directory[Symbol.asyncDispose]();
});

describe('stoa-hub mint', () => {
  it('tells a day before it is cut, when it is, and when it is settled', async () => {
    const hub = town.hub();
    await town.until(town.now + 10 * 60_000, hub);
    const before = (await mint('plan', NAME)).json() as unknown as PlanOutline & { hash: string };
    expect(before).toMatchObject({ day: NAME, fixed: false, points: SUM, accounts: 3, waiting: 0 });
    expect(before.chains).toHaveLength(10);
    expect(planHash(before)).toBe(before.hash);
    expect((await mint('status', NAME)).err).toContain('[no_epoch]');
    town.chain.advance(at(DAY, 6) + 60_000 - town.now);
    await town.until(town.now + 60_000, hub);
    const cut = (await mint('plan', NAME)).json() as unknown as PlanOutline & { hash: string };
    expect(cut).toMatchObject({ fixed: true, points: SUM, epoch: DAY });
    expect(planHash(cut)).toBe(cut.hash);
    await town.settle(hub, 2);
    await hub.sequencer.release();
    const status = (await mint('status', NAME)).json();
    expect(status).toMatchObject({ state: 'settled', mode: 'shadow', planHash: cut.hash, faults: [] });
    const watched = await mint('run', NAME);
    expect([watched.code, watched.json()]).toMatchObject([0, { ok: true, state: 'settled', points: SUM }]);
  });

  it('verifies a day and every register, and names what differs', async () => {
    const good = await mint('verify', NAME, '--registers');
    expect([good.code, good.json()]).toMatchObject([
      0,
      { ok: true, points: { planned: SUM, onChain: SUM, redeemed: SUM }, registers: 3, differences: [] },
    ]);
    await town.sql`update ledger_accounts set redeemed = redeemed + 1 where account_id = ${Town.idOf(1)}`;
    const bad = await mint('verify', NAME, '--registers');
    expect(bad.code).toBe(1);
    expect(bad.json()).toMatchObject({ ok: false });
    expect(JSON.stringify(bad.json())).toContain(`account ${Town.idOf(1)}`);
    await town.sql`update ledger_accounts set redeemed = redeemed - 1 where account_id = ${Town.idOf(1)}`;
    await town.sql`update mint_plans set sum = sum + 1`;
    expect((await mint('verify', NAME)).err).toContain('[plan_changed]');
    await town.sql`update mint_plans set sum = sum - 1`;
  });

  it('is set to another contract: a day of the former is none of it, and it is adopted after a reset', async () => {
    const present = env;
    const adopt = () => mint('contract', 'adopt', '--reason', 'the rehearsal is over');
    expect((await adopt()).json()).toEqual({ ok: true, adopted: false });
    env = { ...env, MINT_CONTRACT: `${LIVE.namespace}.${LIVE.module}@${LIVE.moduleHash}` };
    const verified = await mint('verify', NAME);
    expect(verified.err).toMatch(/2026-11-26 is of simulated n_0+\.register, .* \[other_contract\]/s);
    expect((await adopt()).err).toContain('[not_reset]');
    await town.reset('shadow');
    const names = { from: /n_0+\.register$/, to: /n_f+\.register$/ };
    const told = (await adopt()).json() as { from: string; to: string };
    expect(told).toMatchObject({ ok: true, adopted: true });
    expect(told.from).toMatch(names.from);
    expect(told.to).toMatch(names.to);
    const [entry] = await town.sql`select act, detail from audit_log order by seq desc limit 1`;
    expect(entry).toMatchObject({
      act: 'mint.adopt',
      detail: { from: told.from, to: told.to, reason: 'the rehearsal is over' },
    });
    expect((await mint('status', NAME)).json()).toMatchObject({ contract: told.from });
    env = present;
    expect((await mint('verify', NAME)).code).toBe(0);
    expect((await adopt()).json()).toMatchObject({ adopted: true, to: told.from });
  });

  it('keeps words of approvers, and acts of people with their reason', async () => {
    const file = join(directory.path, 'approval');
    const { epochs, approvals } = town.hub();
    const { planHash: hash } = await epochs.get(DAY);
    const where = { networkId: 'stoa', contract: 'n.m', approver: 'ann', at: 1 };
    const body = { ...where, epoch: DAY, hash, points: SUM, regions: [] };
    const word = seal(planApprovalKind, body, nodeCrypto.signingKey(new Uint8Array(32).fill(7)));
    await writeFile(file, `${toBase64Url(word)}\n`);
    expect((await mint('approve', NAME, file)).json()).toEqual({ ok: true, approvals: 1 });
    expect(await approvals.of(DAY)).toEqual([word]);
    const other = join(directory.path, 'other');
    await writeFile(other, `${toBase64Url(utf8('a word'))}\n`);
    expect((await mint('approve', NAME, file, other)).err).toContain('[wrong_approval]');
    expect((await mint('resume', NAME, '--reason', 'mended')).err).toContain('[not_resumable]');
    expect((await mint('cancel', NAME, '--reason', 'ours')).err).toContain('[not_running]');
    await town.sql`update mint_epochs set state = 'running', ended_at = null where epoch = ${DAY}`;
    expect((await mint('cancel', NAME, '--reason', 'a test')).json()).toEqual({ ok: true });
    const acts =
      await town.sql`select act, detail from audit_log where act in ('mint.approve', 'mint.cancel') order by seq`;
    expect(acts).toMatchObject([
      { act: 'mint.approve', detail: { approvals: 1 } },
      { act: 'mint.cancel', detail: { reason: 'a test' } },
    ]);
  });

  it('refuses what is no day, no approval, and a hub that mints nothing', async () => {
    const wrong = await mint('status', '2026-02-30');
    expect([wrong.code, wrong.err]).toMatchObject([2, expect.stringContaining('a day like 2026-11-26')]);
    expect((await mint('approve', NAME, join(directory.path, 'nothing'))).code).toBe(2);
    env = { ...env, MINT_CONTRACT: '' };
    for (const command of ['verify', 'run'])
      expect((await mint(command, NAME)).err, command).toContain('[not_configured]');
  });
});
