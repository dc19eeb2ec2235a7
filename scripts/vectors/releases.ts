import { utf8 } from '@stoa/protocol';
import { makeReleaseParties, makeTarget, NOW, namedKeys, seededRandom } from '@stoa/protocol/fixtures';
import {
  keyId,
  keySetId,
  METADATA_BYTES,
  peekRoot,
  peekTargets,
  ringHash,
  verifyRoots,
} from '@stoa/protocol/release';
import { type Json, toJson } from '../../test/kit/vector-json.ts';

/** Files of metadata, as text, and what a verifier makes of them. */
export function releaseVectors(): Json {
  const parties = makeReleaseParties('vectors: releases');
  const random = seededRandom('vectors: releases, drawn');
  const { keys } = parties;
  const first = parties.root();
  const others = [keys.targets[0]!, keys.targets[1]!, parties.newKey()];
  const roles = { ...peekRoot(first).roles, targets: { keys: namedKeys(others), threshold: 2 } };
  const floor = { version: '1.1.0', targets: 2, since: 2 };
  const second = parties.root({ version: 2, roles, floor }, [keys.root[0]!, keys.root[2]!]);
  const from = 'ab'.repeat(32);
  const patch = makeTarget('linux-arm64', '1.2.3', { custom: { kind: 'runtime-patch', from } });
  const targets = [makeTarget('linux-x64', '1.2.3'), makeTarget('linux-arm64', '1.2.3'), patch];
  const content = { version: 2, floor: '1.1.0', notes: 'Two\nlines, "quoted" \\ and ü.', targets };
  const release = parties.targets(content, [others[0]!, others[2]!]);
  const { snapshot, timestamp } = parties.online(release, { version: 7, targetsVersion: 2 });
  const nodeIds = Array.from({ length: 4 }, () => random(32));
  const { sha256 } = peekTargets(release);
  const refused = [
    { why: 'one signature', code: 'not_signed', file: parties.targets(content, [others[0]!]) },
    {
      why: 'a key that left',
      code: 'not_signed',
      file: parties.targets(content, [others[0]!, keys.targets[2]!]),
    },
    {
      why: 'before the floor of the root',
      code: 'rolled_back',
      file: parties.targets({ ...content, version: 1 }),
    },
    {
      why: 'a floor that the root did not lower',
      code: 'below_floor',
      file: parties.targets({ ...content, floor: '1.0.9' }),
    },
    { why: 'its end', code: 'expired', file: parties.targets({ ...content, expiresAt: NOW }) },
    { why: 'white space', code: 'malformed', file: utf8(` ${text(release)}`) },
  ];
  return toJson({
    about:
      'A file is JSON with sorted keys and without white space, and a line end. A signature is of the canonical JSON (OLPC) of `signed`, whose SHA-256 names the content. Refused is what a verifier at `at` says of the targets under the last root.',
    at: NOW,
    limits: METADATA_BYTES,
    keyIds: others.map(({ publicKey }) => ({ publicKey, keyId: keyId(publicKey) })),
    roots: [first, second].map(text),
    targetsKeySet: keySetId(verifyRoots(first, [second]).roles.targets),
    targets: { file: text(release), sha256 },
    snapshot: text(snapshot),
    timestamp: text(timestamp),
    rings: nodeIds.map((nodeId) => ({ nodeId, place: ringHash(sha256, nodeId) })),
    refused: refused.map(({ file, ...said }) => ({ ...said, file: text(file) })),
  });
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
