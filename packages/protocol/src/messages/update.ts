import { bool, type Decoded, fixed, list, oneOf, optional, record, text, u32, u64 } from '../codec/codec.ts';

/** Longest bounds of an agent's words about a rollback (F35). */
export const MAX_UPDATE_LINES = 50;
export const MAX_UPDATE_LINE_BYTES = 255;
export const MAX_MIRRORS = 8;

/**
 * What to do now with a release. What a node may run is said by the release's own signatures alone: an assignment only
 * picks among that. Sent again in each session until a status shows it; one id is obeyed once (F10).
 */
export const updateAssignment = record({
  /** With `cancel`: the assignment that ends. */
  id: fixed(16),
  /**
   * install: `version` of `kind`. cancel: back to idle, unless the new version runs already. No hub orders a node back: the
   * way down is an install, where a root has signed a floor below what runs, or a job (`agent-rollback`) that a person ordered.
   */
  act: oneOf('install', 'cancel'),
  kind: oneOf('payload', 'runtime'),
  version: text(32),
  /** The targets file that the ring was drawn from: its TUF version, and SHA-256 of its bytes. */
  targetsVersion: u32,
  targetsSha256: fixed(32),
  /** Hub time, ms since 1970. A deferral of the owner may lie past the deadline: it is told, and the assignment ends. */
  notBefore: u64,
  deadline: u64,
  /** Bases that serve the tree of `/releases/`, in the order to try them: https URLs, or paths of the hub itself. */
  mirrors: list(text(255), MAX_MIRRORS),
  /** At once: the window does not hold it where the signed release says `security`; the owner's pin and deferral do. */
  now: bool,
});
export type UpdateAssignment = Decoded<typeof updateAssignment>;

export const updateState = oneOf(
  'idle',
  'assigned',
  'refused',
  'deferred',
  'downloading',
  'staged',
  'draining',
  'trying',
  'confirmed',
  'rolled-back',
  'failed',
  'cancelled',
);
export type UpdateState = Decoded<typeof updateState>;

/** How the node keeps itself current: at the start of a session and on change (F09). */
export const updateStatus = record({
  /** What `state` speaks of; absent where nothing was assigned yet, or the host's user asked for it. */
  assignment: optional(fixed(16)),
  state: updateState,
  /** When the state began, and when it ends by itself (0: it is an end), agent's hub time in ms since 1970. */
  since: u64,
  until: u64,
  /** Why refused, deferred, failed, cancelled or rolled back: a stable code, words for people, the last lines of the log. */
  reason: text(40),
  detail: text(255),
  lastLines: list(text(MAX_UPDATE_LINE_BYTES), MAX_UPDATE_LINES),
  /** The version that `state` is about; empty where it is about none. */
  target: text(32),
  /** What runs: version and slot of the payload, the Node below it. */
  version: text(32),
  slot: text(64),
  runtime: text(32),
  platform: text(32),
  /** Empty: started without a launcher, so updates come by hand here. */
  launcher: text(32),
  /** The payload of the factory, or one below the floor: it updates and does nothing else. */
  updateOnly: bool,
  /** Versions kept that a rollback could go to, newest first. */
  previous: list(text(32), 4),
  /** Versions that failed here and are not taken again. */
  blacklist: list(text(32), 16),
  /** Metadata seen: TUF versions, and when the newest timestamp was taken (0: never). */
  rootVersion: u32,
  targetsVersion: u32,
  timestampVersion: u32,
  timestampAt: u64,
  /** The owner's wish, from the host: the ring of volunteers, a version to stay on, no update before, hours of the day. */
  channel: oneOf('stable', 'early'),
  pin: text(32),
  deferUntil: u64,
  /** `HH:MM-HH:MM`, UTC; empty: any. */
  window: text(11),
});
export type UpdateStatus = Decoded<typeof updateStatus>;
