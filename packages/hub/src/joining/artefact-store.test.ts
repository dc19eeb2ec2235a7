import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeManifest, formatStatement, regionCertKind, seal, signManifest } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../log.ts';
import type { TrustedRoots } from '../releases/index.ts';
import { ArtefactStore } from './artefact-store.ts';
import { obstaclesOf } from './obstacles.ts';

const root = nodeCrypto.signingKey(randomBytes(32));
const authority = nodeCrypto.signingKey(randomBytes(32));
const [ours, next, other] = ['aa', 'bb', 'cc'].map((byte) => byte.repeat(32)) as [string, string, string];

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stoa-artefacts-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function place(version: string, sha256: string, development = false): Promise<void> {
  const artefacts = [{ platform: 'linux-x64', sha256: '1f'.repeat(32), size: 7 }];
  const manifest = encodeManifest({ version, releaseRoot: { sha256, development }, artefacts });
  const cert = { serial: 1, region: 'eu', publicKey: authority.publicKey, notAfter: 9 };
  const statement = formatStatement({
    root: root.publicKey,
    certificate: seal(regionCertKind, { ...cert, role: 'authority' }, root),
    signature: signManifest(manifest, authority),
    manifest,
  });
  await mkdir(join(directory, version));
  await writeFile(join(directory, version, 'statement'), statement);
}

function open(roots: TrustedRoots | undefined): ArtefactStore {
  return new ArtefactStore({
    ...{ directory, region: 'eu', rootFingerprint: nodeCrypto.hash(root.publicKey), crypto: nodeCrypto },
    roots: async () => roots,
    clock: { now: () => 0 },
    log: createLog({ level: 'silent' }),
  });
}

async function found(store: ArtefactStore) {
  const [offered, refused] = await Promise.all([store.release(), store.refused()]);
  return { offered: offered && [offered.version, offered.isOurs], refused: refused?.version };
}

describe('agents to install', () => {
  const real: TrustedRoots = { hashes: new Set([ours, next]), development: false };

  it('take the releases that are trusted here, or are given to nobody', async () => {
    await place('1.0.0', ours);
    await place('1.1.0', next);
    await place('1.2.0', other);
    await place('1.3.0', other, true);
    const store = open(real);
    expect(await found(store)).toEqual({ offered: ['1.1.0', true], refused: '1.3.0' });
    expect((await store.release('1.0.0'))?.version).toBe('1.0.0');
    for (const version of ['1.2.0', '1.3.0']) expect(await store.release(version)).toBeUndefined();
    // What was replaced by a newer one is nothing to talk of.
    await place('1.4.0', ours);
    expect(await found(open(real))).toEqual({ offered: ['1.4.0', true], refused: undefined });
  });

  it('of another root are given where none is trusted yet, or only one of development, and named', async () => {
    await place('1.2.0', other, true);
    expect(await found(open(undefined))).toEqual({ offered: ['1.2.0', undefined], refused: undefined });
    const development = { hashes: new Set([ours]), development: true };
    expect(await found(open(development))).toEqual({ offered: ['1.2.0', false], refused: undefined });
  });

  it('are told of on the page where a node is added: what is held back, and what is of development', async () => {
    const said = async (roots: TrustedRoots | undefined) =>
      (await obstaclesOf({ artefacts: open(roots), publicUrl: 'https://hub.example' })).map(
        ({ what }) => what,
      );
    expect(await said(real)).toEqual([expect.stringContaining('no signed agent')]);
    await place('1.2.0', other, true);
    expect(await said(real)).toEqual([
      expect.stringContaining(`given to nobody: it takes releases of the root ${other}`),
    ]);
    expect(await said(undefined)).toEqual([expect.stringContaining('takes releases of development keys')]);
    expect(await said({ hashes: new Set([ours]), development: true })).toEqual([
      expect.stringContaining('of another root than this hub trusts'),
    ]);
    await place('1.3.0', ours);
    expect(await said(real)).toEqual([]);
  });
});
