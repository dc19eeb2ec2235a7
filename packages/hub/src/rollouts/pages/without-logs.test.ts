import { describe, expect, it } from 'vitest';
import { withoutLogs } from './without-logs.ts';

describe('the log of a node', () => {
  it('is for who operates it: others see what became of its updates, and why', () => {
    const ended = { reason: 'crashed', lastLines: ['a secret of the host'] };
    const shown = { update: ended, places: 1, history: [ended] };
    expect(withoutLogs(shown, true)).toEqual(shown);
    const bare = { reason: 'crashed', lastLines: [] };
    expect(withoutLogs(shown, false)).toEqual({ update: bare, places: 1, history: [bare] });
  });
});
