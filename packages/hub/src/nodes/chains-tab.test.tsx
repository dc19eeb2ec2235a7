import { describe, expect, it } from 'vitest';
import { ChainsTab } from './chains-tab.tsx';
import type { ChainView } from './tips.ts';

const NOW = Date.UTC(2026, 10, 25, 18);

const QUIET = { says: '', at: undefined };
const TRUTHS = { agent: QUIET, hub: QUIET, chain: QUIET, disagreements: [] };

function view(lag: number | null, state: 'tip' | 'behind' | 'forked' | 'unknown'): ChainView {
  const hash = 'A'.repeat(43);
  return {
    chain: 0,
    reported: { chain: 0, height: 100 - (lag ?? 0), hash },
    head: { chain: 0, height: 100, hash, at: NOW },
    standing: { chain: 0, lag, state },
  };
}

describe('ChainsTab', () => {
  it.each([
    [0, 'tip', 'is-tip', ''],
    [1, 'behind', 'is-near', ''],
    [3, 'behind', 'is-near', ''],
    [4, 'behind', 'is-lagging', 'is-warn'],
    [2, 'forked', 'is-forked', 'is-warn'],
    [null, 'unknown', 'is-unknown', ''],
  ] as const)(
    'shows a lag of %j, %s, as %s: amber begins where the state of the node does',
    (lag, state, standing, row) => {
      const html = String(
        <ChainsTab chains={[view(lag, state)]} truths={TRUTHS} polledAt={undefined} now={NOW} />,
      );
      expect(html).toContain(`class="standing ${standing}"`);
      expect(html).toContain(`<tr class="${row}"`);
    },
  );

  it('says of tips that no agent reported by which way they came', () => {
    const shown = { chains: [view(0, 'tip')], truths: TRUTHS, now: NOW };
    expect(String(<ChainsTab {...shown} polledAt={NOW - 20_000} />)).toContain('polled over SSH');
    expect(String(<ChainsTab {...shown} polledAt={undefined} />)).not.toContain('SSH');
  });
});
