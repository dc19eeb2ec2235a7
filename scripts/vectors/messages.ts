import { AGENT_FRAMES, type Codec, describeShape, encode, FRAME, HUB_FRAMES } from '@stoa/protocol';
import { sample, seededRandom } from '@stoa/protocol/fixtures';
import { type Json, toJson } from '../../test/kit/vector-json.ts';

const SAMPLES = 3;

export function messageVectors(): Json {
  const list = (catalog: Record<string, Codec<unknown>>) =>
    Object.entries(catalog).map(([name, codec]) => describeMessage(name, codec));
  return {
    about:
      'Each message by its layout on the wire (big-endian, positional, no padding) and in examples. Bytes in hex, 64-bit words as 0x…, an absent optional as null. A field appended(…) is the last: an older peer writes nothing there, null here.',
    fromAgent: list(AGENT_FRAMES as Record<string, Codec<unknown>>),
    fromHub: list(HUB_FRAMES as Record<string, Codec<unknown>>),
  };
}

function describeMessage(name: string, codec: Codec<unknown>): Json {
  const random = seededRandom(`vectors: ${name}`);
  const samples = Array.from({ length: SAMPLES }, () => sample(codec, random))
    .map((value) => ({ value, payload: encode(codec, value) }))
    // Long examples teach nothing that short ones do not.
    .filter(({ payload }) => payload.length <= 4_096);
  return toJson({
    name,
    type: FRAME[name as keyof typeof FRAME],
    layout: describeShape(codec.shape),
    samples,
  }) as Json;
}
