import { expect, it } from 'vitest';
import { describeConfig, loadConfig } from './config.ts';
import { DATA_DIRECTORY_RULE, defaultDataDirectory } from './data-directory.ts';

it('is the system’s for root, and stands in the home of everybody else', () => {
  expect(defaultDataDirectory({ uid: 0, home: '/root' })).toBe('/var/lib/stoa-hub');
  expect(defaultDataDirectory({ uid: 1000, home: '/home/a' })).toBe('/home/a/.local/share/stoa-hub');
});

it('is the default of the setting, an empty one included, and both are told by --help', () => {
  expect(loadConfig({}).dataDir).toBe(defaultDataDirectory());
  expect(loadConfig({ DATA_DIR: '' }).dataDir).toBe(defaultDataDirectory());
  expect(loadConfig({ DATA_DIR: '/srv/hub' }).dataDir).toBe('/srv/hub');
  expect(describeConfig()).toContain(`[${DATA_DIRECTORY_RULE}]`);
});
