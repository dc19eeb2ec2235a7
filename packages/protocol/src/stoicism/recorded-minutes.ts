import { toHex } from '../bytes.ts';
import type { HourRecord, RecordedMinute, SaidOfItself } from '../evidence/hour-record.ts';

/** A line of the node's record, with what it said of itself by then. */
export type WholeMinute = Omit<RecordedMinute, 'said' | 'sessionId'> &
  SaidOfItself & {
    /** Hex. */
    readonly sessionId: string;
  };

/** The last line of the hour before, and the first of the hour after: neighbours of the hour's ends. */
export interface Neighbours {
  readonly before?: RecordedMinute | undefined;
  readonly after?: RecordedMinute | undefined;
}

/** Lines by minute; -1 and 60 are the neighbours. A minute has two where the process was started anew in it. */
export type MinuteLines = ReadonlyMap<number, readonly WholeMinute[]>;

/** Lines leave out what was not said anew; those before the first such word are left out. */
export function minuteLines({ minutes }: HourRecord, { before, after }: Neighbours = {}): MinuteLines {
  const lines = new Map<number, WholeMinute[]>();
  let said: SaidOfItself | undefined;
  const note = (line: RecordedMinute, minute: number): void => {
    said = line.said ?? said;
    if (said === undefined) return;
    const whole = { ...line, ...said, minute, sessionId: toHex(line.sessionId) };
    lines.set(minute, [...(lines.get(minute) ?? []), whole]);
  };
  // It may leave out what it said of itself; the hour's own first line says it again.
  const first = minutes[0]?.said;
  if (before !== undefined && before.minute === 59) {
    said = first;
    note(before, -1);
  }
  for (const line of minutes) note(line, line.minute);
  if (after !== undefined && after.minute === 0) note(after, 60);
  return lines;
}

/** A minute with both its neighbours, of one unbroken session; undefined where that is not recorded. */
export function around(lines: MinuteLines, minute: number): readonly WholeMinute[] | undefined {
  const all = [minute - 1, minute, minute + 1].map((at) => lines.get(at) ?? []);
  const [session] = all.flat();
  const whole = all.every(
    (some) => some.length > 0 && some.every((one) => one.sessionId === session?.sessionId),
  );
  return whole ? all.flat() : undefined;
}
