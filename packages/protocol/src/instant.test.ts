import { describe, expect, it } from 'vitest';
import { instantText } from './instant.ts';

describe('an instant in a message', () => {
  it('is a date, or a number where no calendar goes', () => {
    expect(instantText(0)).toBe('1970-01-01T00:00:00.000Z');
    expect(instantText(8_640_000_000_000_001)).toBe('8640000000000001 ms after 1970');
    expect(instantText(Number.NaN)).toBe('NaN ms after 1970');
  });
});
