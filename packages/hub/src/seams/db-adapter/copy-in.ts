import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TransactionSql } from './adapter.ts';

/** Sends pieces of a `COPY … FROM STDIN`. Rejects with what the server has against any of them. */
export async function copyIn(
  transaction: TransactionSql,
  statement: string,
  pieces: AsyncIterable<Buffer>,
): Promise<void> {
  const copy = transaction.unsafe(statement);
  const refused = rejectionOf(copy);
  const into = await copy.writable();
  await Promise.race([pipeline(Readable.from(pieces, { objectMode: false }), into), refused]);
}

/**
 * postgres.js settles a COPY's promise when the server is ready for the data, and lets an error that comes with the
 * last of it fall: neither promise nor stream would ever end. It hands every error to `reject`, so it is taken there.
 */
function rejectionOf(query: object): Promise<never> {
  return new Promise((_, reject) => {
    Object.assign(query, { reject });
  });
}
