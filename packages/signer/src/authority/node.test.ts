import {
  CONTEXT,
  fromHex,
  type NodeCredential,
  nodeCertKind,
  peek,
  rotationKind,
  type SigningKey,
  seal,
  signIn,
  verifyNodeCredential,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { beforeEach, describe, expect, test } from 'vitest';
import { inProcessSigner } from '#client/in-process.ts';
import type { SignerClient } from '#client/signer-client.ts';
import { START, seededRandom, signingKey, TestRegion } from '#region.fixture.ts';

const HOUR_MS = 3_600_000;
const token = (n: number): Uint8Array => seededRandom(`token ${n}`)(16);

describe('enrolment', () => {
  let region: TestRegion;
  let signer: SignerClient;
  const enrol = (node: string, tokenId = token(1)) =>
    signer.enrol({ publicKey: signingKey(node).publicKey, tokenId });

  beforeEach(async () => {
    region = new TestRegion({ enrolmentsPerHour: 4, enrolmentsPerToken: 3 });
    signer = inProcessSigner(await region.open());
  });

  test('gives a credential that holds from the root alone; the node id is the hash of its first key', async () => {
    const key = signingKey('node');
    const credential = await signer.enrol({
      publicKey: key.publicKey,
      tokenId: token(1),
      ownerGeneration: 3,
    });
    const { rootFingerprint } = await signer.chain();
    const policy = { rootFingerprint, region: 'eu', timeFloor: START };
    expect(verifyNodeCredential(credential, policy, nodeCrypto)).toEqual({
      nodeId: nodeCrypto.hash(key.publicKey),
      publicKey: key.publicKey,
      keyGeneration: 0,
      ownerGeneration: 3,
      tokenId: token(1),
      region: 'eu',
      issuedAt: START,
    });
  });

  test('asked again gives the same bytes and takes nothing from the quotas, over a restart too', async () => {
    const first = await enrol('node');
    region.clock.at += HOUR_MS - 1;
    for (let n = 0; n < 5; n += 1) expect(await enrol('node')).toEqual(first);
    const reopened = inProcessSigner(await region.open());
    const again = await reopened.enrol({ publicKey: signingKey('node').publicKey, tokenId: token(1) });
    expect(again).toEqual(first);
    expect((await reopened.status()).enrolmentsLastHour).toBe(1);
  });

  test('is bounded by the hour, over a restart too, and free again later', async () => {
    for (let n = 0; n < 4; n += 1) await enrol(`node ${n}`, token(n));
    const refusal = { code: 'quota_exceeded', retry: true, retryAfterMs: HOUR_MS };
    await expect(enrol('one more', token(9))).rejects.toMatchObject(refusal);
    signer = inProcessSigner(await region.open());
    await expect(enrol('one more', token(9))).rejects.toMatchObject(refusal);
    expect((await signer.status()).alerts).toContain('the hourly quota of enrolments is used up');
    region.clock.at += HOUR_MS;
    expect(await enrol('one more', token(9))).toBeDefined();
  });

  test('cannot step round the hour with one node and many tokens', async () => {
    for (let n = 0; n < 4; n += 1) await enrol('node', token(n));
    await expect(enrol('node', token(5))).rejects.toMatchObject({ code: 'quota_exceeded' });
  });

  test('is bounded for each token, for ever', async () => {
    for (let n = 0; n < 3; n += 1) await enrol(`node ${n}`);
    const refusal = { code: 'token_exhausted', retry: false };
    await expect(enrol('node 3')).rejects.toMatchObject(refusal);
    region.clock.at += 6 * 24 * HOUR_MS;
    signer = inProcessSigner(await region.open());
    await expect(enrol('node 3')).rejects.toMatchObject(refusal);
  });

  test('refuses a key of small order', async () => {
    const weak = fromHex('0100000000000000000000000000000000000000000000000000000000000000');
    const attempt = signer.enrol({ publicKey: weak, tokenId: token(1) });
    await expect(attempt).rejects.toMatchObject({ code: 'bad_public_key', retry: false });
  });
});

describe('key rotation', () => {
  let region: TestRegion;
  let signer: SignerClient;
  let credential: NodeCredential;
  const first = signingKey('first');
  const second = signingKey('second');

  beforeEach(async () => {
    region = new TestRegion({ rotationsPerHour: 2 });
    signer = inProcessSigner(await region.open());
    credential = await signer.enrol({ publicKey: first.publicKey, tokenId: token(1) });
  });

  interface Change {
    from?: SigningKey;
    to?: SigningKey;
    prover?: SigningKey;
    keyGeneration?: number;
    nodeId?: Uint8Array;
  }
  function rotation({ from = first, to = second, prover = to, keyGeneration = 1, nodeId }: Change = {}) {
    const body = {
      nodeId: nodeId ?? nodeCrypto.hash(first.publicKey),
      newPublicKey: to.publicKey,
      keyGeneration,
      at: region.clock.at,
    };
    const sealed = seal(rotationKind, body, from);
    return { sealed, proof: signIn(CONTEXT.rotate, prover, sealed) };
  }

  test('certifies the next generation under the same node id', async () => {
    const rotated = await signer.rotate({ current: credential.node, ...rotation() });
    const { rootFingerprint } = await signer.chain();
    const policy = { rootFingerprint, region: 'eu', timeFloor: START };
    expect(verifyNodeCredential(rotated, policy, nodeCrypto)).toMatchObject({
      nodeId: nodeCrypto.hash(first.publicKey),
      publicKey: second.publicKey,
      keyGeneration: 1,
      tokenId: token(1),
    });
    const third = signingKey('third');
    const change = rotation({ from: second, to: third, keyGeneration: 2 });
    const next = await signer.rotate({ current: rotated.node, ...change });
    expect(peek(nodeCertKind, next.node).keyGeneration).toBe(2);
  });

  test('asked again gives the same bytes, over a restart too', async () => {
    const change = { current: credential.node, ...rotation() };
    const rotated = await signer.rotate(change);
    region.clock.at += HOUR_MS;
    expect(await signer.rotate(change)).toEqual(rotated);
    const reopened = inProcessSigner(await region.open());
    expect(await reopened.rotate(change)).toEqual(rotated);
  });

  test('one generation has one key: a second one is the mark of a clone', async () => {
    await signer.rotate({ current: credential.node, ...rotation() });
    const fork = { current: credential.node, ...rotation({ to: signingKey('thief') }) };
    await expect(signer.rotate(fork)).rejects.toMatchObject({ code: 'rotation_conflict', retry: false });
  });

  describe('after a rotation that came to nothing', () => {
    const third = signingKey('third');
    const fourth = signingKey('fourth');
    const again = (change: Change) => signer.rotate({ current: credential.node, ...rotation(change) });

    beforeEach(async () => {
      region = new TestRegion({ rotationsPerHour: 9 });
      signer = inProcessSigner(await region.open());
      credential = await signer.enrol({ publicKey: first.publicKey, tokenId: token(1) });
      await again({ to: second });
    });

    test('the key in force gets the next generation, as often as that happens, over restarts too', async () => {
      for (const [n, to] of [third, fourth].entries()) {
        const spent = again({ to, keyGeneration: n + 1 });
        await expect(spent).rejects.toThrow(/so ask for \d/);
        const rotated = await again({ to, keyGeneration: n + 2 });
        expect(peek(nodeCertKind, rotated.node)).toMatchObject({ keyGeneration: n + 2, tokenId: token(1) });
        expect(await again({ to, keyGeneration: n + 2 })).toEqual(rotated);
        signer = inProcessSigner(await region.open());
      }
      await expect(again({ to: signingKey('fifth'), keyGeneration: 5 })).rejects.toThrow(/4 is next/);
    });

    test('and the one that did come to something: the keys before it are worth nothing', async () => {
      const rotated = await again({ to: third, keyGeneration: 2 });
      const onward = rotation({ from: third, to: fourth, keyGeneration: 3 });
      await signer.rotate({ current: rotated.node, ...onward });
      await expect(again({ to: signingKey('thief'), keyGeneration: 4 })).rejects.toMatchObject({
        code: 'bad_rotation',
        message: expect.stringContaining('left behind'),
      });
    });

    test('nor does the cancelled key itself get another, once the one before it has rotated again', async () => {
      const cancelled = await again({ to: second });
      await again({ to: third, keyGeneration: 2 });
      const change = rotation({ from: second, to: fourth, keyGeneration: 3 });
      const attempt = signer.rotate({ current: cancelled.node, ...change });
      await expect(attempt).rejects.toThrow(/left behind/);
    });
  });

  test('a key that was left behind is not enrolled again', async () => {
    await signer.rotate({ current: credential.node, ...rotation() });
    region.clock.at += 2 * HOUR_MS;
    const revived = signer.enrol({ publicKey: first.publicKey, tokenId: token(2) });
    await expect(revived).rejects.toThrow(/gone on to a key of generation 1/);
  });

  test.for<[string, Change]>([
    ['signed by another key than the current one', { from: signingKey('thief') }],
    ['without the new key', { prover: signingKey('thief') }],
    ['for another node', { nodeId: nodeCrypto.hash(second.publicKey) }],
    ['that skips a generation', { keyGeneration: 2 }],
    ['that repeats a generation', { keyGeneration: 0 }],
    ['to the same key', { to: first }],
  ])('%s is refused', async ([, change]) => {
    const attempt = signer.rotate({ current: credential.node, ...rotation(change) });
    await expect(attempt).rejects.toMatchObject({ code: 'bad_rotation', retry: false });
  });

  test('a certificate of another enrol key is no basis', async () => {
    const forged = seal(nodeCertKind, peek(nodeCertKind, credential.node), signingKey('another region'));
    await expect(signer.rotate({ current: forged, ...rotation() })).rejects.toMatchObject({
      code: 'bad_rotation',
    });
  });

  test('is bounded by the hour', async () => {
    const third = signingKey('third');
    const rotated = await signer.rotate({ current: credential.node, ...rotation() });
    const change = rotation({ from: second, to: third, keyGeneration: 2 });
    const again = await signer.rotate({ current: rotated.node, ...change });
    const last = rotation({ from: third, to: signingKey('fourth'), keyGeneration: 3 });
    await expect(signer.rotate({ current: again.node, ...last })).rejects.toMatchObject({
      code: 'quota_exceeded',
      retryAfterMs: HOUR_MS,
    });
  });
});
