import { describe, expect, it } from 'vitest';
import type { NodeUpdate } from '../reader.ts';
import { NodeUpdatesTab } from './node-tab.tsx';

const NOW = Date.UTC(2026, 10, 26);
const nodeId = 'ab'.repeat(32);
const update: NodeUpdate = {
  state: 'confirmed',
  since: NOW,
  until: undefined,
  reason: '',
  detail: '',
  lastLines: [],
  target: '1.2.0',
  version: '1.2.0',
  slot: '1.2.0-0123456789ab',
  runtime: '24.21.0',
  platform: 'linux-x64',
  launcher: '1.0.0',
  updateOnly: false,
  previous: ['1.1.0', '1.0.0'],
  rollsBack: true,
  blacklist: [],
  targetsVersion: 2,
  timestampAt: NOW,
  wish: { channel: 'stable', pin: '', chainwebPin: '', deferUntil: 0, window: '' },
  saidAt: NOW,
};

function page(change: Partial<NodeUpdate> = {}, works = true): string {
  const view = { nodeId, update: { ...update, ...change }, works, now: NOW };
  const rest = { places: [], history: [], wish: undefined, ownersWish: undefined, again: {} };
  return String(<NodeUpdatesTab view={{ ...view, ...rest }} />);
}

describe('the way back', () => {
  it('says where it goes and what happens, and leads to the order for exactly that version', () => {
    expect(page()).toContain('Back to 1.1.0, which is kept on its host: its jobs end first');
    expect(page()).toMatch(/Roll back to\s+1\.1\.0/);
    const [, address = ''] = /href="([^"]*jobs\/run[^"]*)"/.exec(page()) ?? [];
    const asked = new URL(address.replaceAll('&amp;', '&'), 'https://hub.example').searchParams;
    expect(Object.fromEntries(asked)).toEqual({ kind: 'agent-rollback', q: `id:${nodeId}`, 'p.to': '1.1.0' });
  });

  it('is absent where no version is kept above the floor', () => {
    const text = page({ previous: [] });
    expect(text).not.toContain('Back to');
    expect(text).not.toContain('agent-rollback');
  });

  it.each([
    ['its agent is older, or its host denies it', { rollsBack: false }, true],
    ['the viewer may not operate the node', {}, false],
  ])('is a command on the host where %s', (_, change, works) => {
    const text = page(change, works);
    expect(text).toContain('stoa-agent update --rollback');
    expect(text).not.toContain('jobs/run');
  });
});
