import { LIMITS } from '@stoa/protocol';

/** What the owner of a node wants of updates, said at the hub or on the host: the stricter of both holds. */
export interface UpdateWish {
  readonly channel: 'stable' | 'early';
  /** A version to stay on; empty for none. */
  readonly pin: string;
  /** A version of chainweb-node to stay on; said at the hub alone. */
  readonly chainwebPin: string;
  /** No update before, ms since 1970; 0 for none. */
  readonly deferUntil: number;
  /** `HH:MM-HH:MM`, UTC, may pass midnight; empty for any hour. */
  readonly window: string;
}

export const NO_WISH: UpdateWish = { channel: 'stable', pin: '', chainwebPin: '', deferUntil: 0, window: '' };

export const MOST_DEFERRED_MS: number = 14 * 24 * 3_600_000;
/** Owners are told so long before a security release passes over pins, deferrals and windows. */
export const NOTICE_MS: number = LIMITS.updateNoticeMs;

export type Held = 'pinned' | 'deferred' | 'window' | undefined;

/** Why a node must wait; undefined: it may begin. */
export function heldBy(
  wish: UpdateWish,
  by: {
    readonly now: number;
    readonly version: string;
    /** Which of the pins speaks of it. */
    readonly pin?: 'pin' | 'chainwebPin';
    /** When the rollout was made: a deferral counts from there. */
    readonly since: number;
    readonly security: boolean;
  },
): Held {
  if (by.security && by.now >= by.since + NOTICE_MS) return undefined;
  const pin = wish[by.pin ?? 'pin'];
  if (pin !== '' && pin !== by.version) return 'pinned';
  if (wish.deferUntil > by.now && by.now < by.since + MOST_DEFERRED_MS) return 'deferred';
  return wish.window === '' || inWindow(wish.window, by.now) ? undefined : 'window';
}

const WINDOW = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/;

export function isWindow(text: string): boolean {
  const found = WINDOW.exec(text);
  return found !== null && found[1]! + found[2]! !== found[3]! + found[4]!;
}

/** A text that is no window holds nothing: the node itself judges its own, and tells. */
export function inWindow(window: string, now: number): boolean {
  if (!isWindow(window)) return true;
  const [, h1, m1, h2, m2] = WINDOW.exec(window)!;
  const [from, to] = [Number(h1) * 60 + Number(m1), Number(h2) * 60 + Number(m2)];
  const minute = Math.floor(now / 60_000) % 1_440;
  return from < to ? minute >= from && minute < to : minute >= from || minute < to;
}
