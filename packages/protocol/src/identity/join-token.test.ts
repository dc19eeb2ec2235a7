import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../fixtures/random.ts';
import { formatJoinToken, parseJoinToken } from './join-token.ts';

const random = seededRandom('join token');
const token = {
  hub: 'https://hub.example',
  region: 'eu',
  owner: 'operator@example.org',
  rootFingerprint: random(32),
  tokenId: random(16),
  secret: random(32),
  expiresAt: 1_795_000_000_000,
};
const formatted = formatJoinToken(token);

/** Everything that an error can show: its message and all of its causes. */
function refusalOf(text: string): string {
  try {
    parseJoinToken(text);
  } catch (error) {
    expect(error).toMatchObject({ name: 'ProtocolError', code: 'bad_join_token', retry: false });
    const shown: string[] = [];
    for (let at: unknown = error; at instanceof Error; at = at.cause) shown.push(`${at.message} ${at.stack}`);
    return shown.join('\n');
  }
  throw new Error('the token was accepted');
}

describe('a join token', () => {
  it('comes back as it was made, also with space around it', () => {
    expect(parseJoinToken(formatted)).toEqual(token);
    expect(parseJoinToken(` ${formatted}\n`)).toEqual(token);
    expect(formatted).toMatch(/^stoa1_[A-Za-z0-9_-]+$/);
  });

  it.each([
    ['nothing', ''],
    ['another prefix', formatted.replace('stoa1_', 'stoa2_')],
    ['a prefix in capitals', formatted.replace('stoa1_', 'STOA1_')],
    ['no prefix', formatted.slice(6)],
    ['the prefix alone', 'stoa1_'],
    ['a space inside', `${formatted.slice(0, 40)} ${formatted.slice(40)}`],
    ['a line break inside', `${formatted.slice(0, 40)}\n${formatted.slice(40)}`],
    ['padding', `${formatted}==`],
    ['a second token behind it', formatted + formatted],
    ['one more byte', `${formatted}AA`],
  ])('with %s is refused', (_, text) => {
    expect(refusalOf(text)).toContain('copy it whole from the console');
  });

  it('is refused when cut anywhere, and no error ever repeats a piece of it', () => {
    for (let length = 6; length < formatted.length; length += 1)
      expect(leaks(refusalOf(formatted.slice(0, length)), formatted)).toBe(false);
  });

  it('is read as something else or refused with any one character changed, and never repeated', () => {
    fc.assert(
      fc.property(fc.nat(formatted.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, letter) => {
        fc.pre(formatted[at] !== letter);
        const text = formatted.slice(0, at) + letter + formatted.slice(at + 1);
        try {
          expect(parseJoinToken(text)).not.toEqual(token);
        } catch (error) {
          if (!(error instanceof Error) || error.name !== 'ProtocolError') throw error;
          expect(leaks(refusalOf(text), text)).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** Whether the shown text holds eight characters in a row of the token's secret part. */
function leaks(shown: string, text: string): boolean {
  for (let at = 6; at + 8 <= text.length; at += 1) if (shown.includes(text.slice(at, at + 8))) return true;
  return false;
}
