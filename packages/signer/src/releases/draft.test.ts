import { makeReleaseParties, makeTarget } from '@stoa/protocol/fixtures';
import {
  buildRoot,
  buildTargets,
  formatUnsigned,
  parseMetadata,
  peekRoot,
  peekTargets,
  type ReleaseContent,
} from '@stoa/protocol/release';
import { describe, expect, test } from 'vitest';
import { describeRelease } from '#releases/description.ts';
import { parseDraft, requireSound } from '#releases/draft.ts';

const NOW = Date.UTC(2026, 10, 26);
const content: ReleaseContent = {
  version: 1,
  expiresAt: NOW + 1e9,
  release: '1.1.0',
  floor: '1.0.0',
  security: false,
  notes: '',
  sbom: undefined,
  targets: [makeTarget('linux-x64', '1.1.0', { bytes: new Uint8Array(9) })],
};

describe('a draft', () => {
  test.each(['signed', 'release', 'custom'])(
    'with a field that nobody shows is refused: in its %s',
    (where) => {
      const body = buildTargets(content);
      const [target] = Object.values(body.targets);
      const into = {
        signed: body.unrecognizedFields,
        release: body.unrecognizedFields['release'],
        custom: target!.unrecognizedFields['custom'],
      }[where] as Record<string, unknown>;
      expect(parseDraft(formatUnsigned(body))).toMatchObject({ role: 'targets' });
      into['run'] = 'rm';
      expect(() => parseDraft(formatUnsigned(body))).toThrow(/can not show/);
      // Nodes go on taking what a later signer may add.
      expect(peekTargets(formatUnsigned(body)).release).toBe('1.1.0');
    },
  );

  test('of a root that counts one person twice, or the hub among people, is refused', () => {
    const root = peekRoot(makeReleaseParties('draft').root());
    const { roles } = root;
    const [first, second, third] = roles.targets.keys;
    const twice = { ...roles.targets, keys: [first!, { ...second!, holder: first!.holder }, third!] };
    const hub = { ...roles.targets, keys: [first!, second!, roles.snapshot.keys[0]!] };
    for (const [targets, words] of [
      [twice, /a threshold counts people/],
      [hub, /would stand for/],
    ] as const) {
      const bytes = formatUnsigned(
        buildRoot({ ...root, version: 1, expiresAt: NOW + 1e9, roles: { ...roles, targets } }),
      );
      const draft = parseDraft(bytes);
      expect(parseMetadata('root', bytes).signed.version).toBe(1);
      expect(() => requireSound(draft, { root: undefined, previous: undefined, now: NOW })).toThrow(words);
    }
  });

  test('shows what changed of a file that keeps its path', () => {
    const [target] = content.targets;
    const next = {
      ...content,
      version: 2,
      targets: [{ ...target!, custom: { ...target!.custom, minLauncher: '9.0.0' as const } }],
    };
    const lines = describeRelease({ ...next, sha256: 'ab' }, content);
    expect(lines.find(([name]) => name === '~ file')?.[1]).toContain('launcher 9.0.0');
  });
});
