import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SignerError } from '#error.ts';
import { TestRegion } from '#region.fixture.ts';
import { dispatch } from '#wire/dispatch.ts';
import {
  decodeAnswer,
  decodeError,
  encodeError,
  encodeRequest,
  frame,
  MAX_MESSAGE_BYTES,
  readFrames,
} from '#wire/message.ts';
import { METHODS } from '#wire/methods.ts';

async function* cut(stream: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    yield stream.subarray(at, at + size);
    at += size;
  }
  yield stream.subarray(at);
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const messages: Uint8Array[] = [];
  for await (const message of readFrames(chunks)) messages.push(Uint8Array.from(message));
  return messages;
}

describe('the stream of messages', () => {
  test('is the same however it is cut into chunks', async () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
    const sizes = fc.array(fc.nat(200), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(messages, sizes, async (sent, chunks) => {
        const stream = Buffer.concat(sent.map(frame));
        const received = await collect(cut(stream, chunks));
        expect(received).toEqual(sent);
      }),
    );
  });

  test('a message past its bound ends it before it is read', async () => {
    const announced = new Uint8Array(4);
    new DataView(announced.buffer).setUint32(0, MAX_MESSAGE_BYTES + 1);
    await expect(collect(cut(announced, []))).rejects.toMatchObject({
      code: 'bad_request',
    });
  });
});

test('an error crosses with its code, its retry and its wait', () => {
  const error = new SignerError('quota_exceeded', 'too many', { retryAfterMs: 61_000 });
  const { code, message, retry, retryAfterMs } = decodeError(encodeError(error));
  expect({ code, message, retry, retryAfterMs }).toEqual({
    code: 'quota_exceeded',
    message: 'too many',
    retry: true,
    retryAfterMs: 61_000,
  });
});

test('an error of a newer signer is a fault that may pass, its words kept', () => {
  const newer = Object.assign(new SignerError('bad_request', 'the mint is closed'), { code: 'mint_closed' });
  expect(decodeError(encodeError(newer))).toMatchObject({
    code: 'signer_fault',
    message: 'the mint is closed',
    retry: true,
  });
});

describe('a request', () => {
  const methods = fc.oneof(fc.constantFrom(...Object.keys(METHODS)), fc.string({ maxLength: 8 }));

  test('of any content is answered, with an error where it means nothing, and changes nothing then', async () => {
    const service = await new TestRegion().open();
    const { journal } = await service.call('status', {});
    await fc.assert(
      fc.asyncProperty(methods, fc.uint8Array({ maxLength: 400 }), async (method, payload) => {
        fc.pre(!(method === 'enrol' && payload.length === 52));
        const request = encodeRequest({ id: 7, method, payload });
        const answer = decodeAnswer(await dispatch(service, request, () => undefined));
        expect(answer.id).toBe(7);
        if (!answer.ok) expect(decodeError(answer.payload).code).not.toBe('signer_fault');
      }),
      { numRuns: 500 },
    );
    const after = (await service.call('status', {})).journal;
    // The one request without content that acts: the region's time.
    expect(after.entries - journal.entries).toBeLessThanOrEqual(1);
  });

  test('that is no message at all is refused', async () => {
    const service = await new TestRegion().open();
    const noise = dispatch(service, new Uint8Array([1, 2, 3]), () => undefined);
    await expect(noise).rejects.toMatchObject({ code: 'malformed' });
  });

  test('that is refused is told to the listener', async () => {
    const service = await new TestRegion().open();
    const heard: unknown[] = [];
    const request = encodeRequest({ id: 0, method: 'mint', payload: new Uint8Array() });
    await dispatch(service, request, (method, error) => heard.push(method, error));
    expect(heard).toEqual(['mint', expect.objectContaining({ code: 'bad_request' })]);
  });
});
