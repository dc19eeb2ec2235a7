import { describe, expect, it } from 'vitest';
import { goal, HOUR } from '#update/goal.fixture.ts';
import { type Circumstances, judge, NOTICE_MS } from '#update/judgement.ts';
import { NO_WISHES, parseDeferral, parsePin, parseWindow, untilWindow } from '#update/preferences.ts';

const NOW = Date.UTC(2026, 10, 26, 12);

function facts(over: Partial<Circumstances> = {}): Circumstances {
  return {
    now: NOW,
    has: false,
    reached: '1.0.0',
    floor: '0.9.0',
    floorSeenAt: undefined,
    security: false,
    updateOnly: false,
    preferences: NO_WISHES,
    preferencesFault: '',
    rejected: [],
    takenAt: NOW,
    ...over,
  };
}

const wishes = (over: Partial<typeof NO_WISHES>) => facts({ preferences: { ...NO_WISHES, ...over } });

describe('whether an update may begin', () => {
  it.each([
    ['as it is', {}, facts(), { verdict: 'go' }],
    ['it runs already', {}, facts({ has: true }), { verdict: 'has' }],
    [
      'below the floor',
      { version: '0.8.0' },
      facts({ reached: '0.8.0' }),
      { verdict: 'no', reason: 'below_floor' },
    ],
    ['it failed here', {}, facts({ rejected: ['1.1.0'] }), { verdict: 'no', reason: 'failed_before' }],
    ['a downgrade', { version: '0.9.5' }, facts(), { verdict: 'no', reason: 'older' }],
    ['a rollback is none', { act: 'rollback', version: '' }, facts(), { verdict: 'go' }],
    ['too early', { notBefore: NOW + 5 }, facts(), { verdict: 'wait', until: NOW + 5, reason: 'not_before' }],
    ['pinned elsewhere', {}, wishes({ pin: '1.0.0' }), { verdict: 'no', reason: 'pinned' }],
    ['pinned to it', {}, wishes({ pin: '1.1.0' }), { verdict: 'go' }],
    ['deferred', {}, wishes({ deferUntil: NOW + HOUR }), { verdict: 'wait', until: NOW + HOUR }],
    ['deferred, now or not', { now: true }, wishes({ deferUntil: NOW + HOUR }), { verdict: 'wait' }],
    ['outside the window', {}, wishes({ window: '13:00-14:00' }), { verdict: 'wait', until: NOW + HOUR }],
    ['within it', {}, wishes({ window: '11:00-14:00' }), { verdict: 'go' }],
    [
      'now, whatever the window',
      { now: true },
      { ...wishes({ window: '13:00-14:00' }), security: true },
      { verdict: 'go' },
    ],
    [
      'now, which only the hub says',
      { now: true },
      wishes({ window: '13:00-14:00' }),
      { verdict: 'wait', reason: 'outside_window' },
    ],
    [
      'back, wanted by the host, whatever is pinned',
      { by: 'host', act: 'rollback', version: '' },
      wishes({ pin: '1.1.0' }),
      { verdict: 'go' },
    ],
    [
      'wanted by the host',
      { by: 'host' },
      wishes({ deferUntil: NOW + 1, window: '13:00-14:00' }),
      { verdict: 'go' },
    ],
    [
      'unreadable wishes',
      {},
      facts({ preferencesFault: 'torn' }),
      { verdict: 'no', reason: 'wishes_unreadable' },
    ],
  ] as const)('%s', (_name, over, circumstances, expected) => {
    expect(judge(goal(over), circumstances)).toMatchObject(expected);
  });

  it('defers for 14 days at most, whatever was written', () => {
    const far = wishes({ deferUntil: NOW + 400 * 24 * HOUR });
    expect(judge(goal(), far)).toMatchObject({ verdict: 'wait', until: NOW + 14 * 24 * HOUR });
    expect(judge(goal(), { ...far, now: NOW + 14 * 24 * HOUR })).toEqual({ verdict: 'go' });
  });

  it('goes past pin, deferral and window for a security floor, after a day of notice', () => {
    const stubborn = wishes({ pin: '1.0.0', deferUntil: NOW + 99 * HOUR, window: '01:00-02:00' });
    const seen = { ...stubborn, floorSeenAt: NOW - NOTICE_MS + 1 };
    expect(judge(goal(), seen)).toMatchObject({ verdict: 'no', reason: 'pinned' });
    expect(judge(goal(), { ...seen, now: NOW + 1 })).toEqual({ verdict: 'go' });
    expect(judge(goal(), { ...stubborn, updateOnly: true })).toEqual({ verdict: 'go' });
  });
});

describe('what an owner may say', () => {
  it('is read, or refused with what was expected', () => {
    expect(parsePin('v1.2.3')).toBe('1.2.3');
    expect(parseDeferral('3d', 5)).toBe(5 + 72 * HOUR);
    expect(parseWindow('22:00-05:30')).toBe('22:00-05:30');
    const bad = expect.objectContaining({ code: 'bad_preference' });
    for (const text of ['1.2', '01.2.3', '1.2.3-rc']) expect(() => parsePin(text)).toThrow(bad);
    for (const text of ['15d', '0h', '3', '1w']) expect(() => parseDeferral(text, 0)).toThrow(bad);
    for (const text of ['24:00-01:00', '5-6', '02:00-02:00']) expect(() => parseWindow(text)).toThrow(bad);
  });

  it('opens at its hour, also across midnight', () => {
    const at = (hour: number) => Date.UTC(2026, 10, 26, hour);
    expect(untilWindow('22:00-05:00', at(23))).toBe(0);
    expect(untilWindow('22:00-05:00', at(4))).toBe(0);
    expect(untilWindow('22:00-05:00', at(5))).toBe(17 * HOUR);
    expect(untilWindow('02:00-05:00', at(5))).toBe(21 * HOUR);
  });
});
