import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const document = readFileSync(join(ROOT, 'docs/conformance.md'), 'utf8');
const rows = document
  .split('\n')
  .filter((line) => line.startsWith('| §16.'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

it('names every clause of the plan from §16.3 to §16.11', () => {
  const clauses = new Set(rows.map(([, clause]) => clause));
  for (let i = 3; i <= 11; i += 1) expect(clauses).toContain(`§16.${i}`);
});

it('names code and tests that exist, both or neither', () => {
  const paths = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]!);
  const missing = rows.flatMap(([, clause, , code, tests]) => {
    const named = [...paths(code), ...paths(tests)];
    if (paths(code).length > 0 !== paths(tests).length > 0)
      return [`${clause}: code without test, or test without code`];
    return named.filter((path) => !existsSync(join(ROOT, path))).map((path) => `${clause}: ${path}`);
  });
  expect(missing).toEqual([]);
});
