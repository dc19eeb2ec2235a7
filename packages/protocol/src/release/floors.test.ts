import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeReleaseParties, makeTarget, namedKeys } from '../fixtures/index.ts';
import {
  compareVersions,
  type Floors,
  NO_FLOORS,
  newerVersion,
  raiseFloors,
  requireNoDowngrade,
  targetsFloor,
  verifyRoots,
  verifyTargets,
} from './index.ts';

const parties = makeReleaseParties('floors');
const first = parties.root();
const root = verifyRoots(first);
const code = (expected: string) => expect.objectContaining({ code: expected });
const version = fc.tuple(fc.nat(3), fc.nat(3), fc.nat(3)).map((parts) => parts.join('.'));

/** What a node holds after it took and confirmed a release. */
function after(release: string, floor: string, tuf: number, before: Floors = NO_FLOORS): Floors {
  const bytes = parties.targets({ version: tuf, release, floor });
  const targets = verifyTargets(root, bytes, { floors: before });
  return raiseFloors(before, root, { targets, confirmed: targets.targets[0]! });
}

test('versions are ordered by their numbers', () => {
  expect(compareVersions('1.10.0', '1.9.9')).toBeGreaterThan(0);
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0);
      expect(newerVersion(newerVersion(a, b), c)).toBe(newerVersion(a, newerVersion(b, c)));
    }),
  );
});

describe('floors', () => {
  test('rise only, whatever is seen in whatever order', () => {
    const any = verifyTargets(root, parties.targets());
    fc.assert(
      fc.property(fc.array(fc.tuple(version, fc.nat(9))), (seen) => {
        let floors = NO_FLOORS;
        for (const [content, number] of seen) {
          const before = floors;
          const release = { ...any, version: number, floor: content };
          floors = raiseFloors(before, root, { targets: release, timestamp: { version: number } });
          expect(floors.targets.version).toBeGreaterThanOrEqual(before.targets.version);
          expect(compareVersions(floors.targets.content, before.targets.content)).toBeGreaterThanOrEqual(0);
          expect(floors.timestamp.version).toBeGreaterThanOrEqual(before.timestamp.version);
        }
        expect(JSON.parse(JSON.stringify(floors))).toEqual(floors);
      }),
      { numRuns: 30 },
    );
  });

  test('F18, F19: metadata older than what was seen is refused, and may be tried elsewhere', () => {
    const floors = after('1.5.0', '1.4.0', 5);
    const older = parties.targets({ version: 4, release: '1.5.0', floor: '1.4.0' });
    expect(() => verifyTargets(root, older, { floors })).toThrow(code('rolled_back'));
    expect(() => verifyTargets(root, older, { floors })).toThrow(expect.objectContaining({ retry: true }));
    expect(verifyTargets(root, older).version).toBe(4);
  });

  test('of content are not lowered by who signs releases', () => {
    const floors = after('1.5.0', '1.4.0', 5);
    const lower = parties.targets({ version: 6, release: '1.5.1', floor: '1.3.9' });
    expect(() => verifyTargets(root, lower, { floors })).toThrow(/only a root takes it down/);
  });

  test('let a version be installed again, and nothing older than what was confirmed', () => {
    const floors = after('1.5.0', '1.4.0', 5);
    requireNoDowngrade(makeTarget('linux-x64', '1.5.0'), root, floors);
    requireNoDowngrade(makeTarget('linux-x64', '1.5.1'), root, floors);
    const down = makeTarget('linux-x64', '1.4.9');
    expect(() => requireNoDowngrade(down, root, floors)).toThrow(code('below_floor'));
    const runtime = makeTarget('linux-x64', '1.4.9', { custom: { kind: 'runtime' } });
    requireNoDowngrade(runtime, root, floors);
  });
});

describe('the way down', () => {
  const floor = { version: '1.4.0', targets: 6, since: 2 };
  const second = parties.root({ version: 2, floor });
  const lowered = verifyRoots(first, [second]);
  const down = parties.targets({ version: 6, release: '1.4.0', floor: '1.4.0' });

  test('is opened by a root, once, for metadata that is newer than its declaration', () => {
    let floors = after('1.5.0', '1.5.0', 5);
    expect(() => verifyTargets(root, down, { floors })).toThrow(code('below_floor'));
    const release = verifyTargets(lowered, down, { floors });
    requireNoDowngrade(release.targets[0]!, lowered, floors);
    expect(() =>
      verifyTargets(lowered, parties.targets({ version: 5, release: '1.5.0' }), { floors }),
    ).toThrow(code('rolled_back'));
    floors = raiseFloors(floors, lowered, { targets: release });
    expect(floors.targets).toMatchObject({ since: 2, version: 6, content: '1.4.0' });
    const up = verifyTargets(lowered, parties.targets({ version: 7, release: '1.6.0', floor: '1.6.0' }), {
      floors,
    });
    floors = raiseFloors(floors, lowered, { targets: up });
    expect(() => verifyTargets(lowered, down, { floors })).toThrow(code('rolled_back'));
    const third = verifyRoots(first, [second, parties.root({ version: 3, floor })]);
    expect(targetsFloor(third, floors)).toBe(floors.targets);
  });

  test('is carried on by later roots as it stands, or declared anew', () => {
    const third = (changed: object) => parties.root({ version: 3, floor: { ...floor, ...changed } });
    expect(verifyRoots(first, [second, third({})]).floor).toEqual(floor);
    for (const changed of [{ version: '1.0.0' }, { targets: 1 }, { since: 1 }])
      expect(() => verifyRoots(first, [second, third(changed)])).toThrow(/changes the floor/);
    expect(() => verifyRoots(first, [second, parties.root({ version: 3 })])).toThrow(/changes the floor/);
    expect(verifyRoots(first, [second, third({ since: 3, version: '1.2.0' })]).floor?.version).toBe('1.2.0');
    expect(() => third({ since: 4 })).toThrow(code('bad_root'));
  });
});

test('floors of the hub begin anew with new keys, and those of releases do not', () => {
  const worn = raiseFloors(NO_FLOORS, root, {
    timestamp: { version: 2_000_000_000 },
    targets: verifyTargets(root, parties.targets({ version: 9 })),
  });
  const hub = { keys: namedKeys([parties.newKey()]), threshold: 1 };
  const roles = { ...root.roles, snapshot: hub, timestamp: hub };
  const rotated = verifyRoots(first, [parties.root({ version: 2, roles })]);
  const floors = raiseFloors(worn, rotated, { timestamp: { version: 1 } });
  expect(floors.timestamp.version).toBe(1);
  expect(floors.targets.version).toBe(9);
  expect(floors.root).toBe(2);
});
