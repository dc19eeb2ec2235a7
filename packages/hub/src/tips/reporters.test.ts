import { describe, expect, it } from 'vitest';
import { FixedClock, node } from './braid.fixture.ts';
import { Reporters } from './reporters.ts';

const HOUR = 3_600_000;
const fault = { code: 'wrong_target', why: 'for the test' };

function fresh(): { reporters: Reporters; clock: FixedClock } {
  const clock = new FixedClock();
  return { clock, reporters: new Reporters({ clock }) };
}

describe('the hourly budget', () => {
  it('holds per node and clock hour', () => {
    const { reporters, clock } = fresh();
    clock.ms += 20 * 60_000;
    for (let each = 0; each < 20; each += 1) {
      expect(reporters.admit(node('a'))).toEqual({ admitted: true, retryAfterMs: 0 });
      reporters.charge(node('a'));
    }
    expect(reporters.admit(node('a'))).toEqual({ admitted: false, retryAfterMs: 40 * 60_000 });
    expect(reporters.admit(node('b')).admitted).toBe(true);
    clock.ms += 40 * 60_000;
    expect(reporters.admit(node('a')).admitted).toBe(true);
  });

  it('does not bind the reference node', () => {
    const { reporters } = fresh();
    const reference = node('r', { reference: true });
    for (let each = 0; each < 100; each += 1) {
      reporters.charge(reference);
    }
    expect(reporters.admit(reference).admitted).toBe(true);
  });
});

describe('an invalid header', () => {
  it('costs the tip credit of that hour', () => {
    const { reporters, clock } = fresh();
    reporters.accuse(node('a'), fault);
    expect(reporters.tipCredit('a')).toBe(false);
    expect(reporters.tipCredit('b')).toBe(true);
    clock.ms += HOUR;
    expect(reporters.tipCredit('a')).toBe(true);
  });

  it('names its sender, the newest first', () => {
    const { reporters, clock } = fresh();
    reporters.accuse(node('a'), fault);
    reporters.accuse(node('b'), fault);
    clock.ms += 5_000;
    reporters.accuse(node('a'), { ...fault, code: 'wrong_weight' });
    expect(reporters.offenders()).toEqual([
      { reporter: node('a'), count: 2, code: 'wrong_weight', why: 'for the test', lastAt: clock.ms },
      { reporter: node('b'), count: 1, code: 'wrong_target', why: 'for the test', lastAt: clock.ms - 5_000 },
    ]);
  });

  it('is remembered for the last thousand senders', () => {
    const { reporters } = fresh();
    for (let each = 0; each < 1_500; each += 1) {
      reporters.accuse(node(`n${each}`), fault);
    }
    expect(reporters.offenders()).toHaveLength(1_000);
    expect(reporters.offenders()[0]?.reporter.nodeId).toBe('n1499');
  });
});
