import { describe, expect, test } from 'vitest';
import { utf8 } from '../bytes.ts';
import { formatBuild, parseBuild, type ReleaseBuild } from './index.ts';

const BUILD: ReleaseBuild = {
  version: '1.2.3',
  node: '24.21.0',
  minLauncher: '1.0.0',
  files: [
    { kind: 'payload', platform: 'linux-x64', file: 'payload.cjs' },
    { kind: 'runtime-patch', platform: 'linux-x64', file: 'patches/a.zst', from: 'ab'.repeat(32) },
  ],
  sbom: 'sbom.json',
};

describe('the description of a build', () => {
  test('is read as it was written', () => {
    expect(parseBuild(utf8(formatBuild(BUILD)))).toEqual(BUILD);
  });

  test.for([
    ['a file outside', { file: '../payload.cjs' }],
    ['an absolute file', { file: '/etc/passwd' }],
    ['a way out in the middle', { file: 'a/../../b' }],
    ['an unknown kind', { kind: 'script' }],
    ['an unknown platform', { platform: 'win32' }],
    ['a patch of nothing', { kind: 'runtime-patch' }],
  ] as const)('with %s is refused', ([, change]) => {
    const files = [{ ...BUILD.files[0]!, ...change }];
    expect(() => parseBuild(utf8(JSON.stringify({ ...BUILD, files })))).toThrow(
      expect.objectContaining({ code: 'malformed' }),
    );
  });

  test('without files, version or form is refused', () => {
    for (const text of ['{', 'null', '[]', JSON.stringify({ ...BUILD, files: [] })])
      expect(() => parseBuild(utf8(text))).toThrow(expect.objectContaining({ code: 'malformed' }));
    expect(() => parseBuild(utf8(JSON.stringify({ ...BUILD, version: '1.2' })))).toThrow(/"1.2"/);
  });
});
