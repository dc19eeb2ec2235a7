import {
  type AgentDescription,
  type Heartbeat,
  MAX_TIPS,
  type RecordedMinute,
  type SaidOfItself,
  type Tip,
  UNKNOWN_U16,
  UNKNOWN_U32,
} from '@stoa/protocol';
import { MINUTE_MS } from '#evidence/hub-time.ts';

const HOUR_MINUTES = 60;

export interface SpokenLine {
  hubHour: number;
  line: RecordedMinute;
}

/**
 * What the hub was told so far, by which it judges the minute that ends. A line is made when something is said or heard in a
 * later minute: without a word nothing changes, and nothing wakes the process.
 */
export class SpokenMinute {
  readonly #take: (spoken: SpokenLine) => void;
  readonly #tips = new Map<number, Tip>();
  #sessionId: Uint8Array | undefined;
  #heartbeatMs = 0;
  #beat: { at: number; chainweb: RecordedMinute['chainweb']; peers: number } | undefined;
  #diskFreeMb = UNKNOWN_U32;
  #said: SaidOfItself | undefined;
  /** That the lines of this hour hold already. */
  #written: { hubHour: number; said: SaidOfItself } | undefined;
  /** Since 1970; undefined while nothing was said or heard in it. */
  #minute: number | undefined;
  #acknowledged = false;

  constructor(take: (spoken: SpokenLine) => void) {
    this.#take = take;
  }

  opened(now: number, { sessionId, heartbeatMs }: { sessionId: Uint8Array; heartbeatMs: number }): void {
    this.turn(now);
    this.#sessionId = sessionId;
    this.#heartbeatMs = heartbeatMs;
  }

  acknowledged(now: number): void {
    this.#speak(now);
    this.#acknowledged = true;
  }

  beat(now: number, { chainweb, gauges }: Heartbeat): void {
    this.#speak(now);
    this.#beat = { at: now, chainweb, peers: gauges.peers };
    this.#diskFreeMb = gauges.diskFreeMb;
  }

  tips(now: number, tips: readonly Tip[]): void {
    this.#speak(now);
    for (const tip of tips) this.#tips.set(tip.chain, tip);
  }

  /** What is free is not known with it: the hub waits for gauges as well. */
  described(now: number, description: AgentDescription): void {
    this.#speak(now);
    const { committedPath, committedGb, driveCommittedGb, p2pFingerprint, p2pPort, process } = description;
    const argv = process?.argv ?? [];
    this.#said = { committedPath, committedGb, driveCommittedGb, p2pFingerprint, p2pPort, argv };
    this.#diskFreeMb = UNKNOWN_U32;
  }

  /** Makes the line of a minute that is over. */
  turn(now: number): void {
    if (this.#minute !== undefined && this.#minute < Math.floor(now / MINUTE_MS)) this.end();
  }

  /** Makes the line of the minute as far as it came: the process ends. */
  end(): void {
    const minute = this.#minute;
    this.#minute = undefined;
    if (minute === undefined || this.#sessionId === undefined) return;
    const hubHour = Math.floor(minute / HOUR_MINUTES);
    const beat = this.#beat;
    const isWritten = this.#written?.hubHour === hubHour && this.#written.said === this.#said;
    const line = {
      minute: minute % HOUR_MINUTES,
      sessionId: this.#sessionId,
      acknowledged: this.#acknowledged,
      beatAgeMs: beat ? agePast((minute + 1) * MINUTE_MS, beat.at) : UNKNOWN_U32,
      heartbeatMs: this.#heartbeatMs,
      chainweb: beat?.chainweb ?? 'unknown',
      peers: beat?.peers ?? UNKNOWN_U16,
      diskFreeMb: this.#diskFreeMb,
      tips: [...this.#tips.values()].sort((a, b) => a.chain - b.chain).slice(0, MAX_TIPS),
      said: isWritten ? undefined : this.#said,
    };
    this.#acknowledged = false;
    this.#written = this.#said && { hubHour, said: this.#said };
    this.#take({ hubHour, line });
  }

  #speak(now: number): void {
    this.turn(now);
    // Another instance may be behind: what is told then belongs to the minute that has begun.
    this.#minute = Math.max(this.#minute ?? 0, Math.floor(now / MINUTE_MS));
  }
}

function agePast(end: number, at: number): number {
  return Math.min(UNKNOWN_U32 - 1, Math.max(0, Math.floor(end - at)));
}
