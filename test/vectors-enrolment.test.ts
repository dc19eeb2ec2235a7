/** The committed vectors of joining: token, request and reply. */
import { readFileSync } from 'node:fs';
import {
  decodeExact,
  encode,
  enrolReply,
  enrolRequest,
  formatJoinToken,
  parseJoinToken,
  verifyEnrolRequest,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { portableCrypto } from '@stoa/protocol/portable';
import { describe, expect, it } from 'vitest';
import { fromHexText as hex, toJson } from './kit/vector-json.ts';

interface Vectors {
  readonly value: unknown;
  readonly text: string;
  readonly refused: { why: string; text: string }[];
  readonly enrolment: { transcript: string; value: unknown; encoded: string };
  readonly replies: { value: unknown; encoded: string }[];
}

const both = [
  { name: 'node:crypto', crypto: nodeCrypto },
  { name: 'tweetnacl', crypto: portableCrypto },
];
const file = new URL('./vectors/join-token.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;

describe('a join token', () => {
  it('is read and written', () => {
    const token = parseJoinToken(vectors.text);
    expect(toJson(token)).toEqual(vectors.value);
    expect(formatJoinToken(token)).toBe(vectors.text);
  });

  it.each(vectors.refused)('$why is refused', ({ text }) => {
    expect(() => parseJoinToken(text)).toThrow(expect.objectContaining({ code: 'bad_join_token' }));
  });

  it.each(both)('leads to an enrolment that proves its key ($name)', ({ crypto }) => {
    const { transcript, value, encoded } = vectors.enrolment;
    const request = decodeExact(enrolRequest, hex(encoded));
    expect(toJson(request)).toEqual(value);
    expect(() => verifyEnrolRequest(request, hex(transcript), crypto)).not.toThrow();
    expect(() => verifyEnrolRequest(request, crypto.hash(hex(transcript)), crypto)).toThrow(
      expect.objectContaining({ code: 'bad_signature' }),
    );
  });
});

describe('the reply to an enrolment', () => {
  it.each(vectors.replies)('$encoded', ({ value, encoded }) => {
    const reply = decodeExact(enrolReply, hex(encoded));
    expect(toJson(reply)).toEqual(value);
    expect(toJson(encode(enrolReply, reply))).toBe(encoded);
  });
});
