import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Codec, decode, decodeExact, encode } from '../codec/codec.ts';
import { lengthWidth, type Shape } from '../codec/shape.ts';
import { ProtocolError } from '../errors.ts';
import { arbitrary } from '../fixtures/arbitrary.ts';
import { seededRandom } from '../fixtures/random.ts';
import { sample } from '../fixtures/sample.ts';
import { FRAME_OVERHEAD } from '../frame.ts';
import { LIMITS } from '../limits.ts';
import {
  AGENT_FRAMES,
  decodeAgentMessage,
  decodeHubMessage,
  encodeAgentMessage,
  encodeHubMessage,
  HUB_FRAMES,
} from './catalog.ts';
import { FRAME } from './types.ts';

interface Entry {
  readonly name: string;
  readonly type: number;
  readonly codec: Codec<unknown>;
  readonly decodeMessage: (type: number, payload: Uint8Array) => { name: string; value: unknown };
}

function entries(catalog: Record<string, Codec<unknown>>, decodeMessage: Entry['decodeMessage']): Entry[] {
  return Object.entries(catalog).map(([name, codec]) => ({
    name,
    codec,
    type: FRAME[name as keyof typeof FRAME],
    decodeMessage,
  }));
}

const agentEntries = entries(AGENT_FRAMES as Record<string, Codec<unknown>>, decodeAgentMessage);
const hubEntries = entries(HUB_FRAMES as Record<string, Codec<unknown>>, decodeHubMessage);
const all = [...agentEntries, ...hubEntries];
const malformed = expect.objectContaining({ code: 'malformed' });

describe.each(all)('the message $name', ({ name, type, codec, decodeMessage }) => {
  it('comes back as it was sent', () => {
    fc.assert(
      fc.property(arbitrary(codec), (value) => {
        expect(decodeMessage(type, encode(codec, value))).toEqual({ name, value });
      }),
      { numRuns: 40 },
    );
  });

  it('has one encoding, ends where its last field ends, and is refused when cut', () => {
    const random = seededRandom(`catalog ${name}`);
    for (let round = 0; round < 20; round += 1) {
      const { value, older } = newest(codec, sample(codec, random));
      const payload = encode(codec, value);
      const longer = Uint8Array.from([...payload, 0, 1]);
      expect(encode(codec, decode(codec, longer))).toEqual(payload);
      expect(() => decodeExact(codec, longer)).toThrow(malformed);
      for (let cut = 0; cut < payload.length; cut += 1 + Math.floor(payload.length / 50))
        if (cut === older) expect(decodeMessage(type, payload.subarray(0, cut)).name).toBe(name);
        else expect(() => decodeMessage(type, payload.subarray(0, cut))).toThrow(malformed);
    }
  });

  it('is read canonically or refused after any one byte changed', () => {
    expect(canonicalOrMalformed(codec, new Uint8Array(0))).toBe(true);
    const random = seededRandom(`flip ${name}`);
    const payload = encode(codec, sample(codec, random));
    for (let at = 0; at < payload.length; at += 1 + Math.floor(payload.length / 100)) {
      const changed = payload.slice();
      changed[at]! ^= 1 << (at % 8);
      expect(canonicalOrMalformed(codec, changed)).toBe(true);
    }
  });
});

/** With what the newest version appended; and where the message of an older one ends, if it did. */
function newest(codec: Codec<unknown>, value: unknown): { value: unknown; older?: number } {
  const fields = codec.shape.kind === 'record' ? Object.entries(codec.shape.fields) : [];
  const [last, shape] = fields.at(-1) ?? [];
  if (last === undefined || shape?.kind !== 'appended') return { value };
  const said = value as Record<string, unknown>;
  const older = encode(codec, { ...said, [last]: undefined }).length;
  return { value: { ...said, [last]: said[last] ?? [] }, older };
}

/** Bytes of the largest value of a shape. */
function largest(shape: Shape): number {
  const widths = { u8: 1, u16: 2, u32: 4, u64: 8, f64: 8, bool: 1, word64: 8, choice: 1 };
  switch (shape.kind) {
    case 'fixed':
      return shape.length;
    case 'bytes':
    case 'text':
      return (lengthWidth(shape.max) === 'u8' ? 1 : 2) + shape.max;
    case 'list':
      return (lengthWidth(shape.max) === 'u8' ? 1 : 2) + shape.max * largest(shape.item);
    case 'optional':
      return 1 + largest(shape.inner);
    case 'appended':
      return largest(shape.inner);
    case 'record':
      return Object.values(shape.fields).reduce((sum, field) => sum + largest(field), 0);
    default:
      return widths[shape.kind];
  }
}

function canonicalOrMalformed(codec: Codec<unknown>, payload: Uint8Array): boolean {
  let value: unknown;
  try {
    value = decode(codec, payload);
  } catch (error) {
    return error instanceof ProtocolError && error.code === 'malformed';
  }
  const written = encode(codec, value);
  return Buffer.from(written).equals(payload.subarray(0, written.length));
}

describe('frame types', () => {
  it('are given once, agent to hub below 64, hub to agent from there', () => {
    const types = Object.values(FRAME);
    expect(new Set(types).size).toBe(types.length);
    expect(agentEntries.every(({ type }) => type >= 1 && type <= 63)).toBe(true);
    expect(hubEntries.every(({ type }) => type >= 64 && type <= 127)).toBe(true);
  });

  it('that the other side sends are refused', () => {
    const unknown = expect.objectContaining({ code: 'unknown_type' });
    const foreign = (own: Entry[]) =>
      Array.from({ length: 256 }, (_, type) => type).filter(
        (type) => !own.some((entry) => entry.type === type),
      );
    for (const type of foreign(agentEntries))
      expect(() => decodeAgentMessage(type, new Uint8Array(0))).toThrow(unknown);
    for (const type of foreign(hubEntries))
      expect(() => decodeHubMessage(type, new Uint8Array(0))).toThrow(unknown);
  });

  it('all fit a frame, also with every field at its bound', () => {
    for (const { codec } of all)
      expect(largest(codec.shape) + FRAME_OVERHEAD).toBeLessThanOrEqual(LIMITS.frameBytes);
  });
});

describe('the heartbeat', () => {
  const gauges = {
    cpuPermille: 500,
    loadCenti: 120,
    memUsedMb: 8_000,
    memTotalMb: 16_000,
    diskFreeMb: 100_000,
    diskTotalMb: 500_000,
    rxKbps: 800,
    txKbps: 900,
    peers: 40,
    rttMs: 35,
  };
  const beat = {
    sentAt: 1.7e12,
    uptimeS: 9,
    gauges,
    chainweb: 'up' as const,
    natIdleS: 300,
    droppedSamples: 0,
  };

  it('takes at most 100 bytes without tips, and 542 or fewer with ten', () => {
    const tips = Array.from({ length: 10 }, (_, chain) => ({ chain, height: 5e6, hash: new Uint8Array(32) }));
    expect(encodeAgentMessage('heartbeat', { ...beat, tips: [] }).payload.length).toBeLessThanOrEqual(100);
    expect(encodeAgentMessage('heartbeat', { ...beat, tips }).payload.length).toBeLessThanOrEqual(542);
  });

  it('refuses a 21st tip on both sides', () => {
    const tips = Array.from({ length: 21 }, () => ({ chain: 0, height: 1, hash: new Uint8Array(32) }));
    expect(() => encodeAgentMessage('heartbeat', { ...beat, tips })).toThrow(RangeError);
    const payload = encodeAgentMessage('heartbeat', { ...beat, tips: tips.slice(1) }).payload;
    payload[payload.length - 20 * 37 - 1] = 21;
    expect(() => decodeAgentMessage(FRAME.heartbeat, payload)).toThrow(malformed);
  });
});

describe('a message of the hub', () => {
  it('is told by its name', () => {
    const { type, payload } = encodeHubMessage('goAway', { delayMs: 5, alternates: ['https://b.example'] });
    expect(decodeHubMessage(type, payload)).toEqual({
      name: 'goAway',
      value: { delayMs: 5, alternates: ['https://b.example'] },
    });
  });
});
