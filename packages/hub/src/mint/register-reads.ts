import { enrolmentDigest } from '@stoa/protocol/mint';
import { z } from 'zod';
import type { Mark } from './batch-state.ts';
import type { Batch } from './batch-store.ts';

/** Which contract the mint writes to. */
export interface Contract {
  /** With its namespace. */
  readonly module: string;
  /** base64url, 43 characters. */
  readonly hash: string;
}

/** Pact's integers, as nodes write them. */
const integer = z
  .union([z.number(), z.object({ int: z.union([z.number(), z.string()]) })])
  .transform((value) => (typeof value === 'number' ? value : Number(value.int)))
  .pipe(z.int());
const epochState = z
  .object({ minted: integer, done: integer, digest: z.string(), closed: z.boolean() })
  .loose();
const batchState = z.object({ sum: integer, digest: z.string() });
const decimal = z
  .union([z.number(), integer, z.object({ decimal: z.string() }).transform((value) => Number(value.decimal))])
  .pipe(z.number());

/** A read of the contract, held to its version as every transaction is: of another one it fails. */
export function call({ module, hash }: Contract, name: string, args: readonly number[]): string {
  return `(use ${module} "${hash}")(${[`${module}.${name}`, ...args].join(' ')})`;
}

export type EpochState = z.infer<typeof epochState>;

export function epochStateOf(data: unknown): EpochState {
  return epochState.parse(data);
}

/** Slots that a chain has. */
export function countOf(data: unknown): number {
  return integer.parse(data);
}

/** Registers of buckets, fifty points each. */
export function registersOf(data: unknown): number[][] {
  return z.array(z.array(integer)).parse(data);
}

/** STOA that an account has. */
export function balanceCode(account: string): string {
  return `(coin.get-balance ${JSON.stringify(account)})`;
}

export function balanceOf(data: unknown): number {
  return decimal.parse(data);
}

/** What tells whether a transaction's content is on chain. */
export function markCode(contract: Contract, { kind, epoch, part, size }: Batch): string {
  switch (kind) {
    case 'open':
    case 'close':
      return call(contract, 'epoch-state', [epoch]);
    case 'mint':
      return call(contract, 'batch-state', [epoch, part]);
    case 'enrol':
      return call(contract, 'accounts-of', [part, size]);
  }
}

/** @param data what `markCode` gave. */
export function markOf({ kind, digest }: Batch, data: unknown): Mark {
  switch (kind) {
    case 'close':
      return epochState.parse(data).closed ? 'ours' : 'none';
    case 'open':
      return compared(epochState.parse(data).digest, digest);
    case 'mint':
      return compared(batchState.parse(data).digest, digest);
    case 'enrol': {
      const names = z.array(z.string()).parse(data);
      return names.every((name) => name === '') ? 'none' : compared(enrolmentDigest(names), digest);
    }
  }
}

function compared(found: string, planned: string): Mark {
  if (found === '') return 'none';
  return found === planned ? 'ours' : 'other';
}
