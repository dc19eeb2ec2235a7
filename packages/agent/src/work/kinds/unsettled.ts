import { equalBytes, type JobMessage, jobMessage, oneOf, optional, record, text, u64 } from '@stoa/protocol';
import { readText } from '#disk.ts';
import { ifWhole, parseRecord, type RecordKind, writeRecord } from '#record-line.ts';
import { AFTERMATH_STEPS, type AftermathStep } from '#root/gate.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { unsettledMark } from '#work/kinds/node-data-dir.ts';

/** A snapshot that a job has asked its node for. */
export interface AskedSnapshot {
  /** When that was, ms since 1970: the node names a snapshot by its own time. */
  readonly since: number;
  /** '' until the node has told it. */
  readonly name: string;
}

/**
 * What a job has under way that must not be left if nobody goes on with it. By the message of that job, and by it alone,
 * root puts it back.
 */
export interface Unsettled {
  readonly message: JobMessage;
  /** Puts back what was changed. */
  readonly step: AftermathStep | undefined;
  /** To be removed, once that is done. */
  readonly snapshot: AskedSnapshot | undefined;
}

const unsettledKind: RecordKind<Unsettled> = {
  name: 'stoa-unsettled-2',
  codec: record({
    message: jobMessage,
    step: optional(oneOf(...AFTERMATH_STEPS)),
    snapshot: optional(record({ since: u64, name: text(20) })),
  }),
};

/** As agents before snapshots were marked left it: their update is where a node may be stopped. */
const formerKind: RecordKind<Pick<Unsettled, 'message' | 'step'>> = {
  name: 'stoa-unsettled-1',
  codec: record({ message: jobMessage, step: oneOf(...AFTERMATH_STEPS) }),
};

type Place = Pick<KindDeps, 'disk' | 'config'>;

/** @throws RecordDamagedError, DiskError */
export async function readUnsettled({ disk, config }: Place): Promise<Unsettled | undefined> {
  const path = unsettledMark(config);
  const line = await readText(disk, path);
  if (line === undefined) return undefined;
  return line.startsWith(`${formerKind.name} `)
    ? { ...parseRecord(formerKind, line, path), snapshot: undefined }
    : parseRecord(unsettledKind, line, path);
}

/** A snapshot that another job than this has left marked. */
export async function leftSnapshot(place: Place, message: JobMessage): Promise<AskedSnapshot | undefined> {
  const known = await ifWhole(readUnsettled(place));
  return known === undefined || isOf(known, message) ? undefined : known.snapshot;
}

/**
 * On the medium once it resolves, all of the change at once: there is no moment in which neither the old mark nor the new
 * one counts. A mark that another job has left, or that can't be read, is replaced by the first of this one's, and by nothing
 * less: no mark keeps a job from its work. A snapshot of that one stays marked until a job that can remove it does.
 */
export async function noteUnsettled(
  { disk, config }: Place,
  message: JobMessage,
  change: Partial<Omit<Unsettled, 'message'>>,
): Promise<void> {
  const known = await ifWhole(readUnsettled({ disk, config }));
  const own = known !== undefined && isOf(known, message) ? known : undefined;
  const next = { step: own?.step, snapshot: known?.snapshot, ...change, message };
  if (next.step !== undefined || next.snapshot !== undefined)
    await writeRecord(disk, unsettledMark(config), unsettledKind, next);
  else if (own !== undefined) await disk.remove(unsettledMark(config));
}

function isOf(mark: Unsettled, message: JobMessage): boolean {
  return equalBytes(mark.message.sealed, message.sealed);
}
