import type { EncodedMessage } from '@stoa/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FifoLane, joinLanes, NewestLane } from '#outbox/lanes.ts';
import { HIGH_MARK_BYTES, LANES, type LaneName, Outbox } from '#outbox/outbox.ts';

const LOG_BOUND = 5;

/** A message that says in its bytes which lane it came from and as which. */
function message(lane: LaneName, n: number, bytes = 3): EncodedMessage {
  const payload = new Uint8Array(bytes);
  payload.set([LANES.indexOf(lane), n >> 8, n & 255]);
  return { type: 1, payload };
}

function read({ payload }: EncodedMessage): { lane: LaneName; n: number } {
  return { lane: LANES[payload[0]!]!, n: payload[1]! * 256 + payload[2]! };
}

class Link {
  buffered = 0;
  readonly sent: { lane: LaneName; n: number }[] = [];
  send(sent: EncodedMessage): number {
    this.buffered += sent.payload.length;
    return this.sent.push(read(sent)) - 1;
  }
}

function outbox() {
  const fifos = {
    control: new FifoLane(64),
    results: new FifoLane(1_000),
    logs: new FifoLane(LOG_BOUND),
    metrics: new FifoLane(64),
  };
  const heartbeat = new NewestLane();
  const tips = new NewestLane();
  return { fifos, heartbeat, tips, box: new Outbox({ ...fifos, heartbeat, tips }) };
}

describe('the outbox', () => {
  test('sends the newest state, never a backlog', () => {
    const { heartbeat, box } = outbox();
    const link = new Link();
    for (let n = 0; n < 100; n += 1) heartbeat.want('gauges', () => ({ message: message('heartbeat', n) }));
    box.attach(link);
    expect(link.sent).toEqual([{ lane: 'heartbeat', n: 99 }]);
  });

  test('tells the sequence number that a frame got', () => {
    const { fifos, box } = outbox();
    const seqs: number[] = [];
    for (let n = 0; n < 3; n += 1) fifos.results.offer(message('results', n), (seq) => seqs.push(seq));
    box.attach(new Link());
    expect(seqs).toEqual([0, 1, 2]);
  });

  test('holds back what it is told to, and nothing else', () => {
    const { fifos, box } = outbox();
    const link = new Link();
    box.attach(link);
    box.hold(['results', 'metrics']);
    fifos.results.offer(message('results', 1));
    fifos.logs.offer(message('logs', 1));
    box.pump();
    expect(link.sent).toEqual([{ lane: 'logs', n: 1 }]);
    box.hold([]);
    expect(link.sent.at(-1)).toEqual({ lane: 'results', n: 1 });
  });

  test('joined lanes go in order', () => {
    const [first, second] = [new FifoLane(4), new FifoLane(4)];
    second.offer(message('tips', 2));
    first.offer(message('tips', 1));
    const joined = joinLanes(first, second);
    expect([joined.take(), joined.take(), joined.take()].map((next) => next && read(next.message).n)).toEqual(
      [1, 2, undefined],
    );
  });
});

type Step =
  | { do: 'offer'; lane: LaneName; bytes: number }
  | { do: 'drain'; bytes: number }
  | { do: 'detach' }
  | { do: 'attach' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('offer' as const),
      lane: fc.constantFrom(...LANES),
      bytes: fc.integer({ min: 3, max: 60_000 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drain' as const), bytes: fc.nat(200_000) }) },
  fc.constant<Step>({ do: 'detach' }),
  fc.constant<Step>({ do: 'attach' }),
);

/** The outbox and, beside it, what must wait in each lane. */
class Model {
  readonly link = new Link();
  readonly made = outbox();
  readonly waiting: Record<LaneName, number[]> = {
    control: [],
    heartbeat: [],
    tips: [],
    results: [],
    logs: [],
    metrics: [],
  };
  attached = false;
  refused = 0;
  #count = 0;
  #checked = 0;

  run(taken: Step): void {
    const { box } = this.made;
    if (taken.do === 'offer') this.#offer(taken.lane, taken.bytes);
    if (taken.do === 'drain') this.link.buffered = Math.max(0, this.link.buffered - taken.bytes);
    this.attached = taken.do === 'attach' || (this.attached && taken.do !== 'detach');
    if (taken.do === 'detach') box.detach();
    else if (taken.do === 'attach') box.attach(this.link);
    else box.pump();
  }

  /** What was sent since the last check was the most urgent, and the oldest of its lane. */
  check(): void {
    for (const { lane, n } of this.link.sent.slice(this.#checked)) {
      const moreUrgent = LANES.slice(0, LANES.indexOf(lane));
      expect(moreUrgent.flatMap((other) => this.waiting[other])).toEqual([]);
      expect(this.waiting[lane].shift()).toBe(n);
    }
    this.#checked = this.link.sent.length;
    if (this.attached && this.link.buffered < HIGH_MARK_BYTES)
      expect(Object.values(this.waiting).flat()).toEqual([]);
    expect(this.link.buffered).toBeLessThan(HIGH_MARK_BYTES + 60_000);
    expect(this.made.fifos.logs.length).toBeLessThanOrEqual(LOG_BOUND);
    expect(this.made.fifos.logs.refused).toBe(this.refused);
  }

  #offer(lane: LaneName, bytes: number): void {
    this.#count += 1;
    const n = this.#count;
    const made = message(lane, n, bytes);
    if (lane === 'heartbeat' || lane === 'tips') {
      this.made[lane].want('state', () => ({ message: made }));
      this.waiting[lane] = [n];
    } else if (this.made.fifos[lane].offer(made)) this.waiting[lane].push(n);
    else this.refused += 1;
  }
}

test('over any run of offers, full links and lost sessions: urgency, order and bounds hold', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const model = new Model();
      for (const taken of steps) {
        model.run(taken);
        model.check();
      }
    }),
    { numRuns: 300 },
  );
});
