import { expect, it } from 'vitest';
import { loadConfig } from '#config.ts';
import { ownJournal, statePlaces } from '#launcher/state-places.ts';

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

it.each([
  ['root its own', { uid: 0, mode: 0o40700 }, true, true],
  ['root one that is still to be made', undefined, true, true],
  ['root none of the agent’s user', { uid: 990, mode: 0o40700 }, true, false],
  ['root none that others may write', { uid: 0, mode: 0o40777 }, true, false],
  ['the agent’s user their own', { uid: 990, mode: 0o40700 }, false, true],
])('gives %s journal', (_whose, stat, root, own) => {
  const places = { dataDir: '/srv/a', instance: 'default' };
  const here = { root, stat: () => stat };
  expect(ownJournal('agent', places, here)).toBe(own ? '/srv/a/launcher/default' : undefined);
  expect(ownJournal('root', places, here)).toBe('/var/lib/stoa-agent-root/launcher');
});
