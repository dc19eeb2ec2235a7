import { CONTEXT, type HubChain, type SigningKey, signIn, toHex, utf8 } from '@stoa/protocol';
import { formatPoints, parsePoints } from '@stoa/protocol/stoicism';
import { z } from 'zod';

export const STATEMENT_FORMAT = 'stoa-statement/1';

const hash = z.string().regex(/^[0-9a-f]{64}$/, '64 hex digits');
const hex = z.string().regex(/^(?:[0-9a-f]{2}){1,1024}$/, 'hex digits');
/** As the ledger's decimals have it: 12 of them at most, exact. */
const points = z.string().refine((text) => parsePoints(text) !== undefined, 'points');
const count = z.int().nonnegative();
const sums = z.record(z.string().regex(/^[a-z-]{1,20}$/), points);

const statementSchema = z.strictObject({
  format: z.literal(STATEMENT_FORMAT),
  year: z.int().min(2000).max(9999),
  /** Whose it is, by e-mail. */
  person: z.string().max(320),
  region: z.string(),
  hub: z.string(),
  madeAt: z.iso.datetime(),
  /** What was counted in shadow has no value on chain. */
  mode: z.enum(['live', 'TEST']),
  /** Where the ledger's chain ended when it was made: with a dump of the ledger every figure can be recomputed. */
  ledger: z.strictObject({ sequence: count, hash }),
  /** By the UTC day on which the ledger wrote; days without an event are left out. */
  days: z.array(
    z.strictObject({
      day: z.iso.date(),
      events: count,
      /** SHA-256 of the events' hashes, in the order of the ledger. */
      digest: hash,
      rules: sums,
    }),
  ),
  /** Of the year. */
  totals: sums,
});
export type Statement = z.infer<typeof statementSchema>;

const envelopeSchema = z.strictObject({
  /** The statement's bytes, as they were signed. */
  statement: z.string().max(4_000_000),
  signature: hex,
  chain: z.strictObject({ root: hash, region: hex, instance: hex }),
});
/** A statement and who vouches for it, down from the region's root. */
export type SignedStatement = z.infer<typeof envelopeSchema>;

/** The same for each rule, as exact decimals. */
export function totalsOf(days: readonly Pick<Statement['days'][number], 'rules'>[]): Record<string, string> {
  const sums = new Map<string, bigint>();
  for (const { rules } of days)
    for (const [rule, text] of Object.entries(rules))
      sums.set(rule, (sums.get(rule) ?? 0n) + parsePoints(text)!);
  return Object.fromEntries(
    [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([rule, sum]) => [rule, formatPoints(sum)]),
  );
}

export function signStatement(
  statement: Statement,
  { key, chain }: { key: SigningKey; chain: HubChain },
): SignedStatement {
  const text = JSON.stringify(statement);
  return {
    statement: text,
    signature: toHex(signIn(CONTEXT.statement, key, utf8(text))),
    chain: { root: toHex(chain.root), region: toHex(chain.region), instance: toHex(chain.instance) },
  };
}

/** Undefined for what is none, or not written to the letter as this program writes it. */
export function readSigned(
  text: string,
): { readonly signed: SignedStatement; readonly statement: Statement } | undefined {
  const signed = envelopeSchema.safeParse(json(text)).data;
  const value = signed && json(signed.statement);
  const statement = statementSchema.safeParse(value).data;
  return signed !== undefined && statement !== undefined && JSON.stringify(value) === signed.statement
    ? { signed, statement }
    : undefined;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whoever reads it says that it is none.
    return undefined;
  }
}
