import { type Disk, readText } from '#disk.ts';
import { formatRecord, parseRecord, RecordDamagedError, type RecordKind } from '#record-line.ts';

/** A line that is not what was written, between two that are. */
export interface DamagedLine {
  path: string;
  /** Hours of the whole lines before and after it; undefined at an end of the file. */
  before: number | undefined;
  after: number | undefined;
}

export interface StrictLines<T> {
  records: T[];
  damaged: DamagedLine[];
}

/**
 * Reads an append-only file to the byte: where the agent takes what it still can, an owner wants to know that something was
 * changed. A last line without its end may be one that the running agent is writing: `settle` waits for that.
 */
export async function readStrictly<T>(
  disk: Disk,
  { path, kind, hourOf }: { path: string; kind: RecordKind<T>; hourOf: (record: T) => number },
  settle: () => Promise<void>,
): Promise<StrictLines<T>> {
  const lines = parseStrictly(await read(disk, path), path, { kind, hourOf });
  if (lines.damaged.at(-1)?.after !== undefined || lines.damaged.length === 0) return lines;
  await settle();
  return parseStrictly(await read(disk, path), path, { kind, hourOf });
}

async function read(disk: Disk, path: string): Promise<string> {
  return (await readText(disk, path)) ?? '';
}

function parseStrictly<T>(
  text: string,
  path: string,
  { kind, hourOf }: { kind: RecordKind<T>; hourOf: (record: T) => number },
): StrictLines<T> {
  const records: T[] = [];
  const damaged: DamagedLine[] = [];
  let open: DamagedLine | undefined;
  let last: number | undefined;
  // Each record is appended as an empty line and its own.
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf('\n', at + 1);
    const whole = text[at] === '\n' && end >= 0 ? wholeRecord(kind, text.slice(at + 1, end + 1)) : undefined;
    if (whole !== undefined) {
      last = hourOf(whole);
      records.push(whole);
      if (open !== undefined) open.after = last;
      open = undefined;
      at = end + 1;
      continue;
    }
    if (open === undefined) {
      open = { path, before: last, after: undefined };
      damaged.push(open);
    }
    at = end < 0 ? text.length : end;
  }
  return { records, damaged };
}

/** Undefined for anything that `formatRecord` would not have written so. */
function wholeRecord<T>(kind: RecordKind<T>, line: string): T | undefined {
  try {
    const record = parseRecord(kind, line, 'line');
    return formatRecord(kind, record) === line ? record : undefined;
  } catch (error) {
    if (error instanceof RecordDamagedError) return undefined;
    throw error;
  }
}
