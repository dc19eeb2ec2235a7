import { join } from 'node:path';
import { type HourRecord, MINUTES_MASK } from '@stoa/protocol';
import { countMinutes, minutePoints, minutesWithin } from '@stoa/protocol/stoicism';
import { readText } from '#disk.ts';
import { accountOf, type Cause, type HourAccount, openAccount } from '#earnings/hour-account.ts';
import { DAY_HOURS, type KeptEvidenceDeps, type NodeFiles, readKept } from '#earnings/kept-evidence.ts';
import { hourKind } from '#evidence/hour-journal.ts';
import { hourRecordKind } from '#evidence/hour-logs.ts';
import { MINUTE_MS } from '#evidence/hub-time.ts';
import { parseRecords } from '#record-line.ts';

const HOUR_MINUTES = 60;

export interface CauseSum {
  cause: Cause;
  minutes: number;
  /** Units of 1e-12 that these minutes earned, or would have; of settled hours alone. */
  units: bigint;
}

/**
 * A day since 1970, hour by hour: settled ones by the region's receipts, others by what this node knows.
 * @param now By this host's clock: for showing which minutes are still to come.
 */
export async function accountDay(
  deps: KeptEvidenceDeps,
  { directory }: NodeFiles,
  { day, now }: { day: number; now: number },
): Promise<HourAccount[]> {
  const { hours } = await readKept(deps, directory, [day]);
  const open = await openHours(deps, directory, Math.floor(now / MINUTE_MS));
  const kept = [...hours.values()].map(accountOf);
  return [...kept, ...open.filter(({ hubHour }) => !hours.has(hubHour))]
    .filter(({ hubHour }) => Math.floor(hubHour / DAY_HOURS) === day)
    .sort((a, b) => a.hubHour - b.hubHour);
}

/** In the order in which a minute is laid to one of them. */
export function sumsOf(hours: readonly HourAccount[]): CauseSum[] {
  const sums = new Map<Cause, CauseSum>();
  for (const { shares, microScore } of hours)
    for (const { cause, minutes } of shares) {
      const sum = sums.get(cause) ?? { cause, minutes: 0, units: 0n };
      const count = countMinutes(minutes);
      sum.minutes += count;
      sum.units += BigInt(count) * minutePoints(microScore ?? 0);
      sums.set(cause, sum);
    }
  return [...sums.values()];
}

/** Hours that have no checkpoint yet. */
async function openHours(
  { disk }: KeptEvidenceDeps,
  directory: string,
  minute: number,
): Promise<HourAccount[]> {
  const text = (await readText(disk, join(directory, 'hours'))) ?? '';
  const words = new Map(parseRecords(hourKind, text).map(({ hubHour, minutes }) => [hubHour, minutes]));
  const lines = parseRecords(hourRecordKind, text);
  return [...words].map(([hubHour, minutes]) => {
    const own = lines.filter((record) => record.hubHour === hubHour);
    const record: HourRecord = { hubHour, minutes: own.flatMap((line) => line.minutes) };
    const over = minutesWithin({ from: hubHour * HOUR_MINUTES, until: minute }, hubHour);
    return openAccount({ hubHour, acknowledged: minutes & MINUTES_MASK, record, over });
  });
}
