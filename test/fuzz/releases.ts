import { equalBytes } from '@stoa/protocol';
import { makeReleaseParties } from '@stoa/protocol/fixtures';
import {
  BUILD_FILE,
  formatBuild,
  formatMetadata,
  parseBuild,
  parseMetadata,
  peekRoot,
  peekTargets,
  ReleaseError,
  type RoleName,
  verifyNamedTargets,
  verifyRoots,
  verifySnapshot,
  verifyTimestamp,
} from '@stoa/protocol/release';
import { perhaps } from './mutation.ts';
import { demand, type Outcome, type Target } from './oracle.ts';
import type { Prng } from './prng.ts';

const parties = makeReleaseParties('fuzz: releases');
const anchor = parties.root();
const next = parties.root({ version: 2, floor: { version: '1.1.0', targets: 1, since: 2 } });
const release = parties.targets({ floor: '1.1.0', notes: 'Two\nlines, "quoted".' });
const { snapshot, timestamp } = parties.online(release);
const root = verifyRoots(anchor);
const named = {
  timestamp: verifyTimestamp(root, timestamp),
  snapshot: verifySnapshot(root, snapshot, { timestamp: verifyTimestamp(root, timestamp) }),
};

const FILES: readonly { role: RoleName; honest: Uint8Array; verify(bytes: Uint8Array): void }[] = [
  { role: 'root', honest: next, verify: (bytes) => void verifyRoots(anchor, [bytes]) },
  { role: 'targets', honest: release, verify: (bytes) => void verifyNamedTargets(root, bytes, named) },
  { role: 'snapshot', honest: snapshot, verify: (bytes) => void verifySnapshot(root, bytes, named) },
  { role: 'timestamp', honest: timestamp, verify: (bytes) => void verifyTimestamp(root, bytes) },
];

/** Values that a field may turn into; written as text, so that a key may stand for a prototype. */
const SHAPES = [
  'null',
  '-1',
  '1.5',
  '9007199254740993',
  '""',
  '"x"',
  '"\\ud800"',
  '[]',
  '{}',
  'true',
  '{"__proto__":1}',
];

/** One value somewhere in the JSON becomes another: bytes that are changed blindly seldom remain JSON. */
function reshape(bytes: Uint8Array, prng: Prng): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  const values = [
    ...text.matchAll(/(?<=[:[,])("(?:[^"\\]|\\.)*"|\d+|true|false|\{[^{}]*\}|\[[^[\]]*\])(?=[,}\]])/g),
  ];
  const { index, 0: value } = prng.of(values);
  return new TextEncoder().encode(text.slice(0, index) + prng.of(SHAPES) + text.slice(index + value.length));
}

function fed({ honest }: { honest: Uint8Array }, prng: Prng): Uint8Array {
  if (prng.chance(2)) return reshape(honest, prng);
  return perhaps(honest, prng, { other: prng.of(FILES).honest, honest: 20 });
}

/** What a node or a holder does with bytes that nobody vouches for: a mirror's, or a draft. */
const reading: Target = {
  name: 'releases, unproven',
  share: 8,
  run(prng, trace) {
    const file = prng.of(FILES);
    const { role } = file;
    const input = fed(file, prng);
    trace(role, input);
    return attempt(() => {
      const metadata = role === 'root' ? parseMetadata('root', input) : parseMetadata('targets', input);
      demand(equalBytes(formatMetadata(metadata), input), 'one content has two forms');
      if (role === 'root') peekRoot(input);
      else peekTargets(input);
    });
  },
};

/** Nothing but what was signed is taken. An older root in a chain is passed over, so that verdict is no trust. */
const proving: Target = {
  name: 'releases, signed',
  share: 4,
  run(prng, trace) {
    const file = prng.of(FILES);
    const { role, honest, verify } = file;
    const input = fed(file, prng);
    trace(role, input);
    return attempt(() => {
      verify(input);
      demand(
        equalBytes(input, honest) || (role === 'root' && peekRoot(input).version < 2),
        'taken, and never signed',
      );
    });
  },
};

const description = new TextEncoder().encode(
  formatBuild({
    version: '1.2.3',
    node: '24.21.0',
    minLauncher: '1.0.0',
    files: [{ kind: 'payload', platform: 'linux-x64', file: 'payload.cjs' }],
    sbom: 'sbom.json',
  }),
);

/** A builder that was broken into describes its files: none lies outside of the directory. */
const building: Target = {
  name: 'descriptions of builds',
  share: 4,
  run(prng, trace) {
    const input = perhaps(description, prng, { other: description, honest: 20 });
    trace(BUILD_FILE, input);
    return attempt(() => {
      const { files, sbom = 'none' } = parseBuild(input);
      for (const file of [sbom, ...files.map((each) => each.file)])
        demand(!/^\/|(^|\/)\.\.?(\/|$)/.test(file), `${file} leads out of the directory`);
    });
  },
};

function attempt(act: () => void): Outcome {
  try {
    act();
    return 'accepted';
  } catch (error) {
    if (error instanceof ReleaseError) return 'refused';
    throw error;
  }
}

export const releaseTargets: readonly Target[] = [reading, proving, building];
