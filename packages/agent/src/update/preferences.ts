import { join } from 'node:path';
import { oneOf, record, text, u64 } from '@stoa/protocol';
import { type Disk, DiskDeniedError } from '#disk.ts';
import { AgentError } from '#error.ts';
import { RecordDamagedError, type RecordKind, readRecord, writeRecord } from '#record-line.ts';

/** What the owner of this host wants of updates. Asked before the hub; only a signed security floor goes past it. */
export interface Preferences {
  /** `early`: this node volunteers for the first rings. */
  readonly channel: 'stable' | 'early';
  /** The version to stay on; empty for none. */
  readonly pin: string;
  /** No update before, ms since 1970; 0 for at once. */
  readonly deferUntil: number;
  /** `HH:MM-HH:MM`, UTC, in which updates may begin; empty for any hour. */
  readonly window: string;
}

export const NO_WISHES: Preferences = { channel: 'stable', pin: '', deferUntil: 0, window: '' };
export const LONGEST_DEFERRAL_MS: number = 14 * 24 * 3_600_000;

const preferencesKind: RecordKind<Preferences> = {
  name: 'stoa-update-preferences-1',
  codec: record({ channel: oneOf('stable', 'early'), pin: text(32), deferUntil: u64, window: text(11) }),
};

/** Code `bad_preference`: a wish that can't be read. */
export class PreferenceError extends AgentError<'bad_preference'> {
  override readonly name = 'PreferenceError';

  constructor(message: string) {
    super('bad_preference', message, { retry: false });
  }
}

function pathOf(dataDir: string): string {
  return join(dataDir, 'update', 'preferences');
}

/** One that can't be read is told as such: updates wait until it is written anew. @throws DiskError */
export async function readPreferences(
  disk: Disk,
  dataDir: string,
): Promise<{ preferences: Preferences; fault: string }> {
  try {
    return {
      preferences: (await readRecord(disk, pathOf(dataDir), preferencesKind)) ?? NO_WISHES,
      fault: '',
    };
  } catch (error) {
    if (error instanceof RecordDamagedError || error instanceof DiskDeniedError)
      return { preferences: NO_WISHES, fault: error.message };
    throw error;
  }
}

/** No secret: what root writes, the agent's user must be able to read. */
export async function writePreferences(disk: Disk, dataDir: string, wishes: Preferences): Promise<void> {
  await writeRecord(disk, pathOf(dataDir), preferencesKind, wishes);
}

/** `a.b.c` or `a.b.c` with a leading v. @throws PreferenceError */
export function parsePin(given: string): string {
  const version = /^v?((?:0|[1-9]\d{0,4})(?:\.(?:0|[1-9]\d{0,4})){2})$/.exec(given)?.[1];
  if (version === undefined) throw new PreferenceError(`'${given}' is no version: expected one like 1.2.3`);
  return version;
}

/** @param now ms since 1970. @returns the hour until which nothing is updated. @throws PreferenceError */
export function parseDeferral(given: string, now: number): number {
  const [, count, unit] = /^(\d{1,3})([hd])$/.exec(given) ?? [];
  const ms = Number(count) * (unit === 'd' ? 24 : 1) * 3_600_000;
  if (!(ms > 0 && ms <= LONGEST_DEFERRAL_MS))
    throw new PreferenceError(`'${given}' is no deferral: expected 12h or 3d, up to 14d`);
  return now + ms;
}

/** @throws PreferenceError */
export function parseWindow(given: string): string {
  const [, from, to] = /^([01]\d:[0-5]\d|2[0-3]:[0-5]\d)-([01]\d:[0-5]\d|2[0-3]:[0-5]\d)$/.exec(given) ?? [];
  if (from === undefined || from === to)
    throw new PreferenceError(`'${given}' is no window: expected 02:00-05:00, in UTC`);
  return given;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** ms from `now` until the window opens: 0 within it, or where there is none. It may span midnight. */
export function untilWindow(window: string, now: number): number {
  if (window === '') return 0;
  const [from = 0, to = 0] = window.split('-').map(minuteOfDay);
  const at = (now % DAY_MS) / MINUTE_MS;
  const within = from < to ? at >= from && at < to : at >= from || at < to;
  return within ? 0 : Math.ceil(((from - at + 1440) % 1440) * MINUTE_MS);
}

function minuteOfDay(text: string): number {
  const [hours, minutes] = text.split(':').map(Number);
  return hours! * 60 + minutes!;
}
