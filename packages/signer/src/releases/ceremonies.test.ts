import type { SigningKey } from '@stoa/protocol';
import {
  buildSnapshot,
  buildTargets,
  buildTimestamp,
  type Floors,
  formatMetadata,
  NO_FLOORS,
  nameFile,
  peekTargets,
  type ReleaseTargets,
  raiseFloors,
  requireNoDowngrade,
  signBody,
  verifyInstalled,
  verifyNamedTargets,
  verifyRoots,
  verifySnapshot,
  verifyTimestamp,
  withSignatures,
} from '@stoa/protocol/release';
import { beforeEach, describe, expect, test } from 'vitest';
import { Ceremony } from '#cli/ceremony.fixture.ts';
import { START, signingKey } from '#region.fixture.ts';

const DAY = 86_400_000;
const YEAR = 365 * DAY;
const refused = (code: string) => expect.objectContaining({ code });

interface Offer {
  readonly roots: readonly Uint8Array[];
  readonly timestamp: Uint8Array;
  readonly snapshot: Uint8Array;
  readonly targets: Uint8Array;
}

/** A hub's online keys, and what it signs of whatever targets it has. */
class Hub {
  readonly key: SigningKey;
  #version: number;

  constructor(name: string, version = 0) {
    this.key = signingKey(name);
    this.#version = version;
  }

  get options(): string[] {
    const hex = Buffer.from(this.key.publicKey).toString('hex');
    return ['--snapshot', hex, '--timestamp', hex];
  }

  offer(roots: readonly Uint8Array[], targets: Uint8Array, expiresAt: number): Offer {
    this.#version += 1;
    const version = this.#version;
    const names = nameFile(peekTargets(targets).version, targets);
    const snapshotBody = buildSnapshot({ version, expiresAt, names });
    const snapshot = formatMetadata(withSignatures(snapshotBody, [signBody(snapshotBody, this.key)]));
    const body = buildTimestamp({ version, expiresAt, names: nameFile(version, snapshot) });
    const timestamp = formatMetadata(withSignatures(body, [signBody(body, this.key)]));
    return { roots, timestamp, snapshot, targets };
  }
}

/** What a node keeps of releases: its first root, those it followed, floors, and the metadata of its slot. */
class Node {
  readonly #roots: Uint8Array[];
  floors: Floors = NO_FLOORS;
  slot: Uint8Array | undefined;

  constructor(first: Uint8Array) {
    this.#roots = [first];
  }

  root(chain: readonly Uint8Array[] = []) {
    const [first, ...kept] = this.#roots;
    return verifyRoots(first!, [...kept, ...chain]);
  }

  /** All or nothing: what does not hold leaves roots, floors and slot as they were. */
  update({ roots, timestamp, snapshot, targets }: Offer, at: number): ReleaseTargets {
    const root = this.root(roots);
    const { floors } = this;
    const time = verifyTimestamp(root, timestamp, { at, floors });
    const shot = verifySnapshot(root, snapshot, { at, floors, timestamp: time });
    const release = verifyNamedTargets(root, targets, { at, floors, snapshot: shot });
    const confirmed = release.targets.find(({ custom }) => custom.version === release.release)!;
    requireNoDowngrade(confirmed, root, floors);
    this.floors = raiseFloors(floors, root, { timestamp: time, snapshot: shot, targets: release, confirmed });
    this.#roots.push(...roots.slice(this.#roots.length));
    this.slot = targets;
    return release;
  }

  /** Without a network, whatever the clock says. */
  boot(): string {
    return verifyInstalled(this.root(), this.slot!).release;
  }
}

describe('ceremonies', () => {
  let ceremony: Ceremony;
  let hub: Hub;
  let node: Node;
  const offer = (version: number, at = START) =>
    hub.offer(ceremony.roots, ceremony.targets(version), at + DAY);

  beforeEach(async () => {
    ceremony = new Ceremony();
    hub = new Hub('hub');
    await ceremony.begin(hub.options);
    await ceremony.release('1.0.0', ['alice', 'bob'], '--floor', '1.0.0');
    node = new Node(ceremony.root(1));
    node.update(offer(1), START);
  });

  test('rotation of a root: Bob leaves, Dave comes; one old holder is not enough, nor are two new ones', async () => {
    const { desk } = ceremony;
    const key = await ceremony.holder('dave').makeKey('root');
    const change = ['--replace-root', `bob=${key.replace('=', ':')}`];
    await expect(ceremony.rotate(['alice', 'dave'], ...change)).rejects.toThrow(/signed by 1 of its keys/);
    for (const path of desk.disk.files.keys()) if (path.includes('root-2')) desk.disk.files.delete(path);
    await ceremony.rotate(['alice', 'carol'], ...change);
    expect(node.root([ceremony.root(2)]).roles.root.keys.map(({ holder }) => holder)).toEqual([
      'alice',
      'dave',
      'carol',
    ]);
    await ceremony.rotate(['dave', 'carol']);
    await expect(ceremony.rotate(['alice', 'bob'])).rejects.toThrow(/has no part in root 4/);
    node.update(offer(1), START);
    expect(node.floors.root).toBe(3);
  });

  test('a lost targets key: the others go on at once, its holder gets a new one, and no node stops', async () => {
    const carol = ceremony.holder('carol');
    for (const name of [...carol.disk.files.keys()])
      if (name.startsWith('/targets.key')) carol.disk.files.delete(name);
    await ceremony.release('1.1.0', ['alice', 'bob']);
    node.update(offer(2), START);
    const key = await carol.makeKey('targets');
    await ceremony.rotate(['alice', 'bob'], '--replace-targets', key.replace('=', '=carol:'));
    await ceremony.release(undefined, ['alice', 'carol']);
    expect(node.update(offer(3), START)).toMatchObject({ version: 3, release: '1.1.0' });
    expect(node.boot()).toBe('1.1.0');
  });

  describe('a stolen targets key', () => {
    test('signs nothing alone; with its holder it leaves the root, and signs with nobody any more', async () => {
      const thief = await ceremony.holder('bob').stolenKey('targets');
      const forged = forge({ version: 2, release: '1.0.1' }, [thief, signingKey('helper')]);
      expect(() => node.update(hub.offer(ceremony.roots, forged, START + DAY), START)).toThrow(
        refused('not_signed'),
      );
      const key = await ceremony.holder('dave').makeKey('targets');
      await ceremony.rotate(['alice', 'carol'], '--replace-targets', `bob=${key.replace('=', ':')}`);
      await ceremony.release(undefined, ['alice', 'dave']);
      node.update(offer(2), START);
      const alice = await ceremony.holder('alice').stolenKey('targets');
      const late = forge({ version: 3, release: '1.0.2' }, [thief, alice]);
      expect(() => node.update(hub.offer(ceremony.roots, late, START + DAY), START)).toThrow(
        refused('not_signed'),
      );
    });

    test('and a second one can wear out every counter: a root brings the nodes back', async () => {
      const thieves = [
        await ceremony.holder('alice').stolenKey('targets'),
        await ceremony.holder('bob').stolenKey('targets'),
      ];
      const worst = forge({ version: 2 ** 31 - 1, release: '99999.0.0', floor: '99999.0.0' }, thieves);
      node.update(hub.offer(ceremony.roots, worst, START + DAY), START);
      await ceremony.release('1.0.1', ['alice', 'carol']);
      expect(() => node.update(offer(2), START)).toThrow(refused('rolled_back'));
      const keys = [
        await ceremony.holder('dave').makeKey('targets'),
        await ceremony.holder('erin').makeKey('targets'),
      ];
      await ceremony.rotate(
        ['alice', 'carol'],
        '--replace-targets',
        `alice=${keys[0]!.replace('=', ':')}`,
        `bob=${keys[1]!.replace('=', ':')}`,
        '--floor',
        '1.0.0',
        '--from-targets',
        '3',
      );
      await ceremony.release('1.0.2', ['carol', 'dave']);
      expect(node.update(offer(3), START).release).toBe('1.0.2');
      expect(node.floors.targets).toMatchObject({ version: 3, content: '1.0.0', since: 2 });
    });
  });

  test('a stolen hub installs nothing of its own; new online keys take its counters away', async () => {
    const thief = new Hub('hub', 2 ** 31 - 9);
    const own = forge({ version: 2, release: '6.6.6' }, [thief.key, signingKey('helper')]);
    expect(() => node.update(thief.offer(ceremony.roots, own, START + DAY), START)).toThrow(
      refused('not_signed'),
    );
    node.update(thief.offer(ceremony.roots, ceremony.targets(1), START + YEAR), START);
    hub = new Hub('hub, set up anew');
    await ceremony.rotate(['bob', 'carol'], ...hub.options);
    await ceremony.release('1.1.0', ['alice', 'bob']);
    expect(node.update(offer(2), START).release).toBe('1.1.0');
    expect(() => node.update(thief.offer(ceremony.roots, ceremony.targets(2), START + YEAR), START)).toThrow(
      refused('not_signed'),
    );
  });

  test('the way down: a root opens it, and it is closed behind who went', async () => {
    await ceremony.release('1.5.0', ['alice', 'bob'], '--floor', '1.5.0');
    node.update(offer(2), START);
    await expect(ceremony.draft('1.4.0')).rejects.toThrow(/lies below the floor 1.5.0/);
    await expect(ceremony.draft('1.4.0', '--floor', '1.4.0')).rejects.toThrow(/only a root does/);
    await ceremony.rotate(['alice', 'bob'], '--floor', '1.4.0', '--from-targets', '3');
    await ceremony.release('1.4.0', ['alice', 'bob']);
    expect(node.update(offer(3), START).release).toBe('1.4.0');
    expect(node.boot()).toBe('1.4.0');
    await ceremony.release('1.6.0', ['alice', 'bob']);
    node.update(offer(4), START);
    expect(() => node.update(offer(3), START)).toThrow(refused('rolled_back'));
  });

  test('F20: away during three root rotations and two of the hub, a node starts, comes back and is current', async () => {
    for (const [leaves, comes] of [
      ['alice', 'dave'],
      ['bob', 'erin'],
      ['carol', 'frank'],
    ] as const) {
      const root = await ceremony.holder(comes).makeKey('root');
      const targets = await ceremony.holder(comes).makeKey('targets');
      const by = { alice: ['bob', 'carol'], bob: ['carol', 'dave'], carol: ['dave', 'erin'] }[leaves];
      const change = (key: string) => `${leaves}=${key.replace('=', ':')}`;
      hub = leaves === 'carol' ? hub : new Hub(`hub after ${leaves}`);
      await ceremony.rotate(
        by,
        '--replace-root',
        change(root),
        '--replace-targets',
        change(targets),
        ...hub.options,
      );
    }
    await ceremony.release('2.0.0', ['dave', 'frank'], '--floor', '2.0.0');
    const much = START + 3 * YEAR;
    expect(node.boot()).toBe('1.0.0');
    expect(() => node.update(offer(2, much), much)).toThrow(refused('expired'));
    expect(node.boot()).toBe('1.0.0');
    expect(node.update(offer(2), START + DAY / 2).release).toBe('2.0.0');
    expect(node.floors.root).toBe(4);
    expect(node.boot()).toBe('2.0.0');
  });

  test('F17: expired metadata ends updates and nothing else, and what comes after it is taken', async () => {
    const late = START + 2 * YEAR;
    expect(() => node.update(offer(1, late), late)).toThrow(refused('expired'));
    expect(node.boot()).toBe('1.0.0');
    await ceremony.rotate(['alice', 'bob'], '--days', '1000');
    await ceremony.release(undefined, ['alice', 'bob'], '--days', '1000');
    expect(node.update(offer(2, late), late).version).toBe(2);
  });

  test('F18: a mirror that lags is named as such, worth another try, and harms nothing', async () => {
    const old = offer(1);
    await ceremony.release('1.1.0', ['alice', 'bob']);
    node.update(offer(2), START);
    const { floors } = node;
    expect(() => node.update(old, START)).toThrow(
      expect.objectContaining({
        code: 'rolled_back',
        retry: true,
        message: expect.stringContaining('another mirror'),
      }),
    );
    expect(node.floors).toBe(floors);
    expect(node.boot()).toBe('1.1.0');
  });

  test('F19: what was seen holds after it has expired: nothing older comes in by that door', async () => {
    const old = hub.offer(ceremony.roots, ceremony.targets(1), START + 5 * YEAR);
    await ceremony.release('1.1.0', ['alice', 'bob'], '--days', '10');
    node.update(offer(2), START);
    const after = START + 20 * DAY;
    expect(() => node.update(old, after)).toThrow(refused('rolled_back'));
    const newer = hub.offer(ceremony.roots, ceremony.targets(1), START + 5 * YEAR);
    expect(() => node.update(newer, after)).toThrow(refused('rolled_back'));
    expect(node.boot()).toBe('1.1.0');
  });

  /** As thieves would: with no signer that asks them anything. */
  function forge(
    changes: { version: number; release: string; floor?: string },
    by: readonly Pick<SigningKey, 'sign' | 'publicKey'>[],
  ): Uint8Array {
    const honest = peekTargets(ceremony.targets(1));
    const targets = honest.targets.map(({ custom, ...target }) => ({
      ...target,
      path: `payload/${changes.release}/${custom.platform}`,
      custom: { ...custom, version: changes.release },
    }));
    const body = buildTargets({ ...honest, floor: '1.0.0', ...changes, targets });
    return formatMetadata(
      withSignatures(
        body,
        by.map((key) => signBody(body, key)),
      ),
    );
  }
});
