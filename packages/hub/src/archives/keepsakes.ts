import { isKindName, kindOf, ProtocolError, parseParams } from '@stoa/protocol';
import { z } from 'zod';
import type { Keepsake } from '#jobs/index.ts';

/** On the node's own disk, or in storage: then without what signed the way there. */
export type Place =
  | { readonly kind: 'disk'; readonly path: string }
  | { readonly kind: 'storage'; readonly url: string };

/** A sealed archive of a node's database, as the node signed that it made it. */
export interface NodeBackup {
  readonly jobId: string;
  readonly madeAt: number;
  /** Hex, of the archive as it lies there. */
  readonly sha256: string;
  readonly bytes: number;
  readonly place: Place;
  /** The owner's public key that opens it, besides the node's own: hex; undefined: its agent did not say. */
  readonly sealedTo: string | undefined;
}

/** What a node offered as a donor snapshot from then on: there is one at a time. */
export interface NodeSeed {
  readonly jobId: string;
  readonly madeAt: number;
  readonly sha256: string;
  readonly file: string;
  /** SHA-256 of the backup that it was made of; undefined: of the database as it was. */
  readonly from: string | undefined;
}

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
/** It ends up in commands that people copy. */
const path = z.string().regex(/^\/[\w./@+-]{1,500}$/);
const backupReport = z.object({
  sha256,
  bytes: z.int().nonnegative(),
  to: z.union([z.literal('storage'), path]),
  sealedTo: sha256.optional(),
});
const seedReport = z.object({ sha256, file: path, from: sha256.optional() });

/** The newest first. What a node reported in another form than its agent does is left out: its job shows it as it came. */
export function readKeepsakes(rows: readonly Keepsake[]): {
  readonly backups: readonly NodeBackup[];
  readonly seeds: readonly NodeSeed[];
} {
  return {
    backups: rows.flatMap((row) => (row.kind === 'backup-stoachain' ? backupOf(row) : [])),
    seeds: rows.flatMap((row) => (row.kind === 'backup-stoachain' ? [] : seedOf(row))),
  };
}

function backupOf(row: Keepsake): NodeBackup[] {
  const report = backupReport.safeParse(json(row.report)).data;
  if (report === undefined) return [];
  const { to, sealedTo, ...same } = report;
  const place = to === 'storage' ? storageOf(row) : ({ kind: 'disk', path: to } as const);
  return place === undefined ? [] : [{ ...same, jobId: row.jobId, madeAt: row.endedAt, place, sealedTo }];
}

function seedOf({ jobId, report, endedAt: madeAt }: Keepsake): NodeSeed[] {
  const seed = seedReport.safeParse(json(report)).data;
  return seed === undefined ? [] : [{ ...seed, from: seed.from, jobId, madeAt }];
}

/** A URL without its query, which is the permission, and must be told nobody else; undefined: it is none. */
export function objectOf(address: string): string | undefined {
  const url = URL.parse(address);
  return url === null ? undefined : `${url.origin}${url.pathname}`;
}

/** From what was ordered: the URL's query is the permission, which has ended or will. */
function storageOf({ kind, params }: Keepsake): Place | undefined {
  if (!isKindName(kind)) return undefined;
  try {
    const to = String(parseParams(kindOf(kind).parameters, params)['to']);
    const url = objectOf(to);
    return url === undefined ? undefined : { kind: 'storage', url };
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A node may sign what it likes.
    return undefined;
  }
}
