import { toHex, utf8 } from '@stoa/protocol';
import { MINT_CHAINS } from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import { formatEvidenceFile, newestReceipt, POINT } from '@stoa/protocol/stoicism';
import { beforeEach, describe, expect, test } from 'vitest';
import { Terminal } from '#cli/terminal.fixture.ts';
import { openApproval, planApprovalKind } from '#mint/approval.ts';
import { ACCOUNT, CHAIN, ID, parties, Region } from '#mint/approver/evidence.fixture.ts';
import { EVIDENCE_FILES } from '#mint/approver/files.ts';
import { DEFAULT_MINT_POLICY } from '#mint/config.ts';

const CONTRACT = `n_${'ab'.repeat(20)}.mint`;
const DIR = '/evidence';

let host: Terminal;
let publicKey: string;

beforeEach(async () => {
  host = new Terminal('approver');
  const made = await host.json('mint', 'key', 'init', '--file', '/robot.key', '--key-file', '/unlock');
  publicKey = String(made['publicKey']);
});

function carry(region: Region, plan = region.plan()): void {
  const write = (path: string, text: string) => host.disk.set(path, utf8(text));
  write(EVIDENCE_FILES.plan(DIR), JSON.stringify(plan));
  write(EVIDENCE_FILES.ledger(DIR), region.lines());
  write(EVIDENCE_FILES.nodes(DIR), `${JSON.stringify(JSON.parse(formatEvidenceFile(region.file)))}\n`);
  write(
    EVIDENCE_FILES.roots(DIR),
    region.published.map((root) => `${Buffer.from(root).toString('base64url')}\n`).join(''),
  );
  const slots = Array.from({ length: MINT_CHAINS }, (_, chain) => (chain === CHAIN ? [ACCOUNT] : []));
  write(EVIDENCE_FILES.slots(DIR), JSON.stringify(slots));
}

function approve(...more: string[]): Promise<{ code: number; text: string }> {
  const root = toHex(nodeCrypto.hash(parties.chain.root));
  const key = ['--file', '/robot.key', '--name', 'robot', '--key-file', '/unlock'];
  const place = ['--network', 'stoa', '--contract', CONTRACT, '--out', '/approval'];
  const evidence = ['--evidence', DIR, '--region', 'eu', '--root', root];
  return host.run('mint', 'approve', ...key, ...place, ...evidence, ...more);
}

async function refuses(naming: RegExp, ...more: string[]): Promise<void> {
  const { code, text } = await approve('--auto', ...more);
  expect(text).toMatch(naming);
  expect(code).toBe(1);
  expect(host.disk.files.has('/approval')).toBe(false);
}

describe('an unattended approver', () => {
  test('signs the plan that its own evidence gives, with the share of the region', async () => {
    const region = new Region();
    carry(region);
    const { code, text } = await approve('--auto');
    expect(code, text).toBe(0);
    const sealed = Buffer.from(new TextDecoder().decode(host.disk.bytes('/approval')).trim(), 'base64url');
    const config = {
      ...{
        networkId: 'stoa',
        namespace: CONTRACT.split('.')[0]!,
        module: 'mint',
        moduleHash: 'm'.repeat(43),
      },
      ...{ sender: '', threshold: 1, people: 1, policy: DEFAULT_MINT_POLICY },
      approvers: [{ name: 'robot', role: 'program' as const, publicKey }],
    };
    const plan = region.plan();
    expect(plan.points).toBeGreaterThan(0);
    expect(openApproval(planApprovalKind, sealed, config).body).toMatchObject({
      ...{ epoch: region.epoch, hash: plan.hash, points: plan.points },
      regions: [{ region: 'eu', nodes: 1, points: plan.points }],
    });
  });

  test('names account and hour where a hub inflated the ledger of one account', async () => {
    const region = new Region();
    region.events[1]!.amount += 5n * POINT;
    carry(region);
    const hour = new Date((region.lastHour - 1) * 3_600_000).toISOString().slice(0, 13);
    await refuses(
      new RegExp(
        `in hour ${hour} of node ${region.node} account ${ID} has 6\\.1832 points.*signed has 1\\.1832`,
      ),
    );
  });

  test('names account and hour of an hour that nobody worked', async () => {
    const region = new Region();
    region.events.push({ kind: 'accrual', hour: region.lastHour + 1, node: region.node, amount: POINT });
    carry(region);
    const hour = new Date((region.lastHour + 1) * 3_600_000).toISOString().slice(0, 13);
    await refuses(
      new RegExp(
        `in hour ${hour} of node ${region.node} account ${ID} has 1 points.*no evidence of that hour`,
      ),
    );
  });

  test('names account and hour where the evidence is missing, though the region published a root of that hour', async () => {
    const region = new Region();
    const [first, ...rest] = region.file.hours;
    Object.assign(region, { file: { ...region.file, hours: rest } });
    carry(region);
    const hour = new Date(first!.hubHour * 3_600_000).toISOString().slice(0, 13);
    await refuses(
      new RegExp(
        `in hour ${hour} of node ${region.node} account ${ID} has 1\\.1832 points.*no evidence of that hour`,
      ),
    );
  });

  test('names the lie where the region signed for more than the score gives', async () => {
    const region = new Region((receipt) => ({ ...receipt, points: receipt.points + 3n * POINT }));
    carry(region);
    await refuses(new RegExp(`account ${ID} has 4\\.1832 points.*\\(points-wrong\\)`));
  });

  test('holds the region to what the node signed', async () => {
    const region = new Region();
    const [first, ...rest] = region.file.hours;
    const { checkpoint: _, ...bare } = first!;
    carry(Object.assign(region, { file: { ...region.file, hours: [bare, ...rest] } }));
    await refuses(/and its checkpoint could not be verified/);
  });

  test('refuses roots that the region shows to nobody else', async () => {
    const region = new Region();
    carry(Object.assign(region, { published: region.published.slice(1) }));
    await refuses(/\(root-unpublished\)/);
  });

  test('refuses a plan that gives more than the ledger', async () => {
    const region = new Region();
    carry(region, region.plan(region.points() + 1));
    await refuses(
      new RegExp(`with ${region.points()} points, asked is for .* they differ on chain ${CHAIN}`),
    );
  });

  test('refuses a cut of another ledger, of another region, or of events that it does not have', async () => {
    const region = new Region();
    const plan = region.plan();
    carry(region, { ...plan, cutId: `eu 3 ${'0'.repeat(64)}` });
    await refuses(/its ledger is another one/);
    carry(region, { ...plan, cutId: `na 3 ${region.hashOf(3)}` });
    await refuses(/not of region 'eu'/);
    carry(region, { ...plan, cutId: `eu 4 ${region.hashOf(3)}` });
    await refuses(/ends at event 3, the cut at 4/);
  });

  test('leaves to people what no receipt stands for, and goes on from what they approved', async () => {
    const region = new Region();
    region.events.push({ kind: 'adjustment', amount: 1_001n * POINT });
    carry(region);
    await refuses(
      new RegExp(`people have to look: account ${ID} got 1001 points that no receipt stands for`),
    );
    const { code, text } = await approve();
    expect(text).toContain(`OUTLIER  account ${ID} got 1001 points`);
    expect(code).toBe(0);
    host.disk.files.delete('/approval');
    region.events.push({ kind: 'reserved', amount: 1_004n * POINT, ref: String(region.epoch) });
    carry(region);
    expect((await approve('--auto')).code).toBe(0);
  });

  test('leaves to people what no receipt stands for in many small parts, whatever others lost', async () => {
    const region = new Region();
    const account = (n: number) => n.toString(16).padStart(32, '0');
    const adjust = (n: number, points: bigint) =>
      region.events.push({ kind: 'adjustment', account: account(n), amount: points * POINT });
    adjust(1, 500n);
    adjust(2, 500n);
    carry(region, region.plan(3));
    expect((await approve('--auto')).code).toBe(0);
    host.disk.files.delete('/approval');
    region.events.push({ kind: 'reserved', amount: 3n * POINT, ref: String(region.epoch) });
    for (const n of [3, 4, 5]) adjust(n, 334n);
    adjust(1, -400n);
    carry(region, region.plan(0));
    await refuses(/people have to look: 3 accounts got 1002 points together .*, more than 1000/);
  });

  test('asks for the evidence of an hour once, and again where the hour is said to be worth something else', async () => {
    const region = new Region();
    carry(region);
    expect((await approve('--auto')).code).toBe(0);
    host.disk.files.delete('/approval');
    const { hours } = region.file;
    Object.assign(region, { file: { ...region.file, hours: hours.slice(2) } });
    carry(region);
    expect((await approve('--auto')).code).toBe(0);
    host.disk.files.delete('/approval');
    // A cut: nothing here grows with the ledger.
    const kept = [...host.disk.files.keys()].filter((path) => path.startsWith(DIR));
    const given = ['plan', 'ledger', 'nodes', 'roots', 'slots'] as const;
    expect(kept.toSorted()).toEqual(
      [...given, 'approved' as const].map((name) => EVIDENCE_FILES[name](DIR)).toSorted(),
    );
    region.events.push({ kind: 'accrual', hour: hours[0]!.hubHour, node: region.node, amount: POINT });
    carry(region);
    await refuses(/has 2\.1832 points and 0 pending, and no evidence of that hour/);
  });

  test('refuses a past that was written anew since it approved it', async () => {
    const region = new Region();
    carry(region);
    expect((await approve('--auto')).code).toBe(0);
    host.disk.files.delete('/approval');
    region.events[0]!.ref = 'another';
    carry(region);
    await refuses(/event 3 has the hash .* when its cut was approved: it was written anew/);
  });

  test('refuses a past that was written anew under its old hashes: what was reserved would be minted again', async () => {
    const region = new Region();
    const amount = BigInt(region.points()) * POINT;
    region.events.push({ kind: 'reserved', amount, ref: '1' }, { kind: 'donation', amount: POINT });
    const lines = region.lines().replace('"reserved"', '"settled"');
    region.lines = () => lines;
    carry(region, region.plan(Number((amount + POINT) / POINT)));
    await refuses(/event 4 is not as it was written: its hash is another one/);
  });

  test.each(['matured', 'reserved', 'settled', 'released', 'donation', 'mining'])(
    'refuses an event of the kind %s that moves nothing, or the other way',
    async (kind) => {
      for (const amount of [0n, -5n * POINT]) {
        const region = new Region();
        region.events.push({ kind, amount, node: region.node, ref: '1' });
        carry(region, region.plan(0));
        await refuses(
          new RegExp(`event 4 \\(${kind}\\) of account ${ID} moves ${amount} units: more than 0`),
        );
      }
    },
  );

  test('mints nothing of an account from which a revision took back what was minted, and goes on', async () => {
    const region = new Region();
    carry(region);
    expect((await approve('--auto')).code).toBe(0);
    host.disk.files.delete('/approval');
    const minted = BigInt(region.points()) * POINT;
    region.events.push({ kind: 'reserved', amount: minted, ref: String(region.epoch) });
    const { hubHour: hour } = region.file.hours[0]!;
    const amount = newestReceipt(region.file.hours[0]!)!.points;
    region.events.push({ kind: 'accrual', hour, node: region.node, amount: -amount });
    expect(region.points()).toBeLessThanOrEqual(0);
    carry(region, region.plan(0));
    const { code, text } = await approve('--auto');
    expect(code, text).toBe(0);
  });

  test('refuses to take by adjustment or reservation what an account does not have', async () => {
    for (const [kind, sign] of [
      ['adjustment', -1n],
      ['reserved', 1n],
    ] as const) {
      const region = new Region();
      region.events.push({ kind, amount: sign * 1_000n * POINT, ref: '1' });
      carry(region, region.plan(0));
      await refuses(new RegExp(`event 4 takes \\d+ units more of account ${ID} than it has`));
    }
  });

  test('takes no ledger that is live for one that counts in shadow, nor the other way round', async () => {
    carry(new Region());
    await refuses(/its receipt is of a ledger that is live, not shadow/, '--shadow');
  });

  test('leaves points that came back from an epoch to people', async () => {
    const region = new Region();
    region.events.push(
      { kind: 'reserved', amount: 2n * POINT, ref: '1' },
      { kind: 'released', amount: 2n * POINT, ref: '1' },
    );
    carry(region, region.plan(3));
    await refuses(new RegExp(`account ${ID} got points of epoch 1 back`));
  });

  describe('that approved an epoch', () => {
    let region: Region;
    let points: number;
    const reserve = (units: bigint, account = ID) =>
      region.events.push({ kind: 'reserved', account, amount: units, ref: String(region.epoch) });
    const next = (left: number) => carry(region, region.planOf(region.epoch + 1, left));

    beforeEach(async () => {
      region = new Region();
      points = region.points();
      carry(region);
      expect((await approve('--auto')).code).toBe(0);
      host.disk.files.delete('/approval');
    });

    test('goes on where just that was reserved, and says the same again of the same cut', async () => {
      carry(region);
      expect((await approve('--auto')).code).toBe(0);
      host.disk.files.delete('/approval');
      reserve(BigInt(points) * POINT);
      next(0);
      const { code, text } = await approve('--auto');
      expect(code, text).toBe(0);
    });

    test('refuses the next one, naming the account, where less was reserved', async () => {
      reserve(BigInt(points - 1) * POINT);
      next(1);
      await refuses(
        new RegExp(
          `of account ${ID} ${points} points were approved for epoch ${region.epoch}, and ${BigInt(points - 1) * POINT} units`,
        ),
      );
    });

    test('refuses what was reserved of an account that got nothing', async () => {
      const other = 'b'.repeat(32);
      region.events.push({ kind: 'donation', account: other, amount: POINT });
      reserve(BigInt(points) * POINT);
      reserve(POINT, other);
      next(0);
      await refuses(new RegExp(`of account ${other} 0 points were approved`));
    });

    test('leaves to people whether it was ever minted where nothing was reserved, of another cut or of the same', async () => {
      const naming = new RegExp(
        `people have to look: epoch ${region.epoch} was approved with ${points} points of account ${ID}, and nothing was reserved`,
      );
      next(points);
      await refuses(naming);
      region.events.push({ kind: 'donation', amount: POINT });
      next(points + 1);
      await refuses(naming);
      expect((await approve()).code).toBe(0);
    });

    test('takes nothing on trust of a ledger that ends before what it approved, and may be another one', async () => {
      const { hours } = region.file;
      region.events.pop();
      Object.assign(region, { file: { ...region.file, hours: hours.slice(1) } });
      carry(region, region.planOf(region.epoch - 1, region.points()));
      await refuses(/no evidence of that hour/);
    });

    test('leaves to people a cut of before, and forgets nothing by it', async () => {
      const kept = host.disk.bytes(EVIDENCE_FILES.approved(DIR));
      region.events.pop();
      carry(region, region.planOf(region.epoch - 1, region.points()));
      await refuses(/people have to look: the cut at event 2 is of before event 3/);
      expect((await approve()).code).toBe(0);
      expect(host.disk.bytes(EVIDENCE_FILES.approved(DIR))).toEqual(kept);
    });
  });
});
