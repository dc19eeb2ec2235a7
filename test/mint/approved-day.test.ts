/** A day of the mint by the real signer, on the word of an approver who recomputed it from the hub's own dump and the nodes' evidence. */
import { createReadStream } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createLedgerTools, NO_BASIS, writeDump, writeDumpLines } from '@stoa/hub/ledger';
import { createMint, type Mint } from '@stoa/hub/mint';
import type { DbAdapter } from '@stoa/hub/seams/db-adapter/index';
import { openTemporary } from '@stoa/hub/seams/db-adapter/temporary';
import { type SigningKey, seal, toHex } from '@stoa/protocol';
import { makeEvidence, makeParties } from '@stoa/protocol/fixtures';
import { MINT_CHAINS } from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import { newestReceipt, POINT } from '@stoa/protocol/stoicism';
import {
  APPROVER_BOUNDS,
  createDisk,
  createMintSigner,
  DEFAULT_MINT_POLICY,
  inProcessMintSigner,
  openMintService,
  planApprovalKind,
  type Recomputed,
  recompute,
  unlockWithPassphrase,
} from '@stoa/signer';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { temporaryDirectory } from '../kit/temporary-directory.ts';
import { random } from '../kit/wire-agent.ts';
import { at, DAY, Town } from './town.ts';

const parties = makeParties('an approved day');
const ann: SigningKey = nodeCrypto.signingKey(random(32));
const MINTER_SEED = new Uint8Array(32).fill(7);

let database: DbAdapter;
let home: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeAll(async () => {
  database = await openTemporary();
  home = await temporaryDirectory();
});
afterAll(async () => {
  await database.close();
  await home[Symbol.asyncDispose]();
});

/** A node of account 0 that worked three hours of the day before, as node and region signed it. */
const evidence = makeEvidence(parties, {
  settle: (receipt) => ({ ...receipt, account: Town.idOf(0), resetSequence: 0, mode: 'shadow' }),
});
const node = toHex(parties.nodeId);

class ApprovedTown {
  readonly town: Town;
  readonly mint: Mint;
  readonly #ledger: ReturnType<typeof createLedgerTools>;
  #approved: Recomputed['cut'] = { sequence: 0, hash: '' };

  private constructor(town: Town, mint: Mint) {
    this.town = town;
    this.mint = mint;
    this.#ledger = createLedgerTools({ sql: town.sql, clock: town.chain.clock });
  }

  static async open(): Promise<ApprovedTown> {
    const town = await Town.open(database.sql);
    vi.stubGlobal('fetch', (url: string, init: never) => town.chain.fetch(url, init));
    const { networkId, namespace, module, moduleHash } = town.terms;
    const { clock } = town.chain;
    const [dir, disk] = [await mkdtemp(join(home.path, 'minter-')), createDisk()];
    const unlock = unlockWithPassphrase('correct horse battery', { n: 2 ** 10, r: 8, p: 1 });
    let first = true;
    const seeded = (count: number): Uint8Array => {
      const bytes = first ? Uint8Array.from(MINTER_SEED) : random(count);
      first = false;
      return bytes;
    };
    const config = {
      ...{ networkId, namespace, module, moduleHash, sender: '', threshold: 1, people: 1 },
      approvers: [{ name: 'ann', role: 'person' as const, publicKey: toHex(ann.publicKey) }],
      policy: DEFAULT_MINT_POLICY,
    };
    await createMintSigner({ dir, disk }, { config, unlock, random: seeded, now: clock.now() });
    const service = await openMintService({ dir, disk, unlock, clock });
    const log = { info: () => undefined, warn: () => undefined };
    const mint = createMint({
      ...{ sql: town.sql, nodes: town.nodes, terms: town.terms, quorum: 2, region: 'eu', clock, log },
      ...{
        signer: inProcessMintSigner(service),
        holder: 'hub',
        book: createLedgerTools({ sql: town.sql, clock }).book,
      },
    });
    return new ApprovedTown(town, mint);
  }

  async accrue(hour: number, amount: bigint): Promise<void> {
    await this.#ledger.book.open(hour, async ({ append }) => {
      const about = { hour, revision: 0, nodeId: node, accountId: Town.idOf(0), ref: '' };
      await append([{ ...about, kind: 'accrual', amount, basis: NO_BASIS, ownerId: undefined }]);
    });
  }

  /** On the approver's host: the dump, the evidence, the chains. */
  async recomputed(epoch: number): Promise<Recomputed> {
    const { sql, chain } = this.town;
    const secret = { kind: 'key-file' as const, bytes: new Uint8Array(32).fill(3) };
    const [dump, lines] = [join(home.path, `dump-${epoch}`), join(home.path, `ledger-${epoch}.jsonl`)];
    await writeDump(
      { sql, events: this.#ledger.events, region: 'eu', clock: chain.clock, random },
      dump,
      secret,
    );
    await writeDumpLines(dump, secret, lines);
    const slots: string[][] = Array.from({ length: MINT_CHAINS }, () => []);
    const seats = await sql<{ chain: number; account: string }[]>`
      select chain, account from mint_slots join payout_accounts using (account_id) order by chain, slot`;
    for (const seat of seats) slots[seat.chain]!.push(seat.account);
    return recompute(
      {
        ...{ region: 'eu', rootFingerprint: nodeCrypto.hash(parties.chain.root), mode: 'shadow', slots },
        ...{ published: evidence.published, approved: this.#approved },
        asked: await this.mint.plans.get(epoch),
        ledger: createInterface({ input: createReadStream(lines) }),
        nodes: (async function* () {
          yield evidence.file;
        })(),
      },
      APPROVER_BOUNDS,
    );
  }

  async approve(epoch: number): Promise<Recomputed> {
    const made = await this.recomputed(epoch);
    const { networkId, namespace, module } = this.town.terms;
    const at = this.town.now;
    const place = { networkId, contract: `${namespace}.${module}`, approver: 'ann', at };
    const { hash, points } = made.plan;
    const sealed = seal(planApprovalKind, { ...place, epoch, hash, points, regions: made.regions }, ann);
    await this.mint.approvals.add(epoch, [sealed], at);
    this.#approved = made.cut;
    return made;
  }
}

it('is minted once it is approved', {
  timeout: 120_000,
}, async () => {
  const world = await ApprovedTown.open();
  const { town, mint } = world;
  await town.people([2, 3, 4]);
  for (const hour of evidence.file.hours) await world.accrue(hour.hubHour, newestReceipt(hour)!.points);
  await town.close(DAY);
  // The day before was never cut: an empty plan, which takes an approval like any other.
  await town.until(at(DAY, 5) + 60_000, mint);
  expect((await world.approve(DAY - 1)).plan.points).toBe(0);
  await town.until(at(DAY, 6) + 600_000, mint);
  const codes = async () => new Set((await mint.faults.list()).map(({ code }) => code));
  expect(await codes()).toEqual(new Set(['mint_plan_unapproved']));

  const { plan, regions, outliers } = await world.approve(DAY);
  expect(plan.hash).toBe((await mint.epochs.get(DAY)).planHash);
  // Of account 0: two, and three hours of 1.1832.
  expect({ points: plan.points, regions, outliers }).toEqual({
    points: 12,
    regions: [{ region: 'eu', nodes: 1, points: 12 }],
    outliers: [],
  });
  await town.until(at(DAY, 8), mint, 60);
  expect((await mint.epochs.get(DAY)).state).toBe('settled');
  expect(await mint.faults.list()).toEqual([]);
  expect([await town.register(0), await town.register(1), await town.register(2)]).toEqual([5, 3, 4]);

  // What was approved is reserved, so the next day has nothing of it.
  await town.close(DAY + 1);
  await town.until(at(DAY + 1, 6) + 600_000, mint, 600);
  const next = await world.approve(DAY + 1);
  expect({ points: next.plan.points, outliers: next.outliers }).toEqual({ points: 0, outliers: [] });
});

it('of a ledger that a hub inflated is not approved, with account and hour named, and nothing is minted', {
  timeout: 60_000,
}, async () => {
  const world = await ApprovedTown.open();
  const { town, mint } = world;
  await town.people([2]);
  const [hour] = evidence.file.hours;
  await world.accrue(hour!.hubHour, newestReceipt(hour!)!.points + 5n * POINT);
  await town.until(at(DAY, 5) + 60_000, mint);
  const when = new Date(hour!.hubHour * 3_600_000).toISOString().slice(0, 13);
  await expect(world.approve(DAY - 1)).rejects.toMatchObject({
    code: 'mint_evidence',
    message: expect.stringContaining(
      `in hour ${when} of node ${node} account ${Town.idOf(0)} has 6.1832 points`,
    ),
  });
  await town.until(at(DAY, 5) + 300_000, mint);
  expect(new Set((await mint.faults.list()).map(({ code }) => code))).toEqual(
    new Set(['mint_plan_unapproved']),
  );
  expect(await town.sql`select from mint_attempts where kind <> 'enrol'`).toHaveLength(0);
});
