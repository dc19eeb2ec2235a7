import type { AuditLog } from '../audit/index.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import type { CheckpointSample } from './checkpoint-sample.ts';
import { LOST_MS } from './gap-keeper.ts';
import type { GapCheck } from './gap-seal.ts';
import type { GapRecord } from './gap-store.ts';
import { HOURS_BACK, SETTLED_MS } from './hour-roots.ts';
import type { HourStore } from './hour-store.ts';
import type { Trust } from './hours.ts';
import { FAULTS, type RootCheck } from './root-check.ts';
import type { RootStore } from './root-store.ts';
import type { WordStore } from './word-store.ts';

const HOUR_MS = 3_600_000;
/** Other instances have signed an hour by then, and it is closed five minutes later. */
const LOOKED_AT_MS = 10 * 60_000;
/** Every pass over an hour looks anew: the next one comes an hour later. */
const GOOD_FOR_MS = HOUR_MS / 2;
/** Hours of which it is known what was found. */
const HOURS_HELD = 50;
/** How long a refusal is told of. */
const TOLD_MS = 24 * HOUR_MS;

/** What was found not to be what was signed. */
export interface Refusal {
  /** An instance, or a node. */
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** For people. */
  readonly what: string;
}

export interface HourTrustDeps {
  readonly store: Pick<HourStore, 'instances'>;
  readonly roots: Pick<RootStore, 'newest'>;
  readonly words: Pick<WordStore, 'silentSince'>;
  readonly check: Pick<RootCheck, 'verify' | 'rootIn'>;
  readonly gaps: GapCheck;
  readonly checkpoints: CheckpointSample;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly instanceId: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * What of the evidence of an hour counts, before anything is paid by it: each instance of the region holds what all of them
 * wrote against what they signed. What does not hold is left out and told once, to the log and the audit log.
 */
export class HourTrust implements Trust, Task {
  readonly name = 'hour-trust';
  readonly periodMs = 60_000;
  readonly #deps: HourTrustDeps;
  readonly #known = new Map<number, { readonly refused: ReadonlySet<string>; readonly at: number }>();
  readonly #told = new Map<string, Refusal>();
  #newest = 0;

  constructor(deps: HourTrustDeps) {
    this.#deps = deps;
  }

  /** Ahead of the closing of the hour, which does not wait for it then. */
  async tick(): Promise<void> {
    const hubHour = Math.floor((this.#deps.clock.now() - LOOKED_AT_MS) / HOUR_MS) - 1;
    if (hubHour <= this.#newest) return;
    await this.refused(hubHour);
    this.#newest = hubHour;
  }

  /** Of the last day, one a subject. What holds by now is among them no more. */
  refusals(): readonly Refusal[] {
    const since = this.#deps.clock.now() - TOLD_MS;
    const recent = [...this.#told.values()].filter((one) => one.since >= since);
    return [...new Map(recent.map((one) => [one.subject, one])).values()];
  }

  async refused(hubHour: number): Promise<ReadonlySet<string>> {
    const now = this.#deps.clock.now();
    // Nobody has signed it yet.
    if (now < (hubHour + 1) * HOUR_MS + SETTLED_MS) return new Set();
    const held = this.#known.get(hubHour);
    if (held !== undefined && Math.abs(now - held.at) < GOOD_FOR_MS) return held.refused;
    const refused = new Set<string>();
    for (const instanceId of await this.#deps.store.instances(hubHour))
      if (!(await this.#isTrue(instanceId, hubHour))) refused.add(instanceId);
    this.#known.set(hubHour, { refused, at: now });
    for (const hour of this.#known.keys()) if (hour < hubHour - HOURS_HELD) this.#known.delete(hour);
    return refused;
  }

  async vouched(gaps: readonly GapRecord[]): Promise<readonly GapRecord[]> {
    const vouched: GapRecord[] = [];
    for (const gap of gaps) {
      if (await this.#deps.gaps.isVouched(gap)) vouched.push(gap);
      else
        await this.#tell('gap.refuse', gap.instanceId, {
          cause: gap.cause,
          from: gap.from,
          until: gap.until,
        });
    }
    return vouched;
  }

  async forged(hubHour: number, checkpoints: ReadonlyMap<string, Uint8Array>): Promise<ReadonlySet<string>> {
    const forged = await this.#deps.checkpoints.forged(checkpoints);
    for (const nodeId of forged) await this.#tell('checkpoint.refuse', nodeId, { hubHour });
    return forged;
  }

  async #isTrue(instanceId: string, hubHour: number): Promise<boolean> {
    const fault = await this.#deps.check.verify(instanceId, hubHour);
    if (fault === undefined) {
      for (const was of FAULTS) this.#told.delete(keyOf('hour.refuse', instanceId, { hubHour, fault: was }));
      return true;
    }
    if (
      fault === 'unsigned' &&
      (instanceId === this.#deps.instanceId || (await this.#isGone(instanceId, hubHour)))
    )
      return true;
    await this.#tell('hour.refuse', instanceId, { hubHour, fault });
    return false;
  }

  /** It signed not long before and does not run: what it saw until then costs nobody (F03). */
  async #isGone(instanceId: string, hubHour: number): Promise<boolean> {
    const { roots, words, check, clock } = this.#deps;
    const silent = await words.silentSince(new Date(clock.now() - LOST_MS));
    if (!silent.some((one) => one.instanceId === instanceId)) return false;
    const before = await roots.newest(instanceId, hubHour - HOURS_BACK);
    return before !== undefined && check.rootIn(before)?.instance === instanceId;
  }

  async #tell(act: string, subject: string, detail: Readonly<Record<string, unknown>>): Promise<void> {
    const told = keyOf(act, subject, detail);
    if (this.#told.has(told)) return;
    const what = `${act} ${Object.entries(detail)
      .map(([name, value]) => `${name} ${value}`)
      .join(', ')}`;
    this.#told.set(told, { subject, since: this.#deps.clock.now(), what });
    this.#deps.log.error({ act, subject, ...detail }, 'evidence is not what was signed: it pays nobody');
    try {
      await this.#deps.audit.append({ actor: 'hub', act, subject, detail });
    } catch (error) {
      this.#told.delete(told);
      throw error;
    }
  }
}

function keyOf(act: string, subject: string, detail: Readonly<Record<string, unknown>>): string {
  return JSON.stringify([act, subject, detail]);
}
