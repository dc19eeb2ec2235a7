import { describe, expect, it } from 'vitest';
import type { AgentReadings } from '#collectors/agent-collectors.ts';
import type { Readings } from '#collectors/collector-set.ts';
import { lampsOf } from '#status/lamps.ts';
import { LINK, NOTHING_YET, READINGS } from '#status/snapshot.fixture.ts';

const failed = {
  code: 'http_refused',
  message: 'GET http://127.0.0.1:1848/cut: refused',
  retry: true,
  ageMs: 1000,
};

function withReading<K extends keyof AgentReadings>(name: K, change: object): Readings<AgentReadings> {
  return { ...READINGS, [name]: { ...READINGS[name], ...change } };
}

describe('the lamps', () => {
  it('are green on a healthy node', () => {
    const { agent, hub, chain } = lampsOf(LINK, READINGS);
    expect([agent.state, hub.state, chain.state]).toEqual(['ok', 'ok', 'ok']);
  });

  it('know nothing before the first readings, and before enrolment', () => {
    const { hub, chain } = lampsOf(undefined, NOTHING_YET);
    expect(hub).toEqual({ state: 'unknown', why: 'not enrolled: run `stoa-agent enroll`' });
    expect(chain).toEqual({ state: 'unknown', why: 'no tips yet' });
  });
});

describe('the lamp of the chain', () => {
  it.each([
    [{ ageMs: 60_000 }, 'ok', '60 s old'],
    [{ ageMs: 61_000, error: failed }, 'warn', 'refused'],
    [{ ageMs: 301_000, error: failed }, 'fail', 'refused'],
    [{ ageMs: undefined, value: undefined, error: failed }, 'fail', 'refused'],
  ])('with tips %j is %s', (cut, state, why) => {
    const { chain } = lampsOf(LINK, withReading('cut', cut));
    expect(chain).toEqual({ state, why: expect.stringContaining(why) });
  });

  it('warns of a P2P port that does not answer, and of few peers', () => {
    const { value } = READINGS.chainweb;
    const dead = { ok: false as const, error: failed };
    expect(lampsOf(LINK, withReading('chainweb', { value: { ...value, p2p: dead } })).chain).toMatchObject({
      state: 'warn',
    });
    const lonely = { ok: true as const, value: { peers: 1 } };
    expect(lampsOf(LINK, withReading('chainweb', { value: { ...value, p2p: lonely } })).chain).toEqual({
      state: 'warn',
      why: '1 peers, 2 are needed to earn',
    });
  });
});

describe('the lamp of the hub', () => {
  it.each([
    [{ state: 'draining' }, 'ok'],
    [{ state: 'connecting' }, 'warn'],
    [{ state: 'waiting', failures: 2 }, 'warn'],
    [{ state: 'waiting', failures: 3 }, 'fail'],
    [{ state: 'quarantined' }, 'warn'],
    [{ state: 'refused' }, 'fail'],
    [{ state: 'closed' }, 'fail'],
    [{ state: 'idle' }, 'unknown'],
  ] as const)('with a link %j is %s', (change, state) => {
    expect(lampsOf({ ...LINK, ...change }, READINGS).hub.state).toBe(state);
  });

  it('names the last fault when attempts keep failing', () => {
    const { hub } = lampsOf({ ...LINK, state: 'waiting', failures: 7 }, READINGS);
    expect(hub.why).toBe('7 attempts have failed: the connection was cut');
  });
});

describe('the lamp of the agent', () => {
  it('warns of a collector that hangs', () => {
    expect(lampsOf(LINK, withReading('commitment', { hung: true })).agent).toEqual({
      state: 'warn',
      why: 'no answer to: commitment',
    });
  });

  it('warns of a commitment that is not met, or can’t be measured', () => {
    const value = { ...READINGS.commitment.value, met: false, freeBytes: 100e9 };
    expect(lampsOf(LINK, withReading('commitment', { value })).agent).toEqual({
      state: 'warn',
      why: '100.0 GB free on /srv/stoa, 525.0 GB are promised',
    });
    expect(lampsOf(LINK, withReading('commitment', { error: failed })).agent.state).toBe('warn');
  });
});
