import { GATES, type Gauges, type Heartbeat } from '@stoa/protocol';
import { addOff, commitmentMet, hasPeers, stepWarmUp } from '@stoa/protocol/stoicism';
import {
  CHAINS,
  type Columns,
  copyColumns,
  GATE_COUNT,
  KINDS,
  KNOWN,
  makeColumns,
  SLOT,
} from './gate-columns.ts';
import { NO_TIP, TipMarks } from './tip-marks.ts';

const FIRST_CAPACITY = 1_024;
const MINUTE_MS = 60_000;

/** A session that begins. */
export interface OpenedSession {
  readonly nodeId: string;
  readonly epoch: number;
  /** Hex, both: as the node's checkpoints name session and process. */
  readonly sessionId: string;
  readonly bootId: string;
}

/** What was stored of a node before this session. */
export interface StoredState {
  /** Last minute in which it was judged. */
  readonly minute: number;
  /** Bits of the gates that failed then. */
  readonly reasons: number;
  readonly warmMinutes: number;
  readonly offMinutes: number;
  readonly creditedAt: number;
  readonly credited: number;
}

/** A word of one session and hour, to be stored. */
export interface GateWord extends OpenedSession {
  readonly hubHour: number;
  readonly judged: bigint;
  /** By gate; undefined where no minute failed any. */
  readonly failures: readonly bigint[] | undefined;
}

export interface GateState extends StoredState {
  readonly nodeId: string;
}

/**
 * What the gates know of every node that has a session on this instance: a slot a node, a column a fact, kept by what the
 * gateway hears. A tick reads the columns from end to end and makes no object (`judge`).
 */
export class GateTable {
  readonly marks = new TipMarks();
  columns: Columns = makeColumns(FIRST_CAPACITY);
  /** Slots in use lie below it. */
  length = 0;
  readonly #slots = new Map<string, number>();
  readonly #nodes: (OpenedSession | undefined)[] = [];
  readonly #free: number[] = [];
  #loading: string[] = [];
  #benchmarked: number[] = [];
  /** Of sessions and hours whose slot went on to the next. */
  #finished: GateWord[] = [];

  get size(): number {
    return this.#slots.size;
  }

  /** Bytes of the columns. */
  get bytes(): number {
    const { warm, ...columns } = this.columns;
    const arrays = [...Object.values(columns), ...Object.values(warm)] as { byteLength: number }[];
    return arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  slotOf(nodeId: string): number | undefined {
    return this.#slots.get(nodeId);
  }

  sessionAt(slot: number): OpenedSession | undefined {
    return this.#nodes[slot];
  }

  /** Bits of the gates that it failed in the last minute that was set; undefined where that was before `since`. */
  failing(nodeId: string, since: number): number | undefined {
    const slot = this.#slots.get(nodeId);
    if (slot === undefined || this.columns.setMinute[slot]! < since) return undefined;
    return this.columns.setReasons[slot];
  }

  /** A session begins; it is judged once `loaded`. */
  open(session: OpenedSession, tips: Iterable<{ chain: number; hash: string }>, now: number): void {
    const held = this.#slots.get(session.nodeId);
    if (held !== undefined) this.#turnSession(held);
    const slot = held ?? this.#allocate(session.nodeId);
    this.#nodes[slot] = session;
    const { columns } = this;
    columns.openedAt[slot] = now;
    columns.heardAt[slot] = now;
    columns.slot[slot] = SLOT.live;
    if (held !== undefined) return;
    for (const tip of tips) this.#setTip(slot, tip);
    this.#loading.push(session.nodeId);
  }

  /** Any frame. */
  heard({ nodeId, epoch }: { nodeId: string; epoch: number }, now: number): void {
    const slot = this.#slots.get(nodeId);
    if (slot !== undefined && this.#nodes[slot]?.epoch === epoch) this.columns.heardAt[slot] = now;
  }

  beat(nodeId: string, { gauges, chainweb }: Pick<Heartbeat, 'gauges' | 'chainweb'>, now: number): void {
    const slot = this.#slots.get(nodeId);
    if (slot === undefined) return;
    this.columns.beatAt[slot] = now;
    this.know(slot, 'chainwebUp', chainweb === 'up');
    this.know(slot, 'peers', hasPeers(gauges.peers));
    this.#judgeDisk(slot, gauges);
  }

  tip(nodeId: string, tip: { chain: number; hash: string }): void {
    const slot = this.#slots.get(nodeId);
    if (slot !== undefined) this.#setTip(slot, tip);
  }

  /** What it says of itself at the start of a session, and when it changes. */
  described(nodeId: string, said: { argvOk: boolean; committedGb: number; driveCommittedGb: number }): void {
    const slot = this.#slots.get(nodeId);
    if (slot === undefined) return;
    this.know(slot, 'argv', said.argvOk);
    const { promisedGb, drivePromisedGb, scoredGb } = this.columns;
    const isNew = promisedGb[slot] !== said.committedGb || drivePromisedGb[slot] !== said.driveCommittedGb;
    promisedGb[slot] = said.committedGb;
    drivePromisedGb[slot] = said.driveCommittedGb;
    if (said.committedGb === 0 && scoredGb[slot] === 0) this.know(slot, 'commitment', true);
    // As long as no gauges have come with the new promise, nothing is known of it.
    else if (isNew) this.know(slot, 'commitment', false);
  }

  /** Its ServerScore of the hour, and what it promised for it. */
  scored(nodeId: string, score: { readonly micro: number; readonly committedGb: number } | undefined): void {
    const slot = this.#slots.get(nodeId);
    if (slot === undefined) return;
    const isMore = (score?.committedGb ?? 0) > this.columns.scoredGb[slot]!;
    this.columns.scoredGb[slot] = score?.committedGb ?? 0;
    this.know(slot, 'benchmark', (score?.micro ?? 0) > 0);
    if (isMore) this.know(slot, 'commitment', false);
  }

  /** Nodes whose chainweb is stopped for a benchmark, and no others. */
  benchmarked(nodeIds: readonly string[]): void {
    for (const slot of this.#benchmarked) this.know(slot, 'benchmarking', false);
    this.#benchmarked = nodeIds.flatMap((nodeId) => this.#slots.get(nodeId) ?? []);
    for (const slot of this.#benchmarked) this.know(slot, 'benchmarking', true);
  }

  close({ nodeId, epoch }: { nodeId: string; epoch: number }): void {
    const slot = this.#slots.get(nodeId);
    if (slot !== undefined && this.#nodes[slot]?.epoch === epoch) this.columns.slot[slot] = SLOT.away;
  }

  know(slot: number, what: keyof typeof KNOWN, holds: boolean): void {
    const { known } = this.columns;
    known[slot] = holds ? known[slot]! | KNOWN[what] : known[slot]! & ~KNOWN[what];
  }

  /** Nodes whose stored state is asked for, once. */
  takeLoading(): string[] {
    const taken = this.#loading;
    this.#loading = [];
    return taken;
  }

  /** They could not be loaded. */
  giveBackLoading(nodeIds: readonly string[]): void {
    this.#loading.push(...nodeIds);
  }

  /** @param unseen minutes since the stored one in which nobody saw it, hub gaps left out. */
  loaded(nodeId: string, stored: StoredState | undefined, unseen: number): void {
    const slot = this.#slots.get(nodeId);
    if (slot === undefined) return;
    const { columns } = this;
    this.know(slot, 'loaded', true);
    if (stored === undefined) return;
    const { warm } = columns;
    warm.minutes[slot] = stored.warmMinutes;
    warm.off[slot] = stored.offMinutes;
    warm.creditedAt[slot] = stored.creditedAt;
    warm.credited[slot] = stored.credited;
    columns.setMinute[slot] = stored.minute;
    columns.setReasons[slot] = stored.reasons;
    if (unseen > 0) addOff(warm, slot, unseen);
  }

  /** Decides the minute that awaits a frame after it. Without one it is a minute that nobody saw: it counts for nothing. */
  settle(slot: number): void {
    const { awaiting, heardAt, reasons, kind, warm } = this.columns;
    const minute = awaiting[slot]!;
    awaiting[slot] = 0;
    const isSet = heardAt[slot]! >= (minute + 1) * MINUTE_MS;
    stepWarmUp(warm, slot, isSet ? KINDS[kind[slot]!]! : 'off', minute);
    if (isSet) this.#set(slot, minute, reasons[slot]!);
  }

  #set(slot: number, minute: number, reasons: number): void {
    const { columns } = this;
    const hubHour = Math.floor(minute / 60);
    // A session's first word, or another verdict than before: the rule of gaps asks what was stored last.
    const told = columns.hubHour[slot] !== 0 && columns.setReasons[slot] === reasons;
    if (columns.hubHour[slot] !== hubHour) this.#turnHour(slot, hubHour);
    const half = slot * 2 + (minute % 60 < 30 ? 0 : 1);
    const bit = 1 << (minute % 30);
    columns.judged[half]! |= bit;
    for (let gate = 0; gate < GATE_COUNT; gate += 1)
      if ((reasons & (1 << gate)) !== 0) columns.failures[half * GATE_COUNT + gate]! |= bit;
    if (!told || minute % 60 === 59) columns.dirty[slot] = 2;
    else if (columns.dirty[slot] === 0) columns.dirty[slot] = 1;
    columns.setMinute[slot] = minute;
    columns.setReasons[slot] = reasons;
  }

  wordAt(slot: number): GateWord {
    const { columns } = this;
    return {
      ...this.#nodes[slot]!,
      hubHour: columns.hubHour[slot]!,
      judged: halves(columns.judged, slot * 2, 1),
      failures: this.#failuresAt(slot),
    };
  }

  stateAt(slot: number): GateState {
    const { columns } = this;
    const { warm } = columns;
    return {
      nodeId: this.#nodes[slot]!.nodeId,
      reasons: columns.setReasons[slot]!,
      minute: columns.setMinute[slot]!,
      warmMinutes: warm.minutes[slot]!,
      offMinutes: warm.off[slot]!,
      creditedAt: warm.creditedAt[slot]!,
      credited: warm.credited[slot]!,
    };
  }

  /** Words that their slots hold no more. */
  takeFinished(): GateWord[] {
    const taken = this.#finished;
    this.#finished = [];
    return taken;
  }

  /** The node is away, and all that it left is written. */
  free(slot: number): void {
    const { columns } = this;
    for (let chain = 0; chain < CHAINS; chain += 1) {
      this.marks.release(columns.tips[slot * CHAINS + chain]!);
      columns.tips[slot * CHAINS + chain] = NO_TIP;
    }
    this.#slots.delete(this.#nodes[slot]!.nodeId);
    this.#nodes[slot] = undefined;
    this.#clearWord(slot);
    const { warm } = columns;
    for (const column of [...Object.values(columns), ...Object.values(warm)] as Uint8Array[])
      if (column.length === columns.slot.length) column[slot] = 0;
    this.#free.push(slot);
  }

  /** The session before this one in the slot is over: what it still awaits is decided, and its word taken out. */
  #turnSession(slot: number): void {
    const { columns } = this;
    if (columns.awaiting[slot] !== 0) this.settle(slot);
    if (columns.judged[slot * 2] !== 0 || columns.judged[slot * 2 + 1] !== 0) {
      this.#finished.push(this.wordAt(slot));
      this.#clearWord(slot);
    }
    columns.hubHour[slot] = 0;
    columns.dirty[slot] = 0;
  }

  #turnHour(slot: number, hubHour: number): void {
    const { columns } = this;
    if (columns.dirty[slot] !== 0 && columns.hubHour[slot] !== 0) this.#finished.push(this.wordAt(slot));
    this.#clearWord(slot);
    columns.hubHour[slot] = hubHour;
  }

  #clearWord(slot: number): void {
    const { columns } = this;
    columns.judged.fill(0, slot * 2, slot * 2 + 2);
    columns.failures.fill(0, slot * 2 * GATE_COUNT, (slot + 1) * 2 * GATE_COUNT);
  }

  #failuresAt(slot: number): bigint[] | undefined {
    const { failures } = this.columns;
    const first = slot * 2 * GATE_COUNT;
    if (failures.subarray(first, first + 2 * GATE_COUNT).every((half) => half === 0)) return undefined;
    return GATES.map((_, gate) => halves(failures, first + gate, GATE_COUNT));
  }

  #setTip(slot: number, { chain, hash }: { chain: number; hash: string }): void {
    if (chain >= CHAINS) return;
    const at = slot * CHAINS + chain;
    const before = this.columns.tips[at]!;
    this.columns.tips[at] = this.marks.hold({ chain, hash });
    this.marks.release(before);
  }

  #judgeDisk(slot: number, { diskFreeMb }: Gauges): void {
    const { scoredGb, promisedGb, drivePromisedGb, beatAt } = this.columns;
    if (beatAt[slot] === 0) return;
    const facts = {
      freeMb: diskFreeMb,
      committedGb: Math.max(promisedGb[slot]!, scoredGb[slot]!),
      driveCommittedGb: drivePromisedGb[slot]!,
    };
    this.know(slot, 'commitment', commitmentMet(facts));
  }

  #allocate(nodeId: string): number {
    const slot = this.#free.pop() ?? this.length;
    if (slot === this.length) this.length += 1;
    if (slot >= this.columns.slot.length) this.#grow();
    this.#slots.set(nodeId, slot);
    return slot;
  }

  #grow(): void {
    const grown = makeColumns(this.columns.slot.length * 2);
    copyColumns(this.columns, grown);
    copyColumns(this.columns.warm, grown.warm);
    this.columns = grown;
  }
}

/** The first half and the one `step` behind it as one word. */
function halves(from: Uint32Array, at: number, step: number): bigint {
  return (BigInt(from[at + step]!) << 30n) | BigInt(from[at]!);
}
