/** The committed vectors of releases: read by our verifier, and by hand with the other implementation of signatures. */
import { createHash } from 'node:crypto';
import { utf8 } from '@stoa/protocol';
import { portableCrypto } from '@stoa/protocol/portable';
import {
  keyId,
  keySetId,
  METADATA_BYTES,
  ringHash,
  verifyNamedTargets,
  verifyRoots,
  verifySnapshot,
  verifyTargets,
  verifyTimestamp,
} from '@stoa/protocol/release';
import { describe, expect, it } from 'vitest';
import { fromHexText as hex } from './kit/vector-json.ts';
import { load } from './kit/vectors.ts';

type Hex = string;

const vectors = load<{
  at: number;
  limits: Record<string, number>;
  keyIds: { publicKey: Hex; keyId: Hex }[];
  roots: [string, string];
  targetsKeySet: Hex;
  targets: { file: string; sha256: Hex };
  snapshot: string;
  timestamp: string;
  rings: { nodeId: Hex; place: number }[];
  refused: { why: string; code: string; file: string }[];
}>('releases');

const { at } = vectors;
const root = verifyRoots(utf8(vectors.roots[0]), [utf8(vectors.roots[1])], { at });

/** Canonical JSON, written once more. */
function canonical(value: unknown): string {
  if (typeof value === 'string') return `"${value.replaceAll(/["\\]/g, (mark) => `\\${mark}`)}"`;
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return String(value);
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${canonical(name)}:${canonical(field)}`).join()}}`;
}

describe('releases', () => {
  it('lead from the timestamp to what may be installed', () => {
    const timestamp = verifyTimestamp(root, utf8(vectors.timestamp), { at });
    const snapshot = verifySnapshot(root, utf8(vectors.snapshot), { at, timestamp });
    const release = verifyNamedTargets(root, utf8(vectors.targets.file), { at, snapshot });
    expect(release).toMatchObject({ version: 2, release: '1.2.3', sha256: vectors.targets.sha256 });
    expect(root).toMatchObject({ version: 2, floor: { version: '1.1.0', targets: 2, since: 2 } });
    expect(keySetId(root.roles.targets)).toBe(vectors.targetsKeySet);
  });

  it('are signed over canonical JSON by keys that their id is computed of', () => {
    const { signed, signatures } = JSON.parse(vectors.targets.file) as {
      signed: object;
      signatures: { keyid: Hex; sig: Hex }[];
    };
    const message = utf8(canonical(signed));
    expect(createHash('sha256').update(message).digest('hex')).toBe(vectors.targets.sha256);
    expect(signatures).toHaveLength(2);
    for (const { keyid, sig } of signatures) {
      const { publicKey } = vectors.keyIds.find((key) => key.keyId === keyid)!;
      expect(keyId(hex(publicKey))).toBe(keyid);
      const text = canonical({ keytype: 'ed25519', scheme: 'ed25519', keyval: { public: publicKey } });
      expect(createHash('sha256').update(text).digest('hex')).toBe(keyid);
      expect(portableCrypto.verify(hex(publicKey), message, hex(sig))).toBe(true);
    }
  });

  it.each(vectors.refused)('refuse $why', ({ code, file }) => {
    expect(() => verifyTargets(root, utf8(file), { at })).toThrow(expect.objectContaining({ code }));
  });

  it('place nodes in rings, within limits that do not shrink', () => {
    for (const { nodeId, place } of vectors.rings)
      expect(ringHash(vectors.targets.sha256, hex(nodeId))).toBe(place);
    expect(METADATA_BYTES).toEqual(vectors.limits);
  });
});
