import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CONTEXT,
  nodeCertKind,
  peek,
  peekInstanceCert,
  regionTimeKind,
  rotationKind,
  seal,
  signIn,
  verifyHubChain,
  verifyNodeCredential,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inProcessSigner } from '#client/in-process.ts';
import type { SignerClient } from '#client/signer-client.ts';
import { connectSigner } from '#client/socket.ts';
import { SignerError } from '#error.ts';
import { START, signingKey, TestRegion } from '#region.fixture.ts';
import type { SignerService } from '#service.ts';
import { serveSigner } from '#wire/server.ts';

interface Reached extends AsyncDisposable {
  readonly signer: SignerClient;
}

async function overSocket(service: SignerService): Promise<Reached> {
  const dir = await mkdtemp(join(tmpdir(), 'stoa-signer-'));
  const socketPath = join(dir, 's.sock');
  const server = await serveSigner(service, { listening: { socketPath }, onError: () => undefined });
  const signer = connectSigner({ socketPath });
  return {
    signer,
    async [Symbol.asyncDispose]() {
      await signer.close();
      await server.close();
      await rm(dir, { recursive: true });
    },
  };
}

async function inProcess(service: SignerService): Promise<Reached> {
  const signer = inProcessSigner(service);
  return { signer, [Symbol.asyncDispose]: () => signer.close() };
}

describe.each([
  { name: 'in process', reach: inProcess },
  { name: 'over the socket', reach: overSocket },
])('a signer client $name', ({ reach }) => {
  const region = () => new TestRegion({ enrolmentsPerHour: 2 });
  const key = signingKey('node');
  const tokenId = new Uint8Array(16).fill(9);
  let at: TestRegion;
  let service: SignerService;
  let reached: Reached;
  let signer: SignerClient;

  beforeEach(async () => {
    at = region();
    service = await at.open();
    reached = await reach(service);
    signer = reached.signer;
  });

  afterEach(async () => {
    await reached[Symbol.asyncDispose]();
    await service.close();
  });

  test('gets chains and credentials that hold under the root it is told', async () => {
    const { rootFingerprint, region: name } = await signer.chain();
    const policy = { rootFingerprint, region: name, timeFloor: START, minInstanceSerial: 0 };
    const chain = await signer.instanceCert({ instance: 'hub-1', key: at.hubKey });
    expect(verifyHubChain(chain, policy, nodeCrypto).instance.publicKey).toEqual(at.hubKey.publicKey);
    const credential = await signer.enrol({ publicKey: key.publicKey, tokenId });
    expect(verifyNodeCredential(credential, policy, nodeCrypto).publicKey).toEqual(key.publicKey);
  });

  test('rotates a key as the KeyRotate message brings it', async () => {
    const { node: current } = await signer.enrol({ publicKey: key.publicKey, tokenId });
    const next = signingKey('next');
    const nodeId = nodeCrypto.hash(key.publicKey);
    const body = { nodeId, newPublicKey: next.publicKey, keyGeneration: 1, at: START };
    const sealed = seal(rotationKind, body, key);
    const proof = signIn(CONTEXT.rotate, next, sealed);
    const rotated = await signer.rotate({ current, sealed, proof });
    expect(peek(nodeCertKind, rotated.node)).toMatchObject({ publicKey: next.publicKey, keyGeneration: 1 });
  });

  test('gets the time, a refusal and the status', async () => {
    expect(peek(regionTimeKind, (await signer.regionTime()).regionTime).at).toBe(START);
    const { refuse } = await signer.refuse({ nodeId: nodeCrypto.hash(key.publicKey), reason: 'é' });
    expect(refuse.length).toBeGreaterThan(64);
    expect(await signer.status()).toMatchObject({
      region: 'eu',
      instances: [{ instance: 'hub-1' }],
      enrolmentsPerHour: 2,
      alerts: [],
    });
  });

  test('is answered in the order it asked, however much at once', async () => {
    const asked = Array.from({ length: 20 }, () =>
      signer.instanceCert({ instance: 'hub-1', key: at.hubKey }),
    );
    const serials = (await Promise.all(asked)).map(({ instance }) => peekInstanceCert(instance).serial);
    expect(serials).toEqual(serials.toSorted((a, b) => a - b));
    expect(new Set(serials).size).toBe(20);
  });

  test('is refused with a SignerError that tells code, retry and wait', async () => {
    for (const name of ['a', 'b']) await signer.enrol({ publicKey: signingKey(name).publicKey, tokenId });
    const error = await signer
      .enrol({ publicKey: key.publicKey, tokenId })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SignerError);
    expect(error).toMatchObject({
      code: 'quota_exceeded',
      retry: true,
      retryAfterMs: 3_600_000,
      message: expect.stringMatching(/allows 2 enrolments in 1 h: try again in 60 min/),
    });
  });

  test.for([
    [
      'a token id of the wrong length',
      (s: SignerClient) => s.enrol({ publicKey: key.publicKey, tokenId: key.publicKey }),
    ],
    [
      'a reason past its bound',
      (s: SignerClient) => s.refuse({ nodeId: key.publicKey, reason: 'x'.repeat(256) }),
    ],
    [
      'an instance name past its bound',
      (s: SignerClient) => s.instanceCert({ instance: 'x'.repeat(65), key }),
    ],
  ] as const)('%s is refused before it is sent', async ([, ask]) => {
    await expect((async () => ask(signer))()).rejects.toMatchObject({ code: 'bad_request', retry: false });
    expect((await signer.status()).enrolmentsLastHour).toBe(0);
  });

  test('a closed one asks no more, and closing twice is no harm', async () => {
    await signer.status();
    await signer.close();
    await signer.close();
    await expect(signer.status()).rejects.toMatchObject({ code: 'signer_closed', retry: false });
  });
});
