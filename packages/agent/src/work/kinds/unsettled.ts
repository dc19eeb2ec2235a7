import { equalBytes, type JobMessage, jobMessage, oneOf, optional, record, text, u64 } from '@stoa/protocol';
import { type RecordKind, readRecord, writeRecord } from '#record-line.ts';
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

type Place = Pick<KindDeps, 'disk' | 'config'>;

/** @throws RecordDamagedError, DiskError */
export function readUnsettled({ disk, config }: Place): Promise<Unsettled | undefined> {
  return readRecord(disk, unsettledMark(config), unsettledKind);
}

/**
 * On the medium once it resolves, all of the change at once: there is no moment in which neither the old mark nor the new
 * one counts. A mark that another job has left is replaced by the first of this one's, and by nothing less.
 */
export async function noteUnsettled(
  { disk, config }: Place,
  message: JobMessage,
  change: Partial<Omit<Unsettled, 'message'>>,
): Promise<void> {
  const known = await readUnsettled({ disk, config });
  const own = known !== undefined && equalBytes(known.message.sealed, message.sealed) ? known : undefined;
  const next = { step: own?.step, snapshot: own?.snapshot, ...change, message };
  if (next.step !== undefined || next.snapshot !== undefined)
    await writeRecord(disk, unsettledMark(config), unsettledKind, next);
  else if (own !== undefined) await disk.remove(unsettledMark(config));
}
