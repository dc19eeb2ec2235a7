import {
  AGENT_FRAMES,
  type Codec,
  decodeAgentMessage,
  decodeHubMessage,
  encode,
  enrolReply,
  enrolRequest,
  FRAME,
  HUB_FRAMES,
  readPlain,
  type Shape,
  writePlain,
} from '@stoa/protocol';
import { sample, seededRandom } from '@stoa/protocol/fixtures';
import { mutate, perhaps } from './mutation.ts';
import { attempt, demand, demandCanonical, demandReadable, type Outcome, type Target } from './oracle.ts';
import type { Prng } from './prng.ts';

interface Entry {
  readonly name: string;
  readonly type: number;
  readonly codec: Codec<unknown>;
  readonly corpus: readonly Uint8Array[];
}

function corpusOf(name: string, codec: Codec<unknown>): Uint8Array[] {
  const random = seededRandom(`corpus ${name}`);
  return Array.from({ length: 12 }, () => encode(codec, sample(codec, random)));
}

function entries(catalog: Record<string, Codec<unknown>>): Entry[] {
  return Object.entries(catalog).map(([name, codec]) => ({
    name,
    codec,
    type: FRAME[name as keyof typeof FRAME],
    corpus: corpusOf(name, codec),
  }));
}

function messages(
  name: string,
  catalog: Record<string, Codec<unknown>>,
  decodeMessage: (type: number, payload: Uint8Array) => { name: string; value: unknown },
): Target {
  const all = entries(catalog);
  return {
    name,
    share: 300,
    run(prng, trace): Outcome {
      const entry = prng.of(all);
      const type = prng.chance(20) ? prng.below(256) : entry.type;
      const payload = perhaps(prng.of(entry.corpus), prng, { other: prng.of(entry.corpus), honest: 10 });
      trace(`payload of frame type ${type}`, payload);
      return attempt(() => {
        const message = decodeMessage(type, payload);
        const read = all.find((one) => one.name === message.name);
        demand(read?.type === type, 'a frame type was read as another message');
        demandCanonical(read!.codec, message.value, payload);
      });
    },
  };
}

/** Without a session: Challenge, Hello, enrolment. */
const plainCorpus = [
  ...corpusOf('enrolRequest', enrolRequest as Codec<unknown>),
  ...corpusOf('enrolReply', enrolReply as Codec<unknown>),
];

const plain: Target = {
  name: 'plain messages',
  share: 100,
  run(prng, trace) {
    const body = prng.of(plainCorpus);
    const input = perhaps(writePlain(prng.below(256), body), prng, {
      other: prng.of(plainCorpus),
      honest: 10,
    });
    trace('plain message', input);
    return attempt(() => {
      const { type, payload } = readPlain(input);
      demand(
        Buffer.from(writePlain(type, payload)).equals(input),
        'a plain message is not what was read of it',
      );
    });
  },
};

const enrolment: Target = {
  name: 'enrolment',
  share: 50,
  run(prng, trace) {
    const [codec, name] = prng.of([
      [enrolRequest as Codec<unknown>, 'enrolRequest'],
      [enrolReply as Codec<unknown>, 'enrolReply'],
    ] as const);
    const input = mutate(prng.of(plainCorpus), prng, prng.of(plainCorpus));
    trace(name, input);
    return demandReadable(codec, input);
  },
};

/** Values that no encoder may take, or must take as they are. */
const ODD: readonly unknown[] = [
  -1,
  0.5,
  2 ** 53,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2n ** 64n,
  -1n,
  '',
  'x'.repeat(70_000),
  '\ud800',
  null,
  undefined,
  {},
  [],
  new Uint8Array(0),
  new Uint8Array(70_000),
];

/** The value with one part of it replaced, however deep. */
function disturb(value: unknown, shape: Shape, prng: Prng): unknown {
  if (shape.kind === 'record' && !prng.chance(10)) {
    const name = prng.of(Object.keys(shape.fields).length > 0 ? Object.keys(shape.fields) : ['none']);
    const fields = value as Record<string, unknown>;
    const inner = shape.fields[name];
    return inner === undefined ? value : { ...fields, [name]: disturb(fields[name], inner, prng) };
  }
  if (shape.kind === 'list' && Array.isArray(value) && value.length > 0 && !prng.chance(4)) {
    const at = prng.below(value.length);
    return value.map((item: unknown, i) => (i === at ? disturb(item, shape.item, prng) : item));
  }
  return prng.of(ODD);
}

const everything = [
  ...entries(AGENT_FRAMES as Record<string, Codec<unknown>>),
  ...entries(HUB_FRAMES as Record<string, Codec<unknown>>),
];

const encoding: Target = {
  name: 'encoder',
  share: 60,
  run(prng, trace) {
    const { codec, name } = prng.of(everything);
    const value = disturb(sample(codec, prng.bytes), codec.shape, prng);
    let encoded: Uint8Array;
    try {
      encoded = encode(codec, value);
    } catch (error) {
      if (error instanceof RangeError) return 'refused';
      throw error;
    }
    trace(name, encoded);
    demand(demandReadable(codec, encoded) === 'accepted', 'the decoder refuses what the encoder wrote');
    return 'accepted';
  },
};

export const messageTargets: readonly Target[] = [
  messages('agent messages', AGENT_FRAMES as Record<string, Codec<unknown>>, decodeAgentMessage),
  messages('hub messages', HUB_FRAMES as Record<string, Codec<unknown>>, decodeHubMessage),
  plain,
  enrolment,
  encoding,
];
