import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ArtefactManifest,
  encodeManifest,
  formatStatement,
  parseManifest,
  parseStatement,
  signManifest,
  verifyStatement,
} from './artefact.ts';
import { nodeCrypto } from './crypto/node.ts';
import { seededRandom } from './fixtures/random.ts';
import { type RegionRole, regionCertKind } from './identity/hub-chain.ts';
import { seal } from './signed.ts';

const random = seededRandom('artefacts');
const root = nodeCrypto.signingKey(random(32));
const authority = nodeCrypto.signingKey(random(32));
const policy = { rootFingerprint: nodeCrypto.hash(root.publicKey), region: 'eu' };

const sha256s = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));
const manifests: fc.Arbitrary<ArtefactManifest> = fc.record({
  version: fc.tuple(fc.nat(999), fc.nat(999), fc.nat(999)).map((parts) => parts.join('.')),
  releaseRoot: fc.record({ sha256: sha256s, development: fc.boolean() }),
  artefacts: fc.array(
    fc.record({
      platform: fc.constantFrom('linux-x64', 'linux-arm64'),
      sha256: sha256s,
      size: fc.nat(1_000_000_000),
    }),
    { minLength: 1, maxLength: 8 },
  ),
});

function certificate(role: RegionRole, region = 'eu') {
  const cert = { serial: 1, region, role, publicKey: authority.publicKey, notAfter: 9_999 };
  return seal(regionCertKind, cert, root);
}

function statement(manifest: Uint8Array, role: RegionRole = 'authority', region = 'eu') {
  return {
    root: root.publicKey,
    certificate: certificate(role, region),
    signature: signManifest(manifest, authority),
    manifest,
  };
}

describe('a manifest of artefacts', () => {
  it('reads back as it was written, through its statement and signature', () => {
    fc.assert(
      fc.property(manifests, (manifest) => {
        const text = formatStatement(statement(encodeManifest(manifest)));
        expect(verifyStatement(parseStatement(text), policy, nodeCrypto)).toEqual(manifest);
        expect(formatStatement(parseStatement(text))).toBe(text);
      }),
    );
  });

  it('of any other form is refused with malformed, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        expect(() => parseManifest(bytes)).toThrow(expect.objectContaining({ code: 'malformed' }));
        expect(() => parseStatement(Buffer.from(bytes).toString('latin1'))).toThrow(
          expect.objectContaining({ code: 'malformed' }),
        );
      }),
    );
  });
});

describe('a statement', () => {
  const manifest = encodeManifest({
    version: '1.2.3',
    releaseRoot: { sha256: 'cd'.repeat(32), development: false },
    artefacts: [{ platform: 'linux-x64', sha256: 'ab'.repeat(32), size: 7 }],
  });

  it('is refused with one bit changed, wherever it stands', () => {
    const whole = statement(manifest);
    for (const field of ['root', 'certificate', 'signature', 'manifest'] as const)
      for (let at = 0; at < whole[field].length; at += 5) {
        const bytes = Uint8Array.from(whole[field]);
        bytes[at]! ^= 1;
        expect(() => verifyStatement({ ...whole, [field]: bytes }, policy, nodeCrypto)).toThrow();
      }
  });

  it.each([
    ['by another role of the region', statement(manifest, 'enrol'), 'bad_signature'],
    ['of another region', statement(manifest, 'authority', 'na'), 'wrong_region'],
    ['of another root', { ...statement(manifest), root: authority.publicKey }, 'wrong_root'],
  ])('is refused %s', (_, forged, code) => {
    expect(() => verifyStatement(forged, policy, nodeCrypto)).toThrow(expect.objectContaining({ code }));
  });
});
