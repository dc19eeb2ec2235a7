import { SignerError } from '#error.ts';

/** One event of a region's ledger, as its dump writes it (`stoa-ledger/1`); what is minted follows from these fields. */
export interface LedgerLine {
  readonly sequence: number;
  /** Whole hours since 1970. */
  readonly hour: number;
  readonly kind: string;
  /** Of the node's hour: 0, or which later word it answers. */
  readonly revision: number;
  /** Hex; empty where no node earned it. */
  readonly nodeId: string;
  readonly accountId: string;
  readonly ref: string;
  /** Units of 1e-12 points. */
  readonly amount: bigint;
  /** Of the chain of events, hex. */
  readonly hash: string;
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
  const [sequence, hour, kind, revision, nodeId, accountId, ref, amount, , , , , hash] = fields as unknown[];
  const isLine =
    Number.isSafeInteger(sequence) &&
    Number.isSafeInteger(hour) &&
    Number.isSafeInteger(revision) &&
    [kind, nodeId, accountId, ref, hash].every((each) => typeof each === 'string') &&
    typeof amount === 'string' &&
    /^-?\d{1,38}$/.test(amount);
  if (!isLine) throw noLine(line);
  return {
    ...{ sequence: sequence as number, hour: hour as number, kind: kind as string },
    ...{ revision: revision as number, nodeId: nodeId as string },
    ...{ accountId: accountId as string, ref: ref as string, hash: hash as string },
    amount: BigInt(amount as string),
  };
}

function noLine(line: string, cause?: unknown): SignerError {
  return new SignerError(
    'mint_evidence',
    `the ledger has a line that is no event: ${line.slice(0, 80)}`,
    cause === undefined ? {} : { cause },
  );
}
