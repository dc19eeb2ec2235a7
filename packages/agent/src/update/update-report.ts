import type { UpdateState, UpdateStatus } from '@stoa/protocol';
import type { ErrorDescription } from '#error.ts';
import type { SlotState } from '#launcher/installer.ts';
import { fit } from '#reports/text.ts';
import { assignmentIdOf, type Goal } from '#update/goal.ts';
import { IDLE, type Progress } from '#update/machine.ts';
import type { Preferences } from '#update/preferences.ts';

/** What is known of updates here; times in ms since 1970, 0 for never. */
export interface UpdateFacts {
  readonly progress: Progress;
  readonly version: string;
  readonly slot: string;
  /** Of Node. */
  readonly runtime: string;
  readonly platform: string;
  /** Empty where no launcher started this. */
  readonly launcher: string;
  readonly updateOnly: boolean;
  readonly slots: SlotState | undefined;
  readonly previous: readonly string[];
  readonly rootVersion: number;
  /** Hex, of its signed part. */
  readonly rootSha256: string;
  /** Its keys are of development, and lie where this agent was built. */
  readonly development: boolean;
  readonly targetsVersion: number;
  readonly timestampVersion: number;
  readonly timestampAt: number;
  /** When root and targets end, the nearer one. */
  readonly metadataUntil: number;
  /** The newest version of the signed targets. */
  readonly newest: string;
  readonly preferences: Preferences;
  readonly preferencesFault: string;
  /** What the update waits for, where it could not go on at once. */
  readonly trouble: ErrorDescription | undefined;
  /** Proven time. */
  readonly now: number;
}

/** For `stoa-agent update`, `status` and `doctor`; plain JSON. */
export interface UpdateView {
  /** Updates come by hand here: no launcher started this agent. */
  readonly byHand: boolean;
  readonly version: string;
  readonly slot: string;
  readonly runtime: string;
  readonly platform: string;
  readonly launcher: string;
  readonly updateOnly: boolean;
  /** Why this version, in words. */
  readonly why: string;
  readonly state: UpdateState;
  readonly target: string;
  readonly since: number;
  readonly until: number;
  readonly reason: string;
  readonly detail: string;
  readonly lastLines: readonly string[];
  readonly previous: readonly string[];
  readonly rejected: ReadonlyArray<{ readonly version: string; readonly reason: string }>;
  readonly newest: string;
  readonly floor: string;
  readonly rootVersion: number;
  readonly rootSha256: string;
  readonly development: boolean;
  readonly targetsVersion: number;
  readonly timestampAt: number;
  readonly metadataUntil: number;
  /** Proven time at which all this was true. */
  readonly at: number;
  readonly wishes: Preferences;
  readonly wishesFault: string;
}

export function updateView(facts: UpdateFacts): UpdateView {
  const { progress, slots, trouble } = facts;
  return {
    byHand: facts.launcher === '',
    version: facts.version,
    slot: facts.slot,
    runtime: facts.runtime,
    platform: facts.platform,
    launcher: facts.launcher,
    updateOnly: facts.updateOnly,
    why: whyThis(facts),
    state: progress.state,
    target: progress.goal?.version ?? '',
    since: progress.since,
    until: progress.until,
    reason: progress.reason || (trouble?.code ?? ''),
    detail: progress.detail || (trouble?.message ?? ''),
    lastLines: progress.lastLines,
    previous: facts.previous,
    rejected: (slots?.rejected ?? []).map(({ version, reason }) => ({ version, reason })),
    newest: facts.newest,
    floor: slots?.floor.content ?? '',
    rootVersion: facts.rootVersion,
    rootSha256: facts.rootSha256,
    development: facts.development,
    targetsVersion: facts.targetsVersion,
    timestampAt: facts.timestampAt,
    metadataUntil: facts.metadataUntil,
    at: facts.now,
    wishes: facts.preferences,
    wishesFault: facts.preferencesFault,
  };
}

export function updateStatus(facts: UpdateFacts): UpdateStatus {
  const { progress, preferences, trouble } = facts;
  return {
    assignment: assignmentIdOf(progress.goal),
    state: progress.state,
    since: progress.since,
    until: progress.until,
    reason: fit(progress.reason || (trouble?.code ?? ''), 40),
    detail: fit(progress.detail || (trouble?.message ?? ''), 255),
    lastLines: [...progress.lastLines],
    target: progress.goal?.version ?? '',
    version: fit(facts.version, 32),
    slot: fit(facts.slot, 64),
    runtime: fit(facts.runtime, 32),
    platform: fit(facts.platform, 32),
    launcher: fit(facts.launcher, 32),
    updateOnly: facts.updateOnly,
    previous: facts.previous.slice(0, 4),
    blacklist: (facts.slots?.rejected ?? []).slice(0, 16).map(({ version }) => version),
    rootVersion: facts.rootVersion,
    targetsVersion: facts.targetsVersion,
    timestampVersion: facts.timestampVersion,
    timestampAt: facts.timestampAt,
    channel: preferences.channel,
    pin: preferences.pin,
    deferUntil: preferences.deferUntil,
    window: preferences.window,
  };
}

/** Of an assignment that is not what the node is about: who gave it waits for a word with its id. */
export function declinedStatus(
  facts: UpdateFacts,
  goal: Goal,
  { state, until, reason, detail }: Pick<Progress, 'state' | 'until' | 'reason' | 'detail'>,
): UpdateStatus {
  const progress = { ...IDLE, goal, state, since: facts.now, until, reason, detail };
  return updateStatus({ ...facts, progress, trouble: undefined });
}

/** The question that people ask, answered by the last thing that decided it. */
function whyThis({
  progress,
  version,
  slot,
  launcher,
  updateOnly,
  preferences,
  newest,
}: UpdateFacts): string {
  if (launcher === '') return 'updates come by hand here: no launcher started this agent';
  const { state, goal, detail } = progress;
  if (state === 'rolled-back') return `${goal?.version || 'the newer version'} was rolled back: ${detail}`;
  if (updateOnly)
    return `${version} is below the signed floor, or stands in for one that failed: it only updates`;
  if (state === 'refused' || state === 'failed')
    return `${goal?.version || 'the update'} was not installed: ${detail}`;
  if (state === 'deferred') return detail;
  if (preferences.pin !== '') return `the owner has pinned ${preferences.pin}`;
  if (slot === 'factory') return 'it came with the program; no rollout has reached this node yet';
  if (newest !== '' && newest !== version) return `${newest} is signed; no rollout has reached this node yet`;
  return state === 'confirmed' ? 'it was assigned, and has proven itself' : 'no newer version is known';
}
