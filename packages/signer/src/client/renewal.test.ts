import { LIMITS } from '@stoa/protocol';
import { expect, test } from 'vitest';
import { renewalDue } from '#client/renewal.ts';

const LIFE = LIMITS.instanceCertMs;
const cert = { serial: 10, notAfter: LIFE };

test('is due from a third of the seven days on', () => {
  expect(renewalDue(cert, LIFE / 3 - 1)).toBe(false);
  expect(renewalDue(cert, LIFE / 3)).toBe(true);
  expect(renewalDue(cert, 2 * LIFE)).toBe(true);
});

test('is due at once when the region has voided the serial', () => {
  expect(renewalDue(cert, 0, 10)).toBe(false);
  expect(renewalDue(cert, 0, 11)).toBe(true);
});
