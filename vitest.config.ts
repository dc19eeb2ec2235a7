import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/kit/longest-first.ts';

/**
 * Tests run real servers, sockets and files on a machine that is shared: what fails once and then passes is named at the end
 * of the run, to be looked into, and is no failure.
 */
const ONCE_MORE = 1;

export default defineConfig({
  test: {
    // As `testTimeout`: a page of a busy machine opens its stream after more than the usual second.
    expect: { requireAssertions: true, poll: { timeout: 60_000 } },
    restoreMocks: true,
    unstubEnvs: true,
    strictTags: true,
    // Most files wait for processes of their own: one file at a time for each core leaves a third of them idle. As a number,
    // for a percentage is cut at a hundred.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    sequence: { sequencer: LongestFirst },
    // A bound for what hangs, not a measure of speed: the machines are shared and noisy.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    tags: [{ name: 'postgres' }, { name: 'slow' }],
    retry: ONCE_MORE,
    reporters: ['default', './test/kit/closing-line.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.{ts,tsx}'],
          // Two fifths of their CPU went into loading the same modules for each file. State that outlives a file is a fault.
          isolate: false,
          benchmark: { include: [] },
        },
      },
      {
        extends: true,
        test: {
          name: 'flow',
          include: ['test/**/*.test.{ts,tsx}'],
          exclude: ['test/e2e/**'],
          fileParallelism: true,
        },
      },
      { extends: true, test: { name: 'e2e', include: ['test/e2e/*.test.ts'] } },
    ],
  },
});
