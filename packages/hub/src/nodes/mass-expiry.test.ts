import { describe, expect, it } from 'vitest';
import { createLog } from '../log.ts';
import { Liveness, lateAfterMs } from './liveness.ts';
import { type Expirable, isMass, MassExpiry } from './mass-expiry.ts';

const HEARTBEAT_MS = 30_000;
const NOON = Date.UTC(2026, 5, 1, 12);

function fleet(owners: readonly number[], site = (i: number) => `10.0.${i % 2}.0/24`): Expirable[] {
  return owners.flatMap((count, owner) =>
    Array.from({ length: count }, (_, i) => ({
      nodeId: `${owner}-${i}`,
      owner: `owner-${owner}`,
      site: site(i),
      lastSeen: NOON,
    })),
  );
}

describe('what counts as a mass', () => {
  it.each([
    ['twenty nodes of three owners in two networks', fleet([7, 7, 6]), true],
    ['nineteen nodes', fleet([7, 6, 6]), false],
    ['two owners', fleet([30, 30]), false],
    ['one network', fleet([7, 7, 6], () => '10.0.0.0/24'), false],
    ['one owner’s fleet and two strangers’ nodes', fleet([500, 1, 1]), false],
    ['half of it one owner’s', fleet([500, 5, 5]), true],
  ])('F03 %s: %s', (_name, nodes, expected) => {
    expect(isMass(nodes)).toBe(expected);
  });
});

describe('MassExpiry', () => {
  function setUp(nodes: { nodeId: string; owner: string; site: string; lastSeen: number }[]) {
    let now = NOON;
    const clock = { now: () => now, after: () => () => undefined };
    const lines: string[] = [];
    const log = createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } });
    const liveness = new Liveness({ clock, intervalMs: HEARTBEAT_MS });
    const expiry = new MassExpiry({ nodes: () => nodes, liveness, heartbeatMs: HEARTBEAT_MS, clock, log });
    const pass = (ms: number) => {
      for (const end = now + ms; now < end; now += expiry.periodMs) expiry.tick();
    };
    const alarms = () => lines.filter((line) => line.includes('fell silent together')).length;
    return { liveness, pass, alarms, at: () => now };
  }

  it('F03 freezes once, as of the last frame, and thaws when they are back', () => {
    const nodes = fleet([7, 7, 6]).map((node) => ({ ...node }));
    const { liveness, pass, alarms, at } = setUp(nodes);
    pass(lateAfterMs(HEARTBEAT_MS) + 10_000);
    expect(alarms()).toBe(1);
    expect(liveness.at().frozenSince).toBe(NOON);
    pass(2 * 3_600_000);
    expect(alarms()).toBe(1);
    for (const node of nodes) node.lastSeen = at();
    pass(10_000);
    expect(liveness.at().frozenSince).toBeUndefined();
  });

  it('F03 lets go after a day: what is silent then is offline', () => {
    const { liveness, pass } = setUp(fleet([7, 7, 6]));
    pass(24 * 3_600_000 + 120_000);
    expect(liveness.at().frozenSince).toBeUndefined();
  });

  it('does not take for a mass what falls silent over half an hour', () => {
    const nodes = fleet([10, 10, 10]).map((node, i) => ({ ...node, lastSeen: NOON + i * 60_000 }));
    const { alarms, pass } = setUp(nodes);
    pass(3_600_000);
    expect(alarms()).toBe(0);
  });
});
