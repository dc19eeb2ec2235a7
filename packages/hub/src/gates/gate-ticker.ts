import { lateTipMs } from '@stoa/protocol/stoicism';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import type { GapKeeper } from './gap-keeper.ts';
import { STORED_WITHIN } from './gap-rule.ts';
import { KNOWN, SLOT } from './gate-columns.ts';
import type { GateState, GateTable, GateWord } from './gate-table.ts';
import { type Judgement, judge } from './judge.ts';
import type { MarkedTip } from './tip-marks.ts';
import type { WordStore } from './word-store.ts';

const MINUTE_MS = 60_000;
const REFRESHED_MINUTES = 5;
/** Nodes loaded at once. */
const PAGE = 2_000;

/** What is known of nodes elsewhere, told for those whose session has just begun. */
export interface GateSource {
  /** @param fresh nodes that nothing is known of yet. */
  follow(hubHour: number, fresh: readonly string[]): Promise<void>;
}

export interface GateTickerDeps {
  readonly table: GateTable;
  readonly words: WordStore;
  readonly gaps: GapKeeper;
  readonly sources: readonly GateSource[];
  /** Whether a tip is verified, and near the head that gates refer to. */
  readonly isNear: (tip: MarkedTip) => boolean;
  /** Since when many nodes are silent together, while they are. */
  readonly massSince: () => number | undefined;
  readonly heartbeatMs: number;
  readonly instanceId: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Judges every node once a minute, soon after the minute's end, and stores what was set: at once where a verdict changed, else
 * within some ticks, so that a fleet at rest costs a fifth of its rows. What could not be stored is stored later; a gap is
 * declared for what nobody judged.
 */
export class GateTicker implements Task {
  readonly name = 'gates';
  readonly periodMs = 5_000;
  /** Of the last tick. */
  last: (Judgement & { readonly minute: number }) | undefined;
  /** Of hours up to this one all is stored, and nothing more will be written. */
  settledThrough: number | undefined;
  readonly #deps: GateTickerDeps;
  #unwritten = new Map<string, GateWord>();
  #missed: { from: number; until: number }[] = [];
  #failingSince: number | undefined;
  #massSince: number | undefined;

  constructor(deps: GateTickerDeps) {
    this.#deps = deps;
  }

  async tick(): Promise<void> {
    const { clock, table, heartbeatMs, gaps } = this.#deps;
    const minute = Math.floor(clock.now() / MINUTE_MS) - 1;
    // Who cannot be loaded is judged later; all others are judged now.
    const unloaded = await this.#load(minute).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    if (this.last === undefined || minute > this.last.minute) {
      table.marks.judge(this.#deps.isNear);
      const next = (this.last?.minute ?? minute - 1) + 1;
      this.last = { ...judge(table, minute, lateTipMs(heartbeatMs)), minute };
      if (next < minute) this.#missed.push({ from: next, until: minute });
      await this.#store(minute);
      await this.#watchMass(minute);
      // What others recorded matters to who comes back, not to the minute.
      if (minute % REFRESHED_MINUTES === 0) await gaps.refresh();
    }
    if (unloaded !== undefined) throw unloaded.error;
  }

  /** The last act of a shutdown: all that is set is stored. */
  async close(): Promise<void> {
    if (this.last === undefined) return;
    const { table } = this.#deps;
    for (let slot = 0; slot < table.length; slot += 1)
      if (table.columns.slot[slot] !== SLOT.free && table.columns.awaiting[slot] !== 0) table.settle(slot);
    await this.#write(() => true);
    await this.#ticked(this.last.minute - 1);
  }

  /** What a node was before this session, so that it can be judged. One that cannot be loaded is judged later. */
  async #load(minute: number): Promise<void> {
    const { table, words, gaps, sources } = this.#deps;
    const fresh = table.takeLoading();
    if (fresh.length === 0 && minute === this.last?.minute) return;
    try {
      const hubHour = Math.floor(minute / 60);
      for (const source of sources) await source.follow(hubHour, fresh);
      for (let from = 0; from < fresh.length; from += PAGE) {
        const some = fresh.slice(from, from + PAGE);
        const stored = new Map((await words.states(some)).map((state) => [state.nodeId, state]));
        for (const nodeId of some) {
          const state = stored.get(nodeId);
          table.loaded(nodeId, state, state === undefined ? 0 : gaps.outside(state.minute, minute));
        }
      }
    } catch (error) {
      table.giveBackLoading(fresh.filter((nodeId) => !isLoaded(table, nodeId)));
      throw error;
    }
  }

  async #store(minute: number): Promise<void> {
    const { gaps } = this.#deps;
    try {
      await this.#write((slot) => (slot + minute) % STORED_WITHIN === 0);
      await this.#ticked(minute - STORED_WITHIN);
      this.settledThrough = Math.floor((minute - STORED_WITHIN) / 60) - 1;
    } catch (error) {
      this.#failingSince ??= minute;
      throw error;
    }
    for (const { from, until } of this.#missed) await gaps.missed('no-tick', from, until);
    this.#missed = [];
    if (this.#failingSince === undefined) return;
    await gaps.missed('no-database', this.#failingSince, minute);
    this.#failingSince = undefined;
  }

  /** @param isDue whose unchanged word is written now, by slot. */
  async #write(isDue: (slot: number) => boolean): Promise<void> {
    const { table, words } = this.#deps;
    const { written, states } = this.#collect(isDue);
    const held = this.#unwritten;
    this.#unwritten = new Map();
    try {
      await words.write([...held.values()], states);
    } catch (error) {
      for (const [key, word] of held) if (!this.#unwritten.has(key)) this.#unwritten.set(key, word);
      for (const slot of written) table.columns.dirty[slot] = Math.max(1, table.columns.dirty[slot]!);
      throw error;
    }
  }

  /** Takes out what is due, and gives the slots free of which everything was written before. */
  #collect(isDue: (slot: number) => boolean): { written: number[]; states: GateState[] } {
    const { table } = this.#deps;
    const { slot: kind, dirty, awaiting } = table.columns;
    const written: number[] = [];
    const states: GateState[] = [];
    for (const word of table.takeFinished()) this.#hold(word);
    for (let slot = 0; slot < table.length; slot += 1) {
      const isAway = kind[slot] === SLOT.away;
      if (dirty[slot] === 2 || (dirty[slot] === 1 && (isAway || isDue(slot)))) {
        dirty[slot] = 0;
        written.push(slot);
        states.push(table.stateAt(slot));
        this.#hold(table.wordAt(slot));
      } else if (isAway && awaiting[slot] === 0) table.free(slot);
    }
    return { written, states };
  }

  #hold(word: GateWord): void {
    this.#unwritten.set(`${word.hubHour} ${word.nodeId} ${word.epoch}`, word);
  }

  async #ticked(minute: number): Promise<void> {
    const { words, instanceId, clock } = this.#deps;
    await words.tick(instanceId, minute, new Date(clock.now()));
  }

  /** Its minutes stay open until it is over; then they are a gap for those that came back. */
  async #watchMass(minute: number): Promise<void> {
    const since = this.#deps.massSince();
    const began = this.#massSince;
    if (began !== undefined && since === undefined)
      await this.#deps.gaps.missed('mass-expiry', Math.floor(began / MINUTE_MS), minute + 1);
    // Once it is stored: what could not be is declared by the next tick.
    this.#massSince = since;
  }
}

function isLoaded(table: GateTable, nodeId: string): boolean {
  const slot = table.slotOf(nodeId);
  return slot === undefined || (table.columns.known[slot]! & KNOWN.loaded) !== 0;
}
