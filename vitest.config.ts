import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    expect: { requireAssertions: true },
    restoreMocks: true,
    unstubEnvs: true,
    strictTags: true,
    tags: [{ name: 'postgres' }, { name: 'slow' }],
    reporters: ['default', './test/kit/closing-line.ts'],
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['packages/*/src/**/*.test.{ts,tsx}'], benchmark: { include: [] } },
      },
      {
        extends: true,
        test: {
          name: 'flow',
          include: ['test/**/*.test.{ts,tsx}'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: true,
        },
      },
    ],
  },
});
