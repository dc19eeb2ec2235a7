import { Key } from '@tufjs/models';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toHex, utf8 } from '../bytes.ts';
import type { SigningKey } from '../crypto/suite.ts';
import { makeReleaseParties, makeTarget, namedKeys, signMetadata } from '../fixtures/index.ts';
import { NOW } from '../fixtures/parties.ts';
import {
  buildRoot,
  buildTargets,
  formatMetadata,
  keyId,
  parseMetadata,
  peekRoot,
  peekTargets,
  roleKey,
  signBody,
  verifyInstalled,
  verifyRoots,
  verifyTargets,
  withSignatures,
} from './index.ts';
import { fromTufKey } from './key.ts';

const parties = makeReleaseParties('release');
const { keys } = parties;
const rootFile = parties.root();
const root = verifyRoots(rootFile);
const targetsFile = parties.targets();
const SMALL = { numRuns: 60 };

const code = (expected: string) => expect.objectContaining({ code: expected });
const changedAt = (bytes: Uint8Array, at: number, change: number): Uint8Array => {
  const changed = Uint8Array.from(bytes);
  changed[at % bytes.length]! ^= change;
  return changed;
};

describe('metadata', () => {
  test('says who signed, and what', () => {
    const release = verifyTargets(root, targetsFile, { at: NOW });
    expect(release).toMatchObject({ version: 1, release: '1.2.3', floor: '1.0.0', security: false });
    expect(release.signers).toEqual(keys.targets.slice(0, 2).map(({ publicKey }) => keyId(publicKey)));
    expect(release.targets.map(({ path }) => path)).toEqual([
      'payload/1.2.3/linux-arm64',
      'payload/1.2.3/linux-x64',
    ]);
    expect(root.roles.targets.keys.map(({ holder }) => holder)).toEqual(['alice', 'bob', 'carol']);
  });

  test('with any changed byte is refused', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 1, max: 255 }), (at, change) => {
        expect(() => verifyTargets(root, changedAt(targetsFile, at, change))).toThrow();
        expect(() => verifyRoots(changedAt(rootFile, at, change))).toThrow();
      }),
      SMALL,
    );
  });

  test('cut off, endless, or of another form of the same content is refused', () => {
    fc.assert(
      fc.property(fc.nat({ max: targetsFile.length - 1 }), (length) => {
        expect(() => verifyTargets(root, targetsFile.subarray(0, length))).toThrow(code('malformed'));
      }),
      SMALL,
    );
    expect(() => verifyTargets(root, new Uint8Array(600_000))).toThrow(code('too_large'));
    const text = new TextDecoder().decode(targetsFile);
    for (const form of [
      ` ${text}`,
      text.replace('"version":1', '"version":1.0'),
      text.replace('"version":1', '"version":1.5'),
      text.trimEnd(),
    ])
      expect(() => verifyTargets(root, utf8(form))).toThrow(code('malformed'));
    expect(() => verifyTargets(root, utf8('{"signatures":[],"signed":null}\n'))).toThrow(code('malformed'));
    expect(() => verifyTargets(root, rootFile)).toThrow(code('malformed'));
  });

  test('too deep or too wide to be handed to a library is refused before it is', () => {
    const text = new TextDecoder().decode(targetsFile);
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const wide = Array.from({ length: 9_000 }, (_, i) => `"${i}":{"hashes":{},"length":1}`).join();
    for (const changed of [
      text.replace('"version":1}', `"version":1,"x":${deep}}`),
      text.replace('"targets":{', `"targets":{${wide},`),
      `${'{"signed":'.repeat(40_000)}1${'}'.repeat(40_000)}`,
    ])
      expect(() => verifyTargets(root, utf8(changed))).toThrow(code('malformed'));
  });

  test('keeps what it does not know, which is signed too', () => {
    const anything = fc.dictionary(
      fc.string({ minLength: 1 }).map((name) => `x-${name}`),
      fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string(), { maxLength: 3 })),
      { maxKeys: 4 },
    );
    fc.assert(
      fc.property(anything, (fields) => {
        const body = parseMetadata('targets', targetsFile).signed;
        Object.assign(body.unrecognizedFields, fields);
        const bytes = signMetadata(body, keys.targets.slice(1));
        expect(verifyTargets(root, bytes).release).toBe('1.2.3');
        const again = formatMetadata(parseMetadata('targets', bytes));
        expect(toHex(again)).toBe(toHex(bytes));
      }),
      SMALL,
    );
  });

  test('has one meaning for one signature: a lone surrogate, signed as its replacement is, is refused', () => {
    const notes = (text: string) => parties.targets({ notes: text });
    const honest = new TextDecoder().decode(notes('\ufffd'));
    expect(verifyTargets(root, utf8(honest)).notes).toBe('\ufffd');
    expect(() => verifyTargets(root, utf8(honest.replace('\ufffd', '\\ud800')))).toThrow(code('malformed'));
  });
});

describe('a threshold', () => {
  const [alice, bob] = keys.targets;
  const body = parseMetadata('targets', targetsFile).signed;

  test('is reached by any two of three, and by no one alone', () => {
    for (const by of [
      [0, 1],
      [0, 2],
      [1, 2],
      [0, 1, 2],
    ])
      expect(
        verifyTargets(
          root,
          parties.targets(
            {},
            by.map((i) => keys.targets[i]!),
          ),
        ).signers,
      ).toHaveLength(by.length);
    for (const key of keys.targets)
      expect(() => verifyTargets(root, parties.targets({}, [key]))).toThrow(code('not_signed'));
    expect(() => verifyTargets(root, parties.targets({}, []))).toThrow(code('not_signed'));
  });

  test('counts a key once, however often it signs', () => {
    const twice = formatMetadata(withSignatures(body, [signBody(body, alice!), signBody(body, alice!)]));
    expect(() => verifyTargets(root, twice)).toThrow(code('not_signed'));
    const file = JSON.parse(new TextDecoder().decode(twice));
    file.signatures.push(file.signatures[0]);
    expect(() => verifyTargets(root, utf8(`${JSON.stringify(file)}\n`))).toThrow(code('malformed'));
    const underOther = [signBody(body, alice!), { ...signBody(body, alice!), keyId: keyId(bob!.publicKey) }];
    expect(() => verifyTargets(root, formatMetadata(withSignatures(body, underOther)))).toThrow(
      code('not_signed'),
    );
  });

  test('counts no key of another role, and no key that stands in the root under two ids', () => {
    expect(() => verifyTargets(root, parties.targets({}, [alice!, keys.root[0]!]))).toThrow(
      code('not_signed'),
    );
    expect(() => verifyTargets(root, parties.targets({}, [alice!, parties.newKey()]))).toThrow(
      code('not_signed'),
    );
    const pem = { keyType: 'ed25519', scheme: 'ed25519', keyVal: { public: toHex(alice!.publicKey) } };
    expect(() => fromTufKey(new Key({ ...pem, keyID: 'ab'.repeat(32) }))).toThrow(code('bad_root'));
    const upper = { public: toHex(alice!.publicKey).toUpperCase() };
    expect(() => fromTufKey(new Key({ ...pem, keyID: keyId(alice!.publicKey), keyVal: upper }))).toThrow(
      code('bad_root'),
    );
  });

  test('of one is refused for root and targets, whoever signed it; so are keys that fit every message', () => {
    const content = peekRoot(rootFile);
    const roles = { ...content.roles, targets: { ...content.roles.targets, threshold: 1 } };
    expect(() => buildRoot({ ...content, roles })).toThrow(/takes 1 of 3/);
    const signed = parseMetadata('root', rootFile).signed;
    Object.assign(signed.roles['root']!, { threshold: 1 });
    expect(() => verifyRoots(signMetadata(signed, keys.root))).toThrow(code('bad_root'));
    expect(() => roleKey('mallory', new Uint8Array(32))).toThrow(code('bad_root'));
  });
});

describe('a root', () => {
  test.for(['constructor', '__proto__', 'toString'])(
    'that names the key %s, which it does not hold, is refused',
    (id) => {
      const signed = parseMetadata('root', rootFile).signed;
      signed.roles['targets']!.keyIDs.push(id);
      expect(() => verifyRoots(signMetadata(signed, keys.root))).toThrow(code('bad_root'));
    },
  );

  test('declares no floor above every number that metadata may have', () => {
    const floor = { version: '1.0.0', targets: 2 ** 31, since: 1 };
    expect(() => parties.root({ floor })).toThrow(code('bad_root'));
    expect(() => parties.root({ floor: { ...floor, targets: 2 ** 31 - 1 } })).not.toThrow();
  });
});

describe('targets', () => {
  test.for([
    ['another platform in its path', { path: 'payload/1.2.3/linux-arm64' }],
    ['a climbing path', { path: '../payload/1.2.3/linux-x64' }],
    ['no bytes', { length: 0 }],
    ['more bytes than a payload may have', { length: 17 * 1024 * 1024 }],
    ['a hash of another length', { sha256: 'ab' }],
  ] as const)('with %s are refused', ([, change]) => {
    const target = { ...makeTarget('linux-x64', '1.2.3'), ...change };
    expect(() => parties.targets({ targets: [target] })).toThrow(code('malformed'));
  });

  test('below their own floor, for an unknown platform, or a patch of nothing are refused', () => {
    expect(() => parties.targets({ targets: [makeTarget('linux-x64', '0.9.9')] })).toThrow(
      code('below_floor'),
    );
    expect(() => parties.targets({ targets: [makeTarget('linux-mips' as 'linux-x64', '1.2.3')] })).toThrow(
      code('malformed'),
    );
    const patch = makeTarget('linux-x64', '1.2.3', { custom: { kind: 'runtime-patch' } });
    expect(() => parties.targets({ targets: [patch] })).toThrow(/which file it patches/);
    const from = 'ab'.repeat(32);
    const sound = makeTarget('linux-x64', '1.2.3', { custom: { kind: 'runtime-patch', from } });
    expect(peekTargets(parties.targets({ targets: [sound] })).targets[0]!.path).toBe(
      `runtime-patch/1.2.3/linux-x64/${from}`,
    );
  });

  test('are named by what was signed: the same whoever signed', () => {
    const first = verifyTargets(root, targetsFile).sha256;
    expect(verifyTargets(root, parties.targets({}, keys.targets.slice(1))).sha256).toBe(first);
    expect(verifyTargets(root, parties.targets({ notes: '' })).sha256).not.toBe(first);
  });

  test('F17: expired metadata ends updates, and starts what is installed', () => {
    const late = NOW + 3_650 * 86_400_000;
    expect(() => verifyTargets(root, targetsFile, { at: late })).toThrow(code('expired'));
    expect(verifyInstalled(root, targetsFile).release).toBe('1.2.3');
    expect(verifyRoots(rootFile).version).toBe(1);
    expect(() => verifyRoots(rootFile, [], { at: late })).toThrow(code('expired'));
  });
});

describe('a chain of roots', () => {
  const next = (changes: object, by: readonly SigningKey[] = keys.root.slice(0, 2)) =>
    parties.root({ version: 2, ...changes }, by);

  test('is followed by both thresholds, one by one', () => {
    const others = [parties.newKey(), parties.newKey(), parties.newKey()];
    const roles = { ...root.roles, root: { keys: namedKeys(others), threshold: 2 } };
    const both = next({ roles }, [...keys.root.slice(0, 2), ...others.slice(1)]);
    expect(verifyRoots(rootFile, [both]).earlier.map(({ version }) => version)).toEqual([1]);
    expect(() => verifyRoots(rootFile, [next({ roles }, others)])).toThrow(code('not_signed'));
    expect(() => verifyRoots(rootFile, [next({ roles }, keys.root)])).toThrow(code('not_signed'));
    expect(() => verifyRoots(rootFile, [next({ roles }, [keys.root[0]!, ...others])])).toThrow(
      code('not_signed'),
    );
    const stranger = next({ roles }, [...keys.root.slice(0, 2), ...others.slice(1), keys.targets[0]!]);
    expect(() => verifyRoots(rootFile, [stranger])).toThrow(/who holds no root/);
    const third = signMetadata(buildRoot({ ...root, version: 3, roles }), others.slice(0, 2));
    expect(() => verifyRoots(rootFile, [third])).toThrow(/the roots between are missing/);
    expect(verifyRoots(rootFile, [rootFile, both, third]).version).toBe(3);
  });

  test('leads neither from development keys to real ones nor back', () => {
    expect(() => verifyRoots(rootFile, [next({ development: true })])).toThrow(/development/);
    const development = parties.root({ development: true });
    expect(() => verifyRoots(development, [next({})])).toThrow(code('bad_root'));
    expect(verifyRoots(development, [next({ development: true })]).development).toBe(true);
  });

  test('may begin before there is a hub: an online role without keys signs nothing', () => {
    const nobody = { keys: [], threshold: 1 };
    const early = parties.root({ roles: { ...root.roles, snapshot: nobody, timestamp: nobody } });
    expect(verifyRoots(early, [next({})]).roles.timestamp.keys).toHaveLength(1);
  });

  test('vouches for what an earlier root vouched for, where it is installed, but not for what comes new', () => {
    const others = [parties.newKey(), parties.newKey(), parties.newKey()];
    const roles = { ...root.roles, targets: { keys: namedKeys(others), threshold: 2 } };
    const rotated = verifyRoots(rootFile, [next({ roles })]);
    expect(() => verifyTargets(rotated, targetsFile)).toThrow(code('not_signed'));
    expect(verifyInstalled(rotated, targetsFile).release).toBe('1.2.3');
    expect(() => verifyInstalled(rotated, parties.targets({}, [keys.targets[0]!, others[0]!]))).toThrow(
      code('not_signed'),
    );
  });
});

test('what is built is what is read', () => {
  const content = peekTargets(targetsFile);
  const body = buildTargets({ ...content, sbom: { sha256: 'cd'.repeat(32), length: 9 } });
  const again = peekTargets(formatMetadata(withSignatures(body, [])));
  expect(again).toMatchObject({ release: '1.2.3', sbom: { length: 9 }, targets: content.targets });
});
