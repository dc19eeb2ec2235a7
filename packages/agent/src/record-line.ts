import { type Codec, decodeExact, encode, fromBase64Url, toBase64Url, utf8 } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { type Disk, readText } from '#disk.ts';
import { AgentError } from '#error.ts';

/**
 * How the agent stores a value: one line of text, `name base64url(value) checksum`. The codec is the schema and the
 * validation; the checksum tells a torn or a rotten line from a good one; a line can be appended, copied and compared.
 */
export interface RecordKind<T> {
  /** First word of the line; ends with the number of its layout. */
  readonly name: string;
  readonly codec: Codec<T>;
}

/** Code `record_damaged`: a stored line is not what was written. */
export class RecordDamagedError extends AgentError<'record_damaged'> {
  override readonly name = 'RecordDamagedError';

  constructor(kind: string, where: string, cause?: unknown) {
    super(
      'record_damaged',
      `${where} holds no whole '${kind}' record: restore the file from a backup, or remove it where its loss is acceptable`,
      { retry: false, cause },
    );
  }
}

const CHECKSUM_BYTES = 6;

function checksum(name: string, body: string): string {
  return toBase64Url(nodeCrypto.hash(utf8(`${name} ${body}`)).subarray(0, CHECKSUM_BYTES));
}

export function formatRecord<T>(kind: RecordKind<T>, value: T): string {
  const body = toBase64Url(encode(kind.codec, value));
  return `${kind.name} ${body} ${checksum(kind.name, body)}\n`;
}

/** @throws RecordDamagedError */
export function parseRecord<T>(kind: RecordKind<T>, line: string, where: string): T {
  const [name, body, sum, ...rest] = line.trimEnd().split(' ');
  if (name !== kind.name || body === undefined || sum !== checksum(kind.name, body) || rest.length > 0)
    throw new RecordDamagedError(kind.name, where);
  try {
    return decodeExact(kind.codec, fromBase64Url(body));
  } catch (cause) {
    throw new RecordDamagedError(kind.name, where, cause);
  }
}

/** Undefined if the file is missing. @throws RecordDamagedError, DiskError */
export async function readRecord<T>(disk: Disk, path: string, kind: RecordKind<T>): Promise<T | undefined> {
  const text = await readText(disk, path);
  return text === undefined ? undefined : parseRecord(kind, text, path);
}

/** For what only saves work or tidies up: there a damaged record is worth no more than a missing one. */
export async function ifWhole<T>(reading: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof RecordDamagedError) return undefined;
    throw error;
  }
}

export function writeRecord<T>(disk: Disk, path: string, kind: RecordKind<T>, value: T): Promise<void> {
  return disk.writeAtomic(path, formatRecord(kind, value));
}

/** Adds a line to an append-only file. It begins anew, so that what a crash tore before it spoils nothing. */
export function appendRecord<T>(disk: Disk, path: string, kind: RecordKind<T>, value: T): Promise<void> {
  return disk.append(path, `\n${formatRecord(kind, value)}`);
}

/** The whole lines of an append-only file; a line that a crash tore, or that rotted, is left out. */
export function parseRecords<T>(kind: RecordKind<T>, text: string): T[] {
  return text.split('\n').flatMap((line) => {
    if (line === '') return [];
    try {
      return [parseRecord(kind, line, 'line')];
    } catch (error) {
      if (error instanceof RecordDamagedError) return [];
      throw error;
    }
  });
}
