import type { Disk } from '#disk.ts';
import { fieldsOf, formatJson, isCount, isText, listOf, readJson } from '#launcher/json-file.ts';
import type { Failure, FailureReason } from '#launcher/launched.ts';

/** Of the payload inside the program: always there, and the last in every order. */
export const FACTORY = 'factory';

const MOST_RECORDS = 8;
const MOST_FAILURES = 8;
export const MOST_LINES = 50;
const MOST_CHARACTERS = 2_000;

/** What the starts of one slot have shown. */
export interface SlotRecord {
  readonly id: string;
  /** Starts in a row that ended without a proof of life. */
  readonly boots: number;
  /** Whether it has ever given one: its update is committed then, and silence is held against it no more (F12). */
  readonly proven: boolean;
  /** Why it is passed over; not for good before `final`. */
  readonly verdict: FailureReason | 'none';
  readonly final: boolean;
  /** How often it was silent just before an older slot had a session. */
  readonly losses: number;
  /** How often nothing had a session: each time it is given twice as long. */
  readonly rounds: number;
}

/** What a role has seen of its own starts. Lies outside every slot, so that no rollback forgets it (F10). */
export interface Journal {
  /** The slot of a counted start that has neither proven itself nor ended well; '' for none. */
  readonly running: string;
  /** As many selections had been made (`Selection.selections`) when it last started. */
  readonly selections: number;
  readonly records: readonly SlotRecord[];
  /** Newest first. */
  readonly failures: readonly Failure[];
}

export const FRESH_JOURNAL: Journal = { running: '', selections: 0, records: [], failures: [] };

export function recordOf({ records }: Journal, id: string): SlotRecord {
  const fresh = { id, boots: 0, proven: false, verdict: 'none', final: false, losses: 0, rounds: 0 } as const;
  return records.find((record) => record.id === id) ?? fresh;
}

export function withRecord(journal: Journal, id: string, change: Partial<Omit<SlotRecord, 'id'>>): Journal {
  const record = { ...recordOf(journal, id), ...change };
  return {
    ...journal,
    records: [record, ...journal.records.filter((other) => other.id !== id)].slice(0, MOST_RECORDS),
  };
}

/** Bounded whatever the payload wrote. What is no verdict is told once for a slot, the last time, or an outage would fill it. */
export function withFailure(journal: Journal, failure: Failure): Journal {
  const kept = {
    ...failure,
    detail: failure.detail.slice(0, MOST_CHARACTERS),
    lines: failure.lines.slice(-MOST_LINES).map((line) => line.slice(0, MOST_CHARACTERS)),
  };
  const others = journal.failures.filter(
    ({ slot, reason, final }) => final || slot !== failure.slot || reason !== failure.reason,
  );
  return { ...journal, failures: [kept, ...others].slice(0, MOST_FAILURES) };
}

/** Undefined where there is none. @throws JsonDamagedError, DiskError */
export function readJournal(disk: Disk, path: string): Promise<Journal | undefined> {
  return readJson(disk, path, journalOf);
}

export function writeJournal(disk: Disk, path: string, journal: Journal): Promise<void> {
  return disk.writeAtomic(path, formatJson({ format: 1, ...journal }));
}

const VERDICTS: ReadonlySet<unknown> = new Set(['none', 'crashed', 'spun', 'silent', 'damaged']);

function journalOf(value: unknown): Journal | undefined {
  const { format, running, selections, records, failures } = fieldsOf(value) ?? {};
  const [known, told] = [listOf(records, MOST_RECORDS, recordIn), listOf(failures, MOST_FAILURES, failureIn)];
  if (format !== 1 || !isText(running, 64) || !isCount(selections)) return undefined;
  if (known === undefined || told === undefined) return undefined;
  return { running, selections, records: known, failures: told };
}

function recordIn(value: unknown): SlotRecord | undefined {
  const { id, boots, proven, verdict, final, losses, rounds } = fieldsOf(value) ?? {};
  const sound =
    isText(id, 64) &&
    [boots, losses, rounds].every(isCount) &&
    typeof proven === 'boolean' &&
    typeof final === 'boolean' &&
    VERDICTS.has(verdict);
  return sound ? ({ id, boots, proven, verdict, final, losses, rounds } as SlotRecord) : undefined;
}

function failureIn(value: unknown): Failure | undefined {
  const { slot, version, reason, detail, lines, at, final } = fieldsOf(value) ?? {};
  const told = listOf(lines, MOST_LINES, (line) => (isText(line, MOST_CHARACTERS) ? line : undefined));
  const sound =
    isText(slot, 64) &&
    isText(version, 32) &&
    reason !== 'none' &&
    VERDICTS.has(reason) &&
    isText(detail, MOST_CHARACTERS) &&
    isCount(at) &&
    typeof final === 'boolean';
  if (!sound || told === undefined) return undefined;
  return { slot, version, reason: reason as FailureReason, detail, lines: told, at, final };
}
