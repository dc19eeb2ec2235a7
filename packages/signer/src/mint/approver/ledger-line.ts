import { hash } from 'node:crypto';
import { fromHex } from '@stoa/protocol';
import { type ChainedEvent, LEDGER_GENESIS, LEDGER_KINDS, ledgerEventBytes } from '@stoa/protocol/stoicism';
import { SignerError } from '#error.ts';

/** One event of a region's ledger, as its dump writes it (`stoa-ledger/1`). */
export interface LedgerLine extends Omit<ChainedEvent, 'kind'> {
  /** Of another version of the ledger maybe. */
  readonly kind: string;
  /** Of the chain of events, hex. */
  readonly hash: string;
}

/** By the event before, hex, and by what this one says: a dump may say anything of its hashes. */
export function lineHash(before: string, { kind, ...event }: LedgerLine): string | undefined {
  const known = LEDGER_KINDS.find((one) => one === kind);
  if (known === undefined) return undefined;
  try {
    const start = before === '' ? LEDGER_GENESIS : fromHex(before);
    return hash('sha256', ledgerEventBytes(start, { ...event, kind: known }), 'hex');
  } catch (fault) {
    if (fault instanceof RangeError) return undefined;
    throw fault;
  }
}

/** @returns undefined for the dump's first and last line. @throws SignerError `mint_evidence`. */
export function parseLedgerLine(line: string): LedgerLine | undefined {
  if (!line.startsWith('[')) return undefined;
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch (cause) {
    throw noLine(line, cause);
  }
  if (!Array.isArray(fields) || fields.length !== 13) throw noLine(line);
  const [sequence, hour, kind, revision, nodeId, accountId, ref, amount, ...rest] = fields as unknown[];
  const [minutes, microScore, scoreVersion, ranAt, hash] = rest;
  const isLine =
    [sequence, hour, revision, microScore, scoreVersion, ranAt].every(
      (each) => Number.isSafeInteger(each) && (each as number) >= 0,
    ) &&
    [kind, nodeId, accountId, ref, hash].every((each) => typeof each === 'string') &&
    isWhole(amount) &&
    isWhole(minutes);
  if (!isLine) throw noLine(line);
  const basis = { minutes: BigInt(minutes), microScore, scoreVersion } as ChainedEvent['basis'];
  return {
    sequence,
    hour,
    kind,
    revision,
    nodeId,
    accountId,
    ref,
    amount: BigInt(amount),
    basis,
    ranAt,
    hash,
  } as LedgerLine;
}

function isWhole(value: unknown): value is string {
  return typeof value === 'string' && /^-?\d{1,38}$/.test(value);
}

function noLine(line: string, cause?: unknown): SignerError {
  return new SignerError(
    'mint_evidence',
    `the ledger has a line that is no event: ${line.slice(0, 80)}`,
    cause === undefined ? {} : { cause },
  );
}
