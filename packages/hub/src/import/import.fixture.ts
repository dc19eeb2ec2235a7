import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { type ImportHeader, pointUnits } from './format.ts';

/** A row as an exporter writes it, so that a test may write it wrongly. */
export type LooseRow = Readonly<Record<string, unknown>> & { readonly kind: string };

const units = fc.bigInt({ min: 0n, max: 10n ** 31n });

function pointText(amount: bigint): string {
  const digits = amount.toString().padStart(13, '0');
  const decimals = digits.slice(-12).replace(/0+$/, '');
  return decimals === '' ? digits.slice(0, -12) : `${digits.slice(0, -12)}.${decimals}`;
}

/** Rows that agree with each other: accounts, nodes of theirs, and for each node a key, a benchmark, for each account a balance. */
export const anyRows: fc.Arbitrary<LooseRow[]> = fc
  .array(
    fc.record({
      tier: fc.constantFrom('modern', 'baron', 'operator'),
      balance: fc.tuple(units, units, units),
      nodes: fc.array(fc.integer({ min: 1, max: 999_999_999 }), { maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((accounts) =>
    accounts.flatMap(({ tier, balance, nodes }, i) => {
      const email = `owner-${i}@old.example`;
      const [pending, current, redeemed] = balance.map(pointText);
      return [
        { kind: 'account', email, tier },
        { kind: 'balance', email, pending, current, redeemed },
        ...nodes.flatMap((score, n) => nodeRows(email, `node ${i}-${n}`, score)),
      ];
    }),
  );

function nodeRows(owner: string, label: string, microScore: number): LooseRow[] {
  const score = `${Math.floor(microScore / 1e6)}.${String(microScore % 1e6).padStart(6, '0')}`;
  const nodeId = createHash('sha256').update(`${owner} ${label}`).digest('hex');
  return [
    {
      kind: 'node',
      nodeId,
      label,
      owner,
      region: 'eu',
      role: 'miner',
      hwType: 'vps',
      tags: ['old'],
      hosts: ['n.example'],
    },
    { kind: 'ssh-key', nodeLabel: label, owner, publicKey: 'ssh-ed25519 AAAA', sealed: 'c2VhbGVk' },
    {
      kind: 'benchmark',
      nodeLabel: label,
      owner,
      at: '2026-06-01T00:00:00.000Z',
      breakdown: { cpu: { single: 4.25 }, ram: 15 },
      score,
    },
  ];
}

/** A string stands for a line as it is. */
function bodyOf(rows: readonly unknown[]): string {
  return rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join('');
}

export function headerOf(rows: readonly LooseRow[], more: { sha256: boolean }): ImportHeader {
  const count = (kind: string) => rows.filter((row) => row.kind === kind).length;
  const balances = rows
    .filter(({ kind }) => kind === 'balance')
    .flatMap((row) => ['pending', 'current', 'redeemed'].map((bucket) => pointUnits(String(row[bucket]))));
  return {
    format: 'stoa-import/1',
    region: 'eu',
    exportedAt: '2026-11-25T00:00:00.000Z',
    sums: {
      accounts: count('account'),
      nodes: count('node'),
      sshKeys: count('ssh-key'),
      benchmarks: count('benchmark'),
      balances: balances.reduce((sum, amount) => sum + amount, 0n).toString(),
      ...(more.sha256 ? { sha256: createHash('sha256').update(bodyOf(rows)).digest('hex') } : {}),
    },
  };
}

/** A file in pieces of odd sizes, as it comes from a disk. */
export async function* fileOf(
  header: unknown,
  rows: readonly unknown[],
): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = Buffer.from(`${JSON.stringify(header)}\n${bodyOf(rows)}`);
  for (let start = 0; start < bytes.length; start += 997) yield bytes.subarray(start, start + 997);
}

interface ExportedFile {
  readonly header: ImportHeader;
  readonly rows: readonly (LooseRow | string)[];
}

export interface Change {
  readonly how: 'drop' | 'repeat' | 'amount' | 'sum' | 'letter';
  /** Which row, or which sum. */
  readonly at: number;
  readonly by: number;
}

export const anyChange: fc.Arbitrary<Change> = fc.record({
  how: fc.constantFrom('drop', 'repeat', 'amount', 'sum', 'letter'),
  at: fc.nat(),
  by: fc.integer({ min: 1, max: 1000 }),
});

/** @returns the file after one change, and whether header and rows no longer agree by it. */
export function changedFile(
  { header, rows }: { header: ImportHeader; rows: readonly LooseRow[] },
  { how, at, by }: Change,
): ExportedFile & { readonly shows: boolean } {
  const place = at % rows.length;
  const row = rows[place]!;
  switch (how) {
    case 'drop':
      return {
        header,
        rows: rows.toSpliced(place, 1),
        shows: header.sums.sha256 !== undefined || !isNothing(row),
      };
    case 'repeat':
      return { header, rows: rows.toSpliced(place, 0, row), shows: true };
    case 'amount':
      return { header, rows: otherAmount(rows, by), shows: true };
    case 'sum':
      return { header: { ...header, sums: otherSum(header.sums, at, by) }, rows, shows: true };
    case 'letter': {
      // Without the digest, what no sum covers may say something else and be as valid.
      const changed: (LooseRow | string)[] = [...rows];
      changed[place] = otherLetter(JSON.stringify(row), by);
      return { header, rows: changed, shows: header.sums.sha256 !== undefined };
    }
  }
}

function otherAmount(rows: readonly LooseRow[], by: number): LooseRow[] {
  const place = rows.findIndex(({ kind }) => kind === 'balance');
  const bucket = ['pending', 'current', 'redeemed'][by % 3]!;
  const amount = pointText(BigInt(by));
  const row = rows[place]!;
  return rows.with(place, { ...row, [bucket]: row[bucket] === amount ? '0' : amount });
}

function otherSum(sums: ImportHeader['sums'], at: number, by: number): ImportHeader['sums'] {
  const name = (['accounts', 'nodes', 'sshKeys', 'benchmarks', 'balances'] as const)[at % 5]!;
  return name === 'balances'
    ? { ...sums, balances: (BigInt(sums.balances) + BigInt(by)).toString() }
    : { ...sums, [name]: sums[name] + by };
}

function otherLetter(text: string, by: number): string {
  const place = by % text.length;
  return `${text.slice(0, place)}${text[place] === '~' ? '!' : '~'}${text.slice(place + 1)}`;
}

/** An opening balance of zero is none. */
function isNothing(row: LooseRow): boolean {
  return row.kind === 'balance' && ['pending', 'current', 'redeemed'].every((bucket) => row[bucket] === '0');
}
