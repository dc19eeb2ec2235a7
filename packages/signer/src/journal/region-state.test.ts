import { describe, expect, test } from 'vitest';
import { RegionState } from '#journal/region-state.ts';

describe('a rotated key in the journal', () => {
  const entry = { kind: 'node-rotated', at: 5, nodeId: 'ab', publicKey: 'cd', keyGeneration: 7 };

  test('replaces the generation before, where nothing else is said', () => {
    const state = new RegionState();
    state.replay(entry);
    expect(state.rotations.get('ab')).toMatchObject({ keyGeneration: 7, replaces: 6 });
  });

  test('replaces an older one after rotations that came to nothing', () => {
    const state = new RegionState();
    state.replay({ ...entry, replaces: 3 });
    expect(state.rotations.get('ab')).toMatchObject({ keyGeneration: 7, replaces: 3 });
  });

  test.for(['3', null, {}])('that replaces %j is what no version wrote', (replaces) => {
    const replay = () => new RegionState().replay({ ...entry, replaces });
    expect(replay).toThrow(expect.objectContaining({ code: 'journal_damaged' }));
  });
});
