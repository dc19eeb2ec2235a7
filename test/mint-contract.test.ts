import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runScript } from './chainweb/pact/interpreter/repl.ts';

const file = (name: string) =>
  readFileSync(new URL(`../packages/hub/src/mint/contract/${name}`, import.meta.url), 'utf8');
const contract = file('register.pact');
const script = file('register.repl');

describe('the register', () => {
  it.each(runScript(script, () => contract))('$title', ({ fault }) => {
    expect(fault).toBeUndefined();
  });
});

/** The form that begins at an index of the text. */
function formAt(text: string, from: number): string {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    if (text[at] === ')') depth -= 1;
    if (depth === 0) return text.slice(from, at + 1);
  }
  throw new RangeError('a form without an end');
}

const forms = (pattern: RegExp) =>
  [...contract.matchAll(pattern)].map(({ index }) => ({ index, form: formAt(contract, index) }));

/** The two conditions of an `and`. */
function halves(form: string): readonly string[] {
  const second = form.indexOf('(', '(and '.length + formAt(form, '(and '.length).length);
  return [formAt(form, '(and '.length), formAt(form, second)];
}

const weakened = [
  ...forms(/\(enforce(?:-guard)? /g).map((guard) => ({ ...guard, by: 'true' })),
  ...forms(/\(and \(/g).flatMap((both) => halves(both.form).map((by) => ({ ...both, by }))),
];

describe('the script of the register notices where', () => {
  it.each(weakened)('$form becomes $by', ({ index, form, by }) => {
    const without = contract.slice(0, index) + by + contract.slice(index + form.length);
    expect(runScript(script, () => without).filter(({ fault }) => fault !== undefined)).not.toEqual([]);
  });
});
