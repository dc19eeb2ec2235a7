import { describe, expect, it } from 'vitest';
import { type NodeDetail, STATES, type StateName } from '#nodes/index.ts';
import { FleetPage, type FleetView } from './page.tsx';

const NOW = Date.UTC(2026, 10, 25, 18);

function view(over: Partial<FleetView> & { byState?: Partial<Record<StateName, number>> } = {}): FleetView {
  const { byState = {}, ...rest } = over;
  const counts = Object.fromEntries(STATES.map((state) => [state, byState[state] ?? 0])) as Record<
    StateName,
    number
  >;
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return {
    census: { total, byState: counts, simulated: 0, heard: 0, at: NOW },
    breakdown: { needs: [], events: [], versions: [], regions: [] },
    chainweb: undefined,
    unpaid: 0,
    heads: [],
    at: { now: NOW, intervalMs: 30_000, graceUntil: 0 },
    ...rest,
  };
}

const html = (over?: Parameters<typeof view>[0]) => String(<FleetPage view={view(over)} />);

describe('FleetPage', () => {
  it('names the next command where nobody has joined', () => {
    expect(html()).toContain('stoa-hub token new --owner you@example.org');
  });

  it('says of nodes that earn nothing for want of an account what to do', () => {
    expect(html({ unpaid: 12, byState: { online: 12 } })).toMatch(
      /nodes\?q=payout(%3A|:)none.*settings\/payout/s,
    );
    expect(html({ unpaid: 0, byState: { online: 12 } })).toContain('No node waits for a person');
  });

  it('offers one act for each need: on the node where it is one, else in the list', () => {
    const facts = {
      createdAt: 0,
      lastSeen: NOW - 379_000,
      forked: false,
      chainweb: 'up',
      atTipAt: 0,
      lag: 0,
    };
    const node = { nodeId: 'n', label: 'rack-1', facts } as NodeDetail;
    const breakdown = { needs: [node], events: [], versions: [], regions: [] };
    const acts = (count: number) => [
      ...html({ byState: { offline: count }, breakdown }).matchAll(/class="need-act" href="([^"]+)"/g),
    ];
    expect(acts(1).map(([, link]) => link)).toEqual(['nodes/n/session']);
    expect(acts(2).map(([, link]) => link)).toEqual(['nodes?q=state%3Aoffline']);
  });

  it('says so where nothing needs a person', () => {
    expect(html({ byState: { online: 3, late: 1 } })).toContain('Nothing. No node waits for a person.');
  });

  it('says how many nodes run an older chainweb-node than is required', () => {
    const required = { version: '2.27', by: Date.UTC(2026, 11, 24), setAt: NOW };
    const page = html({ byState: { online: 9 }, chainweb: { required, count: 3 } });
    expect(page).toContain('href="nodes?q=chainweb%3A%3C2.27+-state%3Aretired%2Crefused"');
    expect(page).toContain('chainweb-node 2.27 by 2026-12-24');
    expect(html({ byState: { online: 9 }, chainweb: { required, count: 0 } })).toContain(
      'No node waits for a person.',
    );
  });

  it('counts what is not named', () => {
    const page = html({ byState: { online: 3, offline: 1_234 } });
    expect(page).toContain('<a href="nodes?q=state%3Aoffline">1,234 more</a>');
    expect(page).not.toContain('No node waits');
  });

  it('tells the rule of silence with the interval that holds, and of each node when it was heard', () => {
    const facts = {
      createdAt: 0,
      lastSeen: NOW - 379_000,
      forked: false,
      chainweb: 'up',
      atTipAt: NOW - 379_000,
      lag: 0,
    };
    const node = { nodeId: 'n', label: 'rack-1', facts } as NodeDetail;
    const breakdown = { needs: [node], events: [], versions: [], regions: [] };
    const page = html({ byState: { offline: 1 }, breakdown });
    expect(page).toContain('Silent for 5 min or longer');
    expect(page).toMatch(/rack-1<\/a> <span class="need-since">heard <time[^>]*>6 min ago/);
    const slow = { now: NOW, intervalMs: 120_000, graceUntil: 0 };
    expect(html({ byState: { offline: 1 }, at: slow })).toContain('Silent for 7 min or longer');
  });

  it('says that states stand still, only where they do', () => {
    const frozen = { now: NOW, intervalMs: 30_000, graceUntil: NOW + 1, frozenSince: NOW - 90_000 };
    expect(html({ at: frozen })).toMatch(/States stand still<\/strong> as of <time[^>]*>90 s ago/);
    expect(html({ at: { ...frozen, graceUntil: NOW } })).not.toContain('stand still');
  });

  it('tells fresh heads from slow and stalled ones', () => {
    const ages = [4_000, 130_000, 400_000];
    const heads = ages.map((age, chain) => ({
      chain,
      height: 7 + chain,
      hash: 'A'.repeat(43),
      at: NOW - age,
    }));
    const page = html({ heads });
    expect(page.match(/head-(fresh|slow|stalled)/g)).toEqual(['head-fresh', 'head-slow', 'head-stalled']);
    expect(page).toContain('chain 2 waits the longest');
  });
});
