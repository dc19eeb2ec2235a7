import { createWriteStream } from 'node:fs';
import { open as openFile, rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { fromHex, toHex } from '@stoa/protocol';
import { z } from 'zod';
import { BackupError, openSealed, type SealSecret, sealed } from '#backup/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { KINDS, type LedgerEvent } from './event.ts';
import type { EventStore } from './event-store.ts';
import { type Fault, Replay } from './replay.ts';

const FORMAT = 'stoa-ledger/1';

const headSchema = z.strictObject({
  format: z.literal(FORMAT),
  region: z.string(),
  madeAt: z.iso.datetime(),
});
const endSchema = z.strictObject({ events: z.int(), hash: z.string().regex(/^[0-9a-f]{64}$/) });
const whole = z.string().regex(/^-?\d{1,38}$/);
/** In the order of `lineOf`. */
const eventSchema = z.tuple([
  ...[z.int(), z.int(), z.enum(KINDS), z.int(), z.string(), z.string(), z.string(), whole, whole],
  ...[z.int(), z.int(), z.int(), z.string().regex(/^[0-9a-f]{64}$/)],
] as const);

export interface DumpDeps {
  readonly sql: Sql;
  readonly events: Pick<EventStore, 'all'>;
  readonly region: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: (bytes: number) => Uint8Array;
}

export interface DumpReport {
  readonly events: number;
  /** Hash of the last event, hex: it names all of them. */
  readonly end: string;
}

/**
 * All events as one moment saw them, as lines of JSON, packed and sealed as backups are; without e-mails. It stands under its
 * name only once it is whole.
 */
export async function writeDump(deps: DumpDeps, path: string, secret: SealSecret): Promise<DumpReport> {
  const report = { events: 0, end: '0'.repeat(64) };
  const gzip = createGzip();
  const packed = Readable.from(linesOf(deps, report))
    .on('error', (error) => gzip.destroy(error))
    .pipe(gzip);
  const part = `${path}.part`;
  const file = await openFile(part, 'w', 0o600);
  try {
    for await (const piece of sealed(packed, { secret, random: deps.random })) await file.writeFile(piece);
    await file.sync();
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(part, path);
  return report;
}

async function* linesOf(
  { sql, events, region, clock }: DumpDeps,
  report: { events: number; end: string },
): AsyncGenerator<string> {
  yield `${JSON.stringify({ format: FORMAT, region, madeAt: new Date(clock.now()).toISOString() })}\n`;
  const connection = await sql.reserve();
  try {
    await connection`begin isolation level repeatable read read only`;
    for await (const page of events.all(connection)) {
      report.events += page.length;
      report.end = toHex(page.at(-1)!.hash);
      yield `${page.map(lineOf).join('\n')}\n`;
    }
  } finally {
    await connection`rollback`;
    connection.release();
  }
  yield `${JSON.stringify({ events: report.events, hash: report.end })}\n`;
}

function lineOf(event: LedgerEvent): string {
  const { basis } = event;
  return JSON.stringify([
    ...[event.sequence, event.hour, event.kind, event.revision, event.nodeId, event.accountId, event.ref],
    ...[String(event.amount), String(basis.minutes), basis.microScore, basis.scoreVersion, event.ranAt],
    toHex(event.hash),
  ]);
}

export interface DumpVerdict extends DumpReport {
  readonly region: string;
  readonly madeAt: string;
  readonly accounts: number;
  readonly faultCount: number;
  readonly faults: readonly Fault[];
}

const READ = 10_000;

/** Reads a dump to its end and replays it; needs no hub and no database. @throws {BackupError} for what does not open, or is no dump. */
export async function verifyDump(path: string, secret: SealSecret): Promise<DumpVerdict> {
  const replay = new Replay({ chain: true });
  const { head, end } = await replayFile(linesIn(path, secret), replay);
  replay.finish();
  if (end.events !== replay.events || (replay.events > 0 && end.hash !== toHex(replay.end.hash)))
    replay.fault({
      code: 'end_differs',
      message: `${replay.events} events; its last line says ${end.events}`,
    });
  const { region, madeAt } = head;
  return {
    ...{ region, madeAt, events: replay.events, end: end.hash, accounts: replay.balances.accounts.size },
    ...{ faultCount: replay.faultCount, faults: replay.faults },
  };
}

/** Opens a dump for who recomputes a mint from its lines (docs/mint-signer.md). @throws {BackupError} as `verifyDump` does. */
export async function writeDumpLines(path: string, secret: SealSecret, to: string): Promise<void> {
  const lines = Readable.from(
    (async function* () {
      for await (const line of linesIn(path, secret)) yield `${line}\n`;
    })(),
  );
  await pipeline(lines, createWriteStream(to, { mode: 0o600 }));
}

async function* linesIn(path: string, secret: SealSecret): AsyncGenerator<string> {
  await using file = await openFile(path).catch((cause: NodeJS.ErrnoException) => {
    const message = `${path} can't be opened (${cause.code}): name a dump that you may read; stoa-hub ledger dump writes one`;
    throw new BackupError('file_unreadable', message, { cause });
  });
  if (!(await file.stat()).isFile())
    throw new BackupError(
      'file_unreadable',
      `${path} is no file: name a dump; stoa-hub ledger dump writes one`,
    );
  const gunzip = createGunzip();
  const packed = Readable.from(openSealed(file.createReadStream(), secret));
  const input = packed.on('error', (error) => gunzip.destroy(error)).pipe(gunzip);
  yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
}

async function replayFile(lines: AsyncIterable<string>, replay: Replay) {
  let head: z.infer<typeof headSchema> | undefined;
  let end: z.infer<typeof endSchema> | undefined;
  let held: LedgerEvent[] = [];
  for await (const line of lines) {
    if (end !== undefined) throw noDump('something follows its end');
    if (head === undefined) head = parsed(headSchema, line);
    else if (line.startsWith('[')) held.push(eventOf(line));
    else end = parsed(endSchema, line);
    if (held.length < READ && end === undefined) continue;
    replay.take(held);
    held = [];
  }
  if (head === undefined || end === undefined) throw noDump('its end is missing');
  return { head, end };
}

function eventOf(line: string): LedgerEvent {
  const [
    sequence,
    hour,
    kind,
    revision,
    nodeId,
    accountId,
    ref,
    amount,
    minutes,
    microScore,
    scoreVersion,
    ranAt,
    hash,
  ] = parsed(eventSchema, line);
  return {
    ...{ sequence, hour, kind, revision, nodeId, accountId, ref, amount: BigInt(amount), ranAt },
    ...{
      basis: { minutes: BigInt(minutes), microScore, scoreVersion },
      hash: fromHex(hash),
      ownerId: undefined,
    },
  };
}

function parsed<T>(schema: z.ZodType<T>, line: string): T {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw noDump(`the line ${line.slice(0, 80)}`, cause);
  }
  const read = schema.safeParse(value);
  if (!read.success) throw noDump(`the line ${line.slice(0, 80)}`, read.error);
  return read.data;
}

function noDump(what: string, cause?: unknown): BackupError {
  return new BackupError('not_a_backup', `the file is no dump of a ledger: ${what}`, { cause });
}
