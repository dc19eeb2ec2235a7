import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const SRC = normalize(join(import.meta.dirname, '..'));

/** What a module brings along at run time: `import type` is gone by then. */
function broughtAlong(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  const text = readFileSync(join(SRC, path), 'utf8');
  for (const [, names, specifier] of text.matchAll(/^(?:import|export) ([^;]*?) from '([#.][^']+)'/gms)) {
    if (names!.startsWith('type ')) continue;
    const target = specifier!.startsWith('#') ? specifier!.slice(1) : join(dirname(path), specifier!);
    broughtAlong(normalize(target), seen);
  }
  return seen;
}

test('the face that a hub imports brings along nothing that opens keys or journals', () => {
  const modules = [...broughtAlong('client.ts')];
  expect(modules).toContain('client/socket.ts');
  expect(
    modules.filter((path) =>
      /(^|\/)(keys|service|desk|journal\/journal|disk|making|place)(\.ts|\/)/.test(path),
    ),
  ).toEqual([]);
});
