import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../bytes.ts';
import { KIND_NAMES, type KindName, kindOf } from './kinds.ts';
import {
  DEFAULT_POLICY,
  decideKind,
  decideSigner,
  MAX_POLICY_BYTES,
  parseLocalPolicy,
} from './local-policy.ts';
import type { Order } from './order.ts';

const rule = fc.record({
  verb: fc.constantFrom('allow', 'deny'),
  value: fc.constantFrom(...KIND_NAMES, 'read', 'disruptive', 'code', '*'),
});
const kind = fc.constantFrom(...KIND_NAMES);

describe('the local policy', () => {
  it('decides as its lines read: deny wins, and an allow line makes the rest forbidden', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 8 }), kind, (rules, name) => {
        const names = (value: string) => value === '*' || value === name || value === kindOf(name).class;
        const denied = rules.some(({ verb, value }) => verb === 'deny' && names(value));
        const allows = rules.filter(({ verb }) => verb === 'allow');
        const expected = !denied && (allows.length === 0 || allows.some(({ value }) => names(value)));
        const policy = parseLocalPolicy(rules.map(({ verb, value }) => `${verb} ${value}`).join('\n'));
        const decision = decideKind(policy, name);
        expect(decision.allowed).toBe(expected);
        // What decided is told in the file's own words.
        if (denied) expect(rules.map(({ verb, value }) => `${verb} ${value}`)).toContain(decision.rule);
      }),
      { numRuns: 300 },
    );
  });

  it('reads the same however it is spaced and commented', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 6 }), fc.constantFrom(' ', '\t', '   '), (rules, gap) => {
        const lines = rules.map(({ verb, value }) => `${verb} ${value}`);
        const dressed = rules.map(({ verb, value }) => `${gap}${verb}${gap}${value}${gap}# why${gap}not`);
        expect(parseLocalPolicy(dressed.join('\r\n\n#\n'))).toEqual(parseLocalPolicy(lines.join('\n')));
      }),
    );
    expect(parseLocalPolicy('')).toEqual(DEFAULT_POLICY);
    expect(parseLocalPolicy('# a \u2028 deny code')).toEqual(DEFAULT_POLICY);
  });

  it('takes what only the owner of the host says', () => {
    const key = 'ab'.repeat(32);
    expect(parseLocalPolicy(`admin ${key}\ndisruptive-per-day 0`)).toEqual({
      ...DEFAULT_POLICY,
      admins: [key],
      disruptivePerDay: 0,
    });
  });

  it.each([
    ['deny code\ndeny benchmark', "line 2 of the policy: 'deny' names 'benchmark'"],
    ['permit code', "line 1 of the policy: 'permit' is no word"],
    ['\n\ndeny', "line 3 of the policy: 'deny' takes one word"],
    ['deny code disruptive', 'takes one word'],
    ['admin abc', '64 hex digits'],
    [`admin ${'AB'.repeat(32)}`, '64 hex digits'],
    ['disruptive-per-day many', 'a number from 0 to 999'],
    ['disruptive-per-day -1', 'a number from 0 to 999'],
    ['deny constructor', "names 'constructor'"],
    [`#${'x'.repeat(MAX_POLICY_BYTES)}`, 'longer than 2048 bytes'],
  ])('%j is told by its line, and allows nothing', (text, message) => {
    expect(() => parseLocalPolicy(text)).toThrow(
      expect.objectContaining({ code: 'bad_policy', message: expect.stringContaining(message) }),
    );
  });

  it('denies what this build does not know', () => {
    for (const name of ['shell', 'constructor', ''])
      expect(decideKind(parseLocalPolicy('allow *'), name)).toEqual({
        allowed: false,
        rule: 'this kind is not known',
      });
  });
});

describe('who may order', () => {
  const key = 'cd'.repeat(32);
  const signed = (by: 'owner' | 'admin') => ({ by, order: { signerKey: fromHex(key) } as Order });

  it('is the owner for all, an admin for what brings no code, and for code those whom the owner listed', () => {
    const listed = parseLocalPolicy(`admin ${key}`);
    const other = parseLocalPolicy(`admin ${'ef'.repeat(32)}`);
    for (const name of KIND_NAMES) {
      const decide = (policy: typeof listed, by: 'owner' | 'admin') =>
        decideSigner(policy, name, signed(by)).allowed;
      expect([decide(other, 'owner'), decide(listed, 'admin'), decide(other, 'admin')]).toEqual([
        true,
        true,
        kindOf(name).class !== 'code',
      ]);
    }
    expect(decideSigner(other, 'apt-upgrade', signed('admin')).rule).toContain(key);
    expect(decideSigner(listed, 'shell' as KindName, signed('owner')).allowed).toBe(false);
  });
});
