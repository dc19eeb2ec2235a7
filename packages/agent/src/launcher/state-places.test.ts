import { expect, it } from 'vitest';
import { loadConfig } from '#config.ts';
import { statePlaces } from '#launcher/state-places.ts';

const host = { root: false, home: '/home/ann' };

it.each<[string[], Record<string, string>]>([
  [['run'], {}],
  [['run', '--data', '/srv/a'], {}],
  [['run', '--data=/srv/b', '--instance', 'two'], { STOA_AGENT_DATA: '/srv/env' }],
  [['run'], { STOA_AGENT_DATA: '/srv/env', STOA_AGENT_INSTANCE: 'three' }],
  [['run'], { STOA_AGENT_DATA: '', XDG_STATE_HOME: '/state' }],
])('finds the state where the agent keeps it: %j %j', (argv, env) => {
  const { dataDir, instance } = loadConfig({
    env,
    flags: Object.fromEntries(
      [...argv.join(' ').matchAll(/--(data|instance)[ =](\S+)/g)].map(([, flag, value]) => [flag, value]),
    ),
    host,
  });
  expect(statePlaces(argv, env, host)).toEqual({ dataDir, instance });
});

it('takes the default for a value that is none: the payload is who complains', () => {
  expect(statePlaces(['run', '--instance', '../../x'], {}, host).instance).toBe('default');
});
