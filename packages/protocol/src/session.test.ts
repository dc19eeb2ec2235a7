import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { nodeCrypto } from './crypto/node.ts';
import { seededRandom } from './fixtures/random.ts';
import { FRAME_OVERHEAD, HEADER_BYTES, readHeader, TAG_BYTES, writeHeader } from './frame.ts';
import { LIMITS } from './limits.ts';
import { deriveSecrets, deriveSession, Session } from './session.ts';

const random = seededRandom('session');
const secret = {
  shared: random(32),
  transcript: random(32),
  transport: 'websocket' as const,
  version: 1,
};
const payload = Uint8Array.of(1, 2, 3);

function pair(changes: Partial<typeof secret> = {}): { agent: Session; hub: Session } {
  const derive = (role: 'agent' | 'hub', from: Parameters<typeof deriveSession>[1]) =>
    deriveSession({ crypto: nodeCrypto, role }, from);
  return { agent: derive('agent', secret), hub: derive('hub', { ...secret, ...changes }) };
}

function code(expected: string): unknown {
  return expect.objectContaining({ name: 'ProtocolError', code: expected });
}

/** A frame with any header under a valid tag: what a peer that has the keys but not the manners may send. */
function forge(key: Uint8Array, header: Parameters<typeof writeHeader>[1]): Uint8Array {
  const frame = new Uint8Array(FRAME_OVERHEAD);
  writeHeader(frame, header);
  frame.set(nodeCrypto.mac(key)(frame, HEADER_BYTES), HEADER_BYTES);
  return frame;
}

describe('a session', () => {
  let agent: Session;
  let hub: Session;
  beforeEach(() => {
    ({ agent, hub } = pair());
  });

  it('carries frames both ways, numbered from 0, and tells what was received', () => {
    expect(hub.open(agent.seal(2, payload))).toEqual({ type: 2, seq: 0, ack: -1, payload });
    expect(agent.open(hub.seal(66, new Uint8Array(0)))).toEqual({
      type: 66,
      seq: 0,
      ack: 0,
      payload: new Uint8Array(0),
    });
    expect(hub.open(agent.seal(3, payload))).toMatchObject({ seq: 1, ack: 0 });
    expect([hub.received, hub.acknowledged, hub.sent]).toEqual([1, 0, 0]);
  });

  it('refuses a replayed frame', () => {
    const frame = agent.seal(2, payload);
    hub.open(frame);
    expect(() => hub.open(frame)).toThrow(code('bad_sequence'));
  });

  it('refuses a frame after a gap', () => {
    agent.seal(2, payload);
    const second = agent.seal(2, payload);
    expect(() => hub.open(second)).toThrow(code('bad_sequence'));
  });

  it('refuses frames in another order', () => {
    const frames = [0, 1, 2].map(() => agent.seal(2, payload));
    hub.open(frames[0]!);
    expect(() => hub.open(frames[2]!)).toThrow(code('bad_sequence'));
  });

  it('refuses everything after the first bad frame, valid frames too', () => {
    const [first, second] = [agent.seal(2, payload), agent.seal(2, payload)];
    hub.open(first);
    expect(() => hub.open(first)).toThrow(code('bad_sequence'));
    expect(() => hub.open(second)).toThrow(code('bad_sequence'));
    expect(hub.received).toBe(0);
  });

  it('refuses its own frame sent back: each direction has a key of its own', () => {
    const frame = agent.seal(2, payload);
    expect(() => agent.open(frame)).toThrow(code('bad_tag'));
  });

  it('refuses a frame with any one bit flipped', () => {
    const frame = pair().agent.seal(2, payload);
    for (let bit = 0; bit < frame.length * 8; bit += 1) {
      const flipped = frame.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => pair().hub.open(flipped)).toThrow(code('bad_tag'));
    }
  });

  it('refuses a frame cut or lengthened anywhere', () => {
    const frame = pair().agent.seal(2, payload);
    for (let length = 0; length < FRAME_OVERHEAD; length += 1)
      expect(() => pair().hub.open(frame.subarray(0, length))).toThrow(code('malformed'));
    for (let length = FRAME_OVERHEAD; length < frame.length; length += 1)
      expect(() => pair().hub.open(frame.subarray(0, length))).toThrow(code('bad_tag'));
    expect(() => pair().hub.open(Uint8Array.from([...frame, 0]))).toThrow(code('bad_tag'));
  });

  it('refuses and makes no frame past 64 KiB', () => {
    const most = LIMITS.frameBytes - FRAME_OVERHEAD;
    expect(() => agent.seal(2, new Uint8Array(most + 1))).toThrow(RangeError);
    expect(agent.sent).toBe(-1);
    expect(hub.open(agent.seal(2, new Uint8Array(most))).payload.length).toBe(most);
    expect(() => hub.open(new Uint8Array(LIMITS.frameBytes + 1))).toThrow(code('too_large'));
  });
});

describe('a peer that holds the keys', () => {
  const keys = nodeCrypto.hkdf(
    secret.shared,
    secret.transcript,
    new TextEncoder().encode('stoa/v1/session|websocket'),
    96,
  );
  const agentKey = keys.slice(0, 32);

  it.each([
    ['acknowledges what was never sent', { seq: 0, ack: 1 }, 'bad_ack'],
    ['acknowledges far beyond', { seq: 0, ack: 2 ** 53 - 2 }, 'bad_ack'],
    ['starts at another number', { seq: 1, ack: -1 }, 'bad_sequence'],
    ['starts at the end of numbers', { seq: 2 ** 53 - 1, ack: -1 }, 'bad_sequence'],
    ['speaks another version', { seq: 0, ack: -1, version: 2 }, 'unsupported_version'],
    ['counts past 2^53', { seq: 2 ** 53, ack: -1 }, 'malformed'],
    ['acknowledges past 2^53', { seq: 0, ack: 2 ** 53 }, 'malformed'],
  ])('is refused when it %s', (_, header, expected) => {
    const { hub } = pair();
    hub.seal(65, payload);
    expect(() => hub.open(forge(agentKey, { version: 1, type: 2, ...header }))).toThrow(code(expected));
  });

  it('is refused when its acknowledgements go backwards', () => {
    const { hub } = pair();
    hub.seal(65, payload);
    hub.seal(66, payload);
    hub.open(forge(agentKey, { version: 1, type: 2, seq: 0, ack: 1 }));
    expect(() => hub.open(forge(agentKey, { version: 1, type: 2, seq: 1, ack: 0 }))).toThrow(code('bad_ack'));
  });
});

describe('the keys of a session', () => {
  it.each([
    ['shared secret', { shared: new Uint8Array(32) }],
    ['transcript', { transcript: new Uint8Array(32) }],
    ['transport', { transport: 'long-poll' as 'websocket' }],
  ])('depend on the %s', (_, change) => {
    const { agent, hub } = pair(change);
    expect(() => hub.open(agent.seal(2, payload))).toThrow(code('bad_tag'));
  });

  it('differ for each direction and from the mask of the ratchet', () => {
    const { mask } = deriveSecrets({ crypto: nodeCrypto, role: 'hub' }, secret);
    const info = new TextEncoder().encode('stoa/v1/session|websocket');
    const keys = nodeCrypto.hkdf(secret.shared, secret.transcript, info, 96);
    const texts = [keys.slice(0, 32), keys.slice(32, 64), mask].map((key) =>
      Buffer.from(key).toString('hex'),
    );
    expect(new Set(texts).size).toBe(3);
    expect(mask).toEqual(keys.slice(64));
  });
});

/** Frames of one side, delivered by a middle that drops, repeats, swaps and alters: a prefix arrives, and no more. */
describe('a session under an active middle', () => {
  type Act = { kind: 'pass' | 'drop' | 'repeat' | 'alter'; at: number };
  const act: fc.Arbitrary<Act> = fc.record({
    kind: fc.constantFrom('pass', 'pass', 'pass', 'drop', 'repeat', 'alter'),
    at: fc.nat(),
  });

  it('delivers an unbroken prefix of what was sent', () => {
    fc.assert(
      fc.property(fc.array(act, { minLength: 1, maxLength: 30 }), (acts) => {
        const { agent, hub } = pair();
        const arrived: number[] = [];
        const delivered = acts.flatMap(({ kind, at }, i) =>
          disturb(agent.seal(2, Uint8Array.of(i)), kind, at),
        );
        for (const frame of delivered) {
          try {
            arrived.push(hub.open(frame).payload[0]!);
          } catch (error) {
            expect(error).toEqual(expect.objectContaining({ name: 'ProtocolError' }));
          }
        }
        const honest = acts.findIndex(({ kind }) => kind === 'drop' || kind === 'alter');
        const whole = acts.findIndex(({ kind }) => kind !== 'pass');
        expect(arrived).toEqual(arrived.map((_, i) => i));
        const before = honest < 0 ? acts.length : honest;
        expect(arrived.length).toBe(whole < 0 || whole >= before ? before : whole + 1);
      }),
    );
  });

  function disturb(frame: Uint8Array, kind: Act['kind'], at: number): Uint8Array[] {
    if (kind === 'drop') return [];
    if (kind === 'repeat') return [frame, frame];
    if (kind === 'pass') return [frame];
    const altered = frame.slice();
    altered[at % frame.length]! ^= 1 + (at % 255);
    return [altered];
  }
});

describe('a frame header', () => {
  it('comes back as it was written', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.nat(255), fc.maxSafeNat(), fc.maxSafeNat(), (version, type, seq, ack) => {
        const frame = new Uint8Array(FRAME_OVERHEAD);
        const header = { version, type, seq, ack: ack - 1 };
        writeHeader(frame, header);
        expect(readHeader(frame)).toEqual(header);
      }),
    );
  });

  it('is 18 bytes before the payload and 16 of tag behind it', () => {
    const { agent } = pair();
    const frame = agent.seal(2, payload);
    expect(frame.length).toBe(HEADER_BYTES + payload.length + TAG_BYTES);
    expect([...frame.subarray(0, HEADER_BYTES)]).toEqual([1, 2, ...new Array<number>(16).fill(0)]);
    expect(frame.subarray(HEADER_BYTES, HEADER_BYTES + 3)).toEqual(payload);
  });
});

describe('Session', () => {
  it('takes keys of 32 bytes only', () => {
    const keys = { send: new Uint8Array(16), receive: new Uint8Array(32), version: 1 };
    expect(() => new Session(keys, nodeCrypto)).toThrow(RangeError);
  });
});
