/** The pass over columns against a plain evaluator, node by node and minute by minute. */
import { GateTable, type GateWord, judge } from '@stoa/hub/gates';
import { GATES, UNKNOWN_U16, UNKNOWN_U32 } from '@stoa/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PlainNode, plainReasons } from './kit/plain-gates.ts';

const HEARTBEAT_MS = 30_000;
const LATE_MS = 2 * HEARTBEAT_MS + 20_000;
const MINUTE = 60_000;
const START = 30_000_000;

const gauges = (peers: number, diskFreeMb: number) => ({
  cpuPermille: 0,
  loadCenti: 0,
  memUsedMb: 0,
  memTotalMb: 0,
  diskFreeMb,
  diskTotalMb: 0,
  rxKbps: 0,
  txKbps: 0,
  peers,
  rttMs: 0,
});

/** A node's course through one minute. */
const minute = fc.record({
  account: fc.boolean(),
  score: fc.boolean(),
  beats: fc.boolean(),
  chainweb: fc.constantFrom('unknown', 'up', 'down', 'stopped'),
  peers: fc.constantFrom(0, 1, 2, 40, UNKNOWN_U16),
  freeMb: fc.constantFrom(0, 100_000, 100_136, 1_000_000, UNKNOWN_U32),
  lag: fc.option(fc.integer({ min: 0, max: 6 }), { nil: null }),
  argvOk: fc.boolean(),
  promises: fc.option(fc.constantFrom([0, 0], [100, 100], [100, 900]), { nil: undefined }),
  /** How long an answer of its port still counts, ms: to the end of the minute are 40,000. */
  served: fc.constantFrom(0, 39_999, 40_000, 600_000),
  session: fc.oneof(
    { weight: 8, arbitrary: fc.constant('goes on' as const) },
    { weight: 1, arbitrary: fc.constant('ends' as const) },
    { weight: 1, arbitrary: fc.constant('anew' as const) },
  ),
});

/** One node as objects, with the sets of its minutes. */
class Model {
  readonly plain: PlainNode = {
    account: false,
    micro: 0,
    lags: [],
    beatAt: 0,
    warmMinutes: 1_439,
    freeMb: 0,
    committedGb: 0,
    driveCommittedGb: 0,
    argvFaults: ['no-process'],
    chainweb: 'unknown',
    servedUntil: 0,
  };
  /** epoch and minute -> failed gates. */
  readonly set = new Map<string, string[]>();
  peers = 0;
  off = 0;
  epoch = 0;
  heardAt = 0;
  connected = false;
  awaiting: { minute: number; epoch: number; failed: string[]; peers: number } | undefined;

  settle(): void {
    if (this.awaiting === undefined) return;
    const { minute, epoch, failed, peers } = this.awaiting;
    this.awaiting = undefined;
    const isSet = this.heardAt >= (minute + 1) * MINUTE;
    if (isSet) this.set.set(`${epoch}/${minute}`, failed);
    if (!isSet || failed.includes('tip')) {
      this.off += 1;
      if (this.off > 60) this.plain.warmMinutes = 0;
      return;
    }
    this.off = 0;
    if (peers >= 2 && peers !== UNKNOWN_U16)
      this.plain.warmMinutes = Math.min(1_440, this.plain.warmMinutes + 1);
  }
}

function wordsOf(words: readonly GateWord[]): Map<string, string[]> {
  const set = new Map<string, string[]>();
  for (const { epoch, hubHour, judged, failures } of words)
    for (let i = 0; i < 60; i += 1)
      if (((judged >> BigInt(i)) & 1n) === 1n)
        set.set(
          `${epoch}/${hubHour * 60 + i}`,
          GATES.filter((_, gate) => (((failures?.[gate] ?? 0n) >> BigInt(i)) & 1n) === 1n),
        );
  return set;
}

describe('a tick over all nodes', () => {
  it('judges and sets every minute as a plain evaluator does, whatever the sessions do', () => {
    const courses = fc.array(fc.array(minute, { minLength: 1, maxLength: 70 }), {
      minLength: 1,
      maxLength: 3,
    });
    fc.assert(
      fc.property(courses, (nodes) => {
        const table = new GateTable();
        const driven = nodes.map((_, n) => new Driven(table, `node-${n}`));
        const finished: GateWord[] = [];
        const longest = Math.max(...nodes.map((course) => course.length));
        for (let m = 0; m < longest; m += 1) {
          for (const [n, node] of driven.entries()) node.live(nodes[n]![m], (START + m) * MINUTE + 20_000);
          table.marks.judge(({ hash }) => Number(hash.split('/')[1]) <= 3);
          judge(table, START + m, LATE_MS);
          finished.push(...table.takeFinished());
          for (const node of driven) node.judge(START + m);
        }
        for (const node of driven) {
          expect(wordsOf(node.words(finished))).toEqual(node.model.set);
          expect(node.warmMinutes ?? node.model.plain.warmMinutes).toBe(node.model.plain.warmMinutes);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('holds a node to what it promised when its score was measured', () => {
    const table = new GateTable();
    table.open({ nodeId: 'n', epoch: 1, sessionId: '', bootId: '' }, [], START * MINUTE);
    table.loaded('n', undefined, 0);
    table.scored('n', { micro: 1, committedGb: 100 });
    const reasons = (committedGb: number, freeMb: number) => {
      table.described('n', { argvOk: true, committedGb, driveCommittedGb: committedGb });
      table.beat('n', { gauges: gauges(2, freeMb), chainweb: 'up' }, START * MINUTE + 1);
      judge(table, START, LATE_MS);
      return table.columns.reasons[0]! & (2 | 16);
    };
    expect([reasons(0, 50_000), reasons(0, 101_000), reasons(200, 101_000)]).toEqual([16, 0, 16]);
    table.scored('n', undefined);
    expect(reasons(0, 0)).toBe(2);
  });

  it('knows of a promise what it knew, though the node says something else anew', () => {
    const table = new GateTable();
    table.open({ nodeId: 'n', epoch: 1, sessionId: '', bootId: '' }, [], START * MINUTE);
    table.loaded('n', undefined, 0);
    const describe = (argvOk: boolean, committedGb: number) => {
      table.described('n', { argvOk, committedGb, driveCommittedGb: committedGb });
      judge(table, START, LATE_MS);
      return table.columns.reasons[0]! & 16;
    };
    expect(describe(true, 100)).toBe(16);
    table.beat('n', { gauges: gauges(2, 101_000), chainweb: 'up' }, START * MINUTE + 1);
    expect([describe(true, 100), describe(false, 100), describe(true, 99)]).toEqual([0, 0, 16]);
  });

  it('credits the minutes in which a benchmark has stopped chainweb, six of them', () => {
    const table = new GateTable();
    table.open({ nodeId: 'n', epoch: 1, sessionId: '', bootId: '' }, [], START * MINUTE);
    table.loaded('n', undefined, 0);
    const warmAfter = (count: number, benchmarked: readonly string[]) => {
      for (let i = 0; i < count; i += 1) {
        const at = (table.columns.awaiting[0]! || START) * MINUTE + MINUTE;
        table.beat('n', { gauges: gauges(0, 0), chainweb: 'stopped' }, at);
        table.heard({ nodeId: 'n', epoch: 1 }, at);
        table.benchmarked(benchmarked);
        judge(table, at / MINUTE, LATE_MS);
      }
      return table.columns.warm.minutes[0];
    };
    expect([warmAfter(4, []), warmAfter(12, ['n', 'gone'])]).toEqual([0, 6]);
    expect(table.columns.warm.off[0]).toBe(0);
    expect([warmAfter(8, []), table.columns.warm.off[0]]).toEqual([6, 7]);
  });

  it('frees what is away, and its tips', () => {
    const table = new GateTable();
    for (let i = 0; i < 3_000; i += 1)
      table.open(
        { nodeId: `n${i}`, epoch: 1, sessionId: '', bootId: '' },
        [{ chain: 0, hash: `h${i % 7}` }],
        START * MINUTE,
      );
    expect([table.size, table.marks.length]).toEqual([3_000, 8]);
    for (let i = 0; i < 3_000; i += 1) {
      table.close({ nodeId: `n${i}`, epoch: 1 });
      table.free(table.slotOf(`n${i}`)!);
    }
    expect(table.size).toBe(0);
    const bytes = table.bytes;
    for (let i = 0; i < 3_000; i += 1)
      table.open({ nodeId: `m${i}`, epoch: 1, sessionId: '', bootId: '' }, [], START * MINUTE);
    expect([table.length, table.bytes]).toEqual([3_000, bytes]);
    expect(table.columns.tips.every((mark) => mark === 0)).toBe(true);
  });
});

type Step = typeof minute extends fc.Arbitrary<infer T> ? T : never;

/** One node, told to the table and to the model alike. */
class Driven {
  readonly model = new Model();
  readonly #table: GateTable;
  readonly #nodeId: string;

  constructor(table: GateTable, nodeId: string) {
    this.#table = table;
    this.#nodeId = nodeId;
  }

  live(step: Step | undefined, at: number): void {
    if (step === undefined) return;
    if (step.session === 'ends') {
      this.#close();
      return;
    }
    if (step.session === 'anew' || !this.model.connected) this.#open(at);
    this.#learn(step, at);
    if (step.beats) this.#beat(step, at);
  }

  /** All words of the node, of sessions that are over and of the one that goes on. */
  words(finished: readonly GateWord[]): GateWord[] {
    const slot = this.#table.slotOf(this.#nodeId);
    const own = finished.filter(({ nodeId }) => nodeId === this.#nodeId);
    return slot === undefined ? own : [...own, this.#table.wordAt(slot)];
  }

  get warmMinutes(): number | undefined {
    const slot = this.#table.slotOf(this.#nodeId);
    return slot === undefined ? undefined : this.#table.stateAt(slot).warmMinutes;
  }

  judge(m: number): void {
    const { model } = this;
    model.settle();
    if (!model.connected) return;
    const failed = plainReasons(model.plain, (m + 1) * MINUTE, HEARTBEAT_MS);
    model.awaiting = { minute: m, epoch: model.epoch, failed, peers: model.peers };
  }

  #close(): void {
    const { model } = this;
    if (model.connected) this.#table.close({ nodeId: this.#nodeId, epoch: model.epoch });
    model.connected = false;
  }

  #open(at: number): void {
    const { model } = this;
    const nodeId = this.#nodeId;
    const isKnown = this.#table.slotOf(nodeId) !== undefined;
    model.settle();
    Object.assign(model, { epoch: model.epoch + 1, connected: true, heardAt: at });
    this.#table.open({ nodeId, epoch: model.epoch, sessionId: '', bootId: '' }, [], at);
    if (isKnown) return;
    this.#table.takeLoading();
    const warm = { warmMinutes: 1_439, offMinutes: 0, creditedAt: 0, credited: 0 };
    this.#table.loaded(nodeId, { minute: START - 1, reasons: 8, ...warm }, 0);
  }

  #learn(step: Step, at: number): void {
    const { plain } = this.model;
    const slot = this.#table.slotOf(this.#nodeId)!;
    const servedUntil = at + step.served;
    this.#table.know(slot, 'account', step.account);
    this.#table.know(slot, 'benchmark', step.score);
    this.#table.columns.servedUntil[slot] = servedUntil;
    const [committedGb = plain.committedGb, driveCommittedGb = plain.driveCommittedGb] = step.promises ?? [];
    this.#table.described(this.#nodeId, { argvOk: step.argvOk, committedGb, driveCommittedGb });
    const isNew = committedGb !== plain.committedGb || driveCommittedGb !== plain.driveCommittedGb;
    Object.assign(plain, { account: step.account, micro: step.score ? 1 : 0, servedUntil });
    Object.assign(plain, { argvFaults: step.argvOk ? [] : ['private'], committedGb, driveCommittedGb });
    // What was promised anew is held against the gauges that come with the next heartbeat.
    if (isNew) plain.freeMb = UNKNOWN_U32;
  }

  #beat(step: Step, at: number): void {
    const nodeId = this.#nodeId;
    const { model } = this;
    this.#table.heard({ nodeId, epoch: model.epoch }, at);
    this.#table.beat(nodeId, { gauges: gauges(step.peers, step.freeMb), chainweb: step.chainweb }, at);
    const lags = Array.from({ length: 10 }, (_, chain) => (chain === 4 ? step.lag : 0));
    for (const [chain, lag] of lags.entries())
      this.#table.tip(nodeId, { chain, hash: `${chain}/${lag ?? 'unknown'}` });
    Object.assign(model.plain, { freeMb: step.freeMb, chainweb: step.chainweb, beatAt: at, lags });
    Object.assign(model, { heardAt: at, peers: step.peers });
  }
}
