import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { Findings } from './findings.ts';
import { headerSchema, type ImportHeader, type ImportRow, pointUnits, rowSchema } from './format.ts';
import { type Line, linesOf, MAX_LINE } from './lines.ts';

export interface SourcedRow {
  readonly line: number;
  readonly row: ImportRow;
}

/** Reads a file row by row; what is wrong with a line, or with the sums at the end, goes to `problems`. */
export class ImportReader {
  header: ImportHeader | undefined;
  readonly #problems: Findings;
  readonly #file = createHash('sha256');
  readonly #rows = createHash('sha256');
  readonly #counts = { account: 0, node: 0, 'ssh-key': 0, benchmark: 0, balance: 0 };
  #balances = 0n;
  #sha256: string | undefined;

  constructor(problems: Findings) {
    this.#problems = problems;
  }

  /** Of the whole file, in hex, once it is read. */
  get sha256(): string {
    this.#sha256 ??= this.#file.digest('hex');
    return this.#sha256;
  }

  async *rows(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<SourcedRow, void, undefined> {
    for await (const line of linesOf(this.#hashed(chunks))) {
      if (line.number === 1) {
        this.header = this.#read(line, headerSchema);
        continue;
      }
      const row = this.#read(line, rowSchema);
      if (row === undefined) continue;
      this.#counts[row.kind] += 1;
      if (row.kind === 'balance')
        this.#balances += pointUnits(row.pending) + pointUnits(row.current) + pointUnits(row.redeemed);
      yield { line: line.number, row };
    }
    this.#compare();
  }

  async *#hashed(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    let inHeader = true;
    for await (const chunk of chunks) {
      this.#file.update(chunk);
      const end = inHeader ? chunk.indexOf(0x0a) : -1;
      if (!inHeader) this.#rows.update(chunk);
      else if (end >= 0) {
        this.#rows.update(chunk.subarray(end + 1));
        inHeader = false;
      }
      yield chunk;
    }
  }

  #read<T>({ number, bytes }: Line, schema: z.ZodType<T>): T | undefined {
    if (bytes === undefined) {
      this.#problems.add('line_too_long', number, `longer than ${MAX_LINE} bytes, the most of a line`);
      return undefined;
    }
    const value = this.#json(number, bytes);
    if (value === undefined) return undefined;
    const read = schema.safeParse(value);
    if (read.success) return read.data;
    const code = number === 1 ? 'bad_header' : 'bad_row';
    for (const { path, message } of read.error.issues)
      this.#problems.add(code, number, `${path.length === 0 ? 'the row' : path.join('.')}: ${message}`);
    return undefined;
  }

  #json(number: number, bytes: Uint8Array): unknown {
    try {
      const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      return JSON.parse(text, (key, held: unknown) => {
        for (const part of [key, held]) if (typeof part === 'string') checkStorable(part);
        return held;
      });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#problems.add('bad_json', number, `one JSON object in UTF-8 expected: ${why}`);
      return undefined;
    }
  }

  #compare(): void {
    const sums = this.header?.sums;
    if (sums === undefined) {
      if (this.#problems.count === 0) this.#problems.add('no_header', undefined, 'the file is empty');
      return;
    }
    const counts = this.#counts;
    const pairs: [string, number | bigint | string, number | bigint | string][] = [
      ['accounts', sums.accounts, counts.account],
      ['nodes', sums.nodes, counts.node],
      ['sshKeys', sums.sshKeys, counts['ssh-key']],
      ['benchmarks', sums.benchmarks, counts.benchmark],
      ['balances', BigInt(sums.balances), this.#balances],
    ];
    if (sums.sha256 !== undefined) pairs.push(['sha256', sums.sha256, this.#rows.digest('hex')]);
    for (const [what, announced, found] of pairs)
      if (announced !== found)
        this.#problems.add('sum_differs', 1, `sums.${what}: ${announced} announced, ${found} found`);
  }
}

/** @throws {SyntaxError} for text that PostgreSQL does not hold. */
function checkStorable(text: string): void {
  if (text.includes('\0') || !text.isWellFormed())
    throw new SyntaxError('text without NUL and lone surrogates expected');
}
