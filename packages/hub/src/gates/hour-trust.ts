import { type CryptoSuite, isOpenedBy } from '@stoa/protocol';
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
import { LeftOut } from './left-out.ts';
import { FAULTS, type HourVerdict, type RootCheck } from './root-check.ts';
import type { RootStore } from './root-store.ts';
import type { WordStore } from './word-store.ts';

const HOUR_MS = 3_600_000;
/** Other instances have signed an hour by then, and it is closed five minutes later. */
const LOOKED_AT_MS = 10 * 60_000;
/** Then it is closed: an instance that is slow to sign is not blamed before. */
const CLOSED_MS = 15 * 60_000;
/** Every pass over an hour looks anew: the next one comes an hour later. */
const GOOD_FOR_MS = HOUR_MS / 2;
/** Hours of which it is known what was found. */
const HOURS_HELD = 50;
/** How long a refusal is told of. */
const TOLD_MS = 24 * HOUR_MS;

/** What is known of an hour, until it is looked at anew. */
interface Known {
  readonly at: number;
  readonly wrote: readonly string[];
  readonly shared: Awaited<ReturnType<HourStore['shared']>>;
  /** Of instances that signed: those that did not may do so at any time. */
  readonly verdicts: Map<string, HourVerdict['unsigned']>;
}

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
  readonly store: Pick<HourStore, 'instances' | 'shared'>;
  readonly roots: Pick<RootStore, 'since'>;
  readonly words: Pick<WordStore, 'silentSince'>;
  readonly check: Pick<RootCheck, 'look' | 'rootIn'>;
  readonly gaps: GapCheck;
  readonly checkpoints: CheckpointSample;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly instanceId: string;
  readonly crypto: Pick<CryptoSuite, 'hash'>;
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
  readonly #known = new Map<number, Known>();
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

  async refused(hubHour: number): Promise<LeftOut> {
    const now = this.#deps.clock.now();
    // Nobody has signed it yet.
    if (now < (hubHour + 1) * HOUR_MS + SETTLED_MS) return new LeftOut();
    const { wrote, shared, verdicts } = await this.#knownOf(hubHour, now);
    const unsigned = new Map<string, HourVerdict['unsigned']>();
    for (const instanceId of wrote)
      unsigned.set(
        instanceId,
        verdicts.get(instanceId) ?? (await this.#unsigned(instanceId, hubHour, verdicts)),
      );
    const out = new LeftOut(wrote.filter((instanceId) => unsigned.get(instanceId) === 'all'));
    for (const [instanceId, groups] of unsigned)
      if (groups !== 'all') for (const group of groups) out.addGroup(instanceId, group);
    await this.#leaveCopiesOut(hubHour, shared, out);
    return out;
  }

  async #knownOf(hubHour: number, now: number): Promise<Known> {
    const held = this.#known.get(hubHour);
    if (held !== undefined && Math.abs(now - held.at) < GOOD_FOR_MS) return held;
    const { store } = this.#deps;
    const [wrote, shared] = [await store.instances(hubHour), await store.shared(hubHour)];
    const known = { at: now, wrote, shared, verdicts: new Map() };
    this.#known.set(hubHour, known);
    for (const hour of this.#known.keys()) if (hour < hubHour - HOURS_HELD) this.#known.delete(hour);
    return known;
  }

  /** Of a session that two instances judged, the words of the one that opened it count; who signed others copied it. */
  async #leaveCopiesOut(hubHour: number, shared: Known['shared'], out: LeftOut): Promise<void> {
    const { hash } = this.#deps.crypto;
    for (const { nodeId, sessionId, instances } of shared) {
      const openers = instances.filter((instanceId) => isOpenedBy(sessionId, instanceId, hash));
      if (openers.length !== 1) continue;
      for (const instanceId of instances) {
        const word = { instanceId, nodeId, sessionId };
        if (instanceId === openers[0] || out.has(word)) continue;
        out.add(word);
        await this.#tell('hour.refuse', instanceId, { hubHour, fault: 'copied', of: openers[0] });
      }
    }
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

  /** What of its words does not count. */
  async #unsigned(
    instanceId: string,
    hubHour: number,
    verdicts: Known['verdicts'],
  ): Promise<HourVerdict['unsigned']> {
    const { check, clock } = this.#deps;
    const { fault, unsigned } = await check.look(instanceId, hubHour);
    if (fault === undefined || fault === 'altered') verdicts.set(instanceId, unsigned);
    if (fault === undefined) {
      for (const was of FAULTS) this.#told.delete(keyOf('hour.refuse', instanceId, { hubHour, fault: was }));
      return unsigned;
    }
    const isSilent = fault === 'unsigned' || fault === 'forged';
    if (isSilent && (instanceId === this.#deps.instanceId || (await this.#isGone(instanceId, hubHour))))
      return [];
    if (!isSilent || clock.now() >= (hubHour + 1) * HOUR_MS + CLOSED_MS)
      await this.#tell('hour.refuse', instanceId, { hubHour, fault });
    return unsigned;
  }

  /** It signed not long before and does not run: what it saw until then costs nobody (F03). */
  async #isGone(instanceId: string, hubHour: number): Promise<boolean> {
    const { roots, words, check, clock } = this.#deps;
    const silent = await words.silentSince(new Date(clock.now() - LOST_MS));
    if (!silent.some((one) => one.instanceId === instanceId)) return false;
    const before = await roots.since(instanceId, hubHour - HOURS_BACK);
    return before.some((root) => check.rootIn(root)?.instance === instanceId);
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
