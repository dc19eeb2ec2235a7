import { readFileSync } from 'node:fs';
import { KIND_NAMES, PROVEN } from '@stoa/protocol';
import { expect, it } from 'vitest';

it('the README names each kind that was not tried for real, and no other as such', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const section = /### Work on nodes\n[\s\S]*?\n\n/.exec(readme)?.[0] ?? '';
  const named = KIND_NAMES.filter((kind) => section.includes(`\`${kind}\``));
  expect(named).toEqual(KIND_NAMES.filter((kind) => PROVEN[kind].by === 'transcript'));
});
