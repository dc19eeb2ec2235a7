import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makeReleaseParties } from '../fixtures/index.ts';
import { NOW } from '../fixtures/parties.ts';
import {
  type Judged,
  NO_FLOORS,
  raiseFloors,
  ringHash,
  verifyNamedTargets,
  verifyRoots,
  verifySnapshot,
  verifyTargets,
  verifyTimestamp,
} from './index.ts';

const parties = makeReleaseParties('online');
const root = verifyRoots(parties.root());
const targets = parties.targets();
const files = { ...parties.online(targets), targets };
const code = (expected: string) => expect.objectContaining({ code: expected });

/** What a node does with what a mirror gives it. */
function refresh(
  given: { timestamp: Uint8Array; snapshot: Uint8Array; targets: Uint8Array },
  judged: Judged = {},
) {
  const timestamp = verifyTimestamp(root, given.timestamp, judged);
  const snapshot = verifySnapshot(root, given.snapshot, { ...judged, timestamp });
  return { timestamp, snapshot, targets: verifyNamedTargets(root, given.targets, { ...judged, snapshot }) };
}

describe('a refresh', () => {
  test('leads from the timestamp to the release', () => {
    expect(refresh(files, { at: NOW }).targets.release).toBe('1.2.3');
  });

  test('takes no older timestamp or snapshot than it saw (rollback), and no expired one (freeze)', () => {
    const floors = raiseFloors(NO_FLOORS, root, { timestamp: { version: 3 }, snapshot: { version: 3 } });
    expect(() => refresh(files, { floors })).toThrow(code('rolled_back'));
    const newer = { ...parties.online(targets, { version: 3 }), targets };
    expect(refresh(newer, { floors }).timestamp.version).toBe(3);
    expect(() => refresh(files, { at: NOW + 2 * 86_400_000 })).toThrow(code('expired'));
  });

  test('takes no mixture of two releases', () => {
    const other = parties.targets({ version: 2, release: '1.3.0' });
    const later = { ...parties.online(other, { version: 2, targetsVersion: 2 }), targets: other };
    for (const mixed of [
      { ...files, targets: other },
      { ...later, targets },
      { ...files, snapshot: later.snapshot },
      { ...later, snapshot: files.snapshot, targets },
    ])
      expect(() => refresh(mixed)).toThrow(code('mismatch'));
    const misnamed = { ...parties.online(other, { version: 2, targetsVersion: 7 }), targets: other };
    expect(() => refresh(misnamed)).toThrow(/is version 2, it is named as 7/);
  });

  test('takes nothing that a stolen hub signs in the place of the holders, or somebody else in the place of the hub', () => {
    const forged = parties.targets({ version: 2 }, [parties.keys.hub, parties.newKey()]);
    expect(() =>
      refresh({ ...parties.online(forged, { version: 2, targetsVersion: 2 }), targets: forged }),
    ).toThrow(code('not_signed'));
    const foreign = { ...parties.online(targets, {}, parties.newKey()), targets };
    expect(() => refresh(foreign)).toThrow(code('not_signed'));
    expect(() => refresh({ ...files, timestamp: files.snapshot })).toThrow(code('malformed'));
  });

  test('takes no file with a changed byte', () => {
    const names = ['timestamp', 'snapshot', 'targets'] as const;
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (name, at, change) => {
          const changed = Uint8Array.from(files[name]);
          changed[at % changed.length]! ^= change;
          expect(() => refresh({ ...files, [name]: changed })).toThrow();
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('nodes lie evenly over the rings, and elsewhere with each release', () => {
  const { sha256 } = verifyTargets(root, targets);
  const other = verifyTargets(root, parties.targets({ version: 2 })).sha256;
  const ids = Array.from({ length: 4_000 }, (_, i) => Buffer.alloc(32, `node ${i} `));
  const places = ids.map((id) => ringHash(sha256, id));
  expect(places.every((place) => place >= 0 && place < 1)).toBe(true);
  for (let tenth = 0; tenth < 10; tenth += 1)
    expect(Math.abs(places.filter((place) => Math.floor(place * 10) === tenth).length - 400)).toBeLessThan(
      80,
    );
  const both = ids.filter((id, i) => places[i]! < 0.1 && ringHash(other, id) < 0.1);
  expect(both.length).toBeLessThan(80);
  expect(ringHash(sha256, ids[7]!)).toBe(places[7]);
});
