/** The reference client of TUF for Node, over the same files: it takes what we take, and what it refuses we refuse. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BaseFetcher, Updater } from 'tuf-js';
import { DownloadHTTPError } from 'tuf-js/dist/error.js';
import { expect, onTestFinished, test } from 'vitest';
import { makeReleaseParties, namedKeys } from '../fixtures/index.ts';
import {
  NO_FLOORS,
  peekTargets,
  ReleaseError,
  raiseFloors,
  verifyNamedTargets,
  verifyRoots,
  verifySnapshot,
  verifyTimestamp,
} from './index.ts';

/** The reference client reads the real clock. */
const expiresAt = Date.UTC(2100, 0, 1);
const parties = makeReleaseParties('reference');
const { keys } = parties;
const root = parties.root({ expiresAt });
const targets = parties.targets({ expiresAt });
const PATH = 'payload/1.2.3/linux-x64';

/** Files by the names below `metadata/`. */
type Tree = Readonly<Record<string, Uint8Array>>;

function tree(file: Uint8Array, changes: { version?: number } = {}, by = keys.hub): Tree {
  const { version = 1 } = changes;
  const targetsVersion = peekTargets(file).version;
  const { snapshot, timestamp } = parties.online(file, { version, targetsVersion, expiresAt }, by);
  return {
    'timestamp.json': timestamp,
    [`${version}.snapshot.json`]: snapshot,
    [`${targetsVersion}.targets.json`]: file,
  };
}

class TreeFetcher extends BaseFetcher {
  readonly #tree: Tree;

  constructor(files: Tree) {
    super();
    this.#tree = files;
  }

  override async fetch(url: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const bytes = this.#tree[url.replace('https://mirror.example/metadata/', '')];
    if (bytes === undefined) throw new DownloadHTTPError('not found', 404);
    return new Blob([Uint8Array.from(bytes)]).stream();
  }
}

/** A client that keeps what it saw, as a node does. */
function client() {
  const metadataDir = mkdtempSync(join(tmpdir(), 'stoa-tuf-'));
  onTestFinished(() => rmSync(metadataDir, { recursive: true, force: true }));
  writeFileSync(join(metadataDir, 'root.json'), root);
  return async (files: Tree) => {
    const fetcher = new TreeFetcher(files);
    const updater = new Updater({ metadataDir, metadataBaseUrl: 'https://mirror.example/metadata', fetcher });
    await updater.refresh();
    return updater.getTargetInfo(PATH);
  };
}

function node() {
  let floors = NO_FLOORS;
  let trusted = [root];
  return (files: Tree) => {
    const newer = Object.keys(files).filter((name) => name.endsWith('.root.json'));
    const chain = [...trusted.slice(1), ...newer.sort().map((name) => files[name]!)];
    const judged = { floors, at: Date.UTC(2026, 10, 26) };
    const known = verifyRoots(trusted[0]!, chain, judged);
    const timestamp = verifyTimestamp(known, files['timestamp.json']!, judged);
    const named = (role: string, version: number) => files[`${version}.${role}.json`] ?? new Uint8Array();
    const by = { ...judged, timestamp };
    const snapshot = verifySnapshot(known, named('snapshot', timestamp.names.version), by);
    const release = verifyNamedTargets(known, named('targets', snapshot.names.version), {
      ...judged,
      snapshot,
    });
    floors = raiseFloors(floors, known, { timestamp, snapshot, targets: release });
    trusted = [trusted[0]!, ...chain];
    return release.targets.find(({ path }) => path === PATH);
  };
}

const honest = tree(targets);
const second = parties.targets({ version: 2, notes: 'Newer.', expiresAt });
const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, at) => (at === 300 ? byte ^ 1 : byte));
const rotated = () => {
  const others = [parties.newKey(), parties.newKey(), parties.newKey()];
  const roles = { ...verifyRoots(root).roles, targets: { keys: namedKeys(others), threshold: 2 } };
  const next = parties.root({ version: 2, roles, expiresAt });
  return { next, alone: parties.root({ version: 2, roles, expiresAt }, keys.root.slice(0, 1)), others };
};
const { next, alone, others } = rotated();
const byOthers = parties.targets({ version: 2, expiresAt }, others.slice(0, 2));

test.for<[string, readonly Tree[], boolean]>([
  ['an honest release', [honest], true],
  ['the same again', [honest, honest], true],
  ['a newer release', [honest, tree(second, { version: 2 })], true],
  ['new holders of targets', [honest, { ...tree(byOthers, { version: 2 }), '2.root.json': next }], true],
  ['a root that one holder signed', [{ ...tree(byOthers), '2.root.json': alone }], false],
  ['a release of former holders', [{ ...tree(second), '2.root.json': next }], false],
  ['a release of one holder', [tree(parties.targets({ expiresAt }, keys.targets.slice(0, 1)))], false],
  ['an older timestamp', [tree(second, { version: 2 }), honest], false],
  [
    'an older release by a newer timestamp',
    [tree(second, { version: 2 }), tree(targets, { version: 3 })],
    false,
  ],
  ['another hub', [tree(targets, {}, parties.newKey())], false],
  ['a flipped byte of the release', [{ ...honest, '1.targets.json': flip(targets) }], false],
  [
    'a flipped byte of the snapshot',
    [{ ...honest, '1.snapshot.json': flip(honest['1.snapshot.json']!) }],
    false,
  ],
  ['a mixture of two releases', [{ ...honest, '1.targets.json': second }], false],
])('%s', async ([, trees, taken]) => {
  const [reference, ours] = [client(), node()];
  for (const [i, files] of trees.entries()) {
    const theirs = await reference(files).catch(() => undefined);
    const own = attempt(() => ours(files));
    const expected = i < trees.length - 1 || taken;
    expect([theirs !== undefined, own !== undefined]).toEqual([expected, expected]);
    if (theirs !== undefined)
      expect([own?.sha256, own?.length]).toEqual([theirs.hashes['sha256'], theirs.length]);
  }
});

function attempt<T>(task: () => T): T | undefined {
  try {
    return task();
  } catch (error) {
    if (error instanceof ReleaseError) return undefined;
    throw error;
  }
}
