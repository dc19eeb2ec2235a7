import { describe, expect, it } from 'vitest';
import { type AgentConfig, ConfigError, describeConfig, loadConfig, SETTINGS } from '#config.ts';

const plainUser = { root: false, home: '/home/ada' };

function load(env: Record<string, string> = {}, flags: Record<string, string> = {}): AgentConfig {
  return loadConfig({ env, flags, host: plainUser });
}

describe('the configuration', () => {
  it('has a default for everything', () => {
    expect(load()).toEqual({
      dataDir: '/home/ada/.local/state/stoa-agent',
      instance: 'default',
      network: 'stoa',
      chainwebUrl: 'http://127.0.0.1:1848',
      chainwebP2pUrl: 'https://127.0.0.1:1789',
      committedPath: '/home/ada/.local/state/stoa-agent',
      committedGb: 0,
      policyFile: '/etc/stoa-agent/policy',
      pollCutMs: 10_000,
      transport: 'auto',
      statusSocket: '/home/ada/.local/state/stoa-agent/status.sock',
      metricsListen: '',
      logLevel: 'info',
      httpsProxy: '',
      noProxy: '',
      caFile: '',
      mirrorAllow: '',
      dialBack: 'public',
    });
  });

  it('puts the data of root in /var/lib and of others under XDG_STATE_HOME', () => {
    expect(loadConfig({ env: {}, host: { root: true, home: '/root' } }).dataDir).toBe('/var/lib/stoa-agent');
    expect(load({ XDG_STATE_HOME: '/state' }).dataDir).toBe('/state/stoa-agent');
  });

  it('lets a flag win over the environment, and the environment over the default', () => {
    expect(load({ CHAINWEB_NETWORK: 'simulated' }).network).toBe('simulated');
    expect(load({ CHAINWEB_NETWORK: 'simulated' }, { network: 'stoa' }).network).toBe('stoa');
  });

  it('takes an empty variable as unset', () => {
    expect(load({ CHAINWEB_URL: '', STOA_AGENT_COMMITTED_GB: '' })).toEqual(load());
  });

  it('lets what depends on the data directory follow it', () => {
    const { statusSocket, committedPath } = load({}, { data: '/srv/agent' });
    expect([statusSocket, committedPath]).toEqual(['/srv/agent/status.sock', '/srv/agent']);
  });

  it('gives each instance a socket of its own', () => {
    expect(load({}, { data: '/srv/agent', instance: 'node-2' }).statusSocket).toBe(
      '/srv/agent/status-node-2.sock',
    );
  });

  it('is frozen', () => {
    expect(Object.isFrozen(load())).toBe(true);
  });

  it('keeps only the origin of a URL', () => {
    expect(load({ CHAINWEB_URL: 'http://Node.Example:1848/' }).chainwebUrl).toBe('http://node.example:1848');
  });

  it('reads the proxy as other programs do', () => {
    expect(load({ HTTPS_PROXY: 'proxy.lan:3128' }).httpsProxy).toBe('http://proxy.lan:3128/');
    expect(load({ ALL_PROXY: 'http://all:1', https_proxy: 'http://low:2' }).httpsProxy).toBe('http://low:2/');
  });

  it.each([
    [{ CHAINWEB_URL: 'localhost:1848' }, 'CHAINWEB_URL'],
    [{ CHAINWEB_URL: 'http://127.0.0.1:1848/chainweb' }, 'CHAINWEB_URL'],
    [{ STOA_AGENT_COMMITTED_GB: '-1' }, 'STOA_AGENT_COMMITTED_GB'],
    [{ STOA_AGENT_COMMITTED_GB: '1 TB' }, 'STOA_AGENT_COMMITTED_GB'],
    [{ STOA_AGENT_TRANSPORT: 'carrier-pigeon' }, 'auto, websocket, long-poll'],
    [{ STOA_AGENT_INSTANCE: '../../etc' }, 'STOA_AGENT_INSTANCE'],
    [{ STOA_AGENT_METRICS: '0.0.0.0:9100' }, '127.0.0.1:PORT'],
    [{ STOA_AGENT_DATA: `/${'deep/'.repeat(30)}` }, '--status-socket'],
  ])('refuses %j and names it', (env, named) => {
    expect(() => load(env)).toThrow(ConfigError);
    expect(() => load(env)).toThrow(named);
  });

  it('names the flag when the flag was wrong', () => {
    expect(() => load({}, { transport: 'x' })).toThrow(
      "--transport 'x': expected one of auto, websocket, long-poll",
    );
  });

  it('never shows the password of a proxy in an error', () => {
    expect(() => load({ HTTPS_PROXY: 'socks5://ada:hunter2@proxy' })).toThrow(
      /^HTTPS_PROXY: expected(?!.*hunter2)/,
    );
  });
});

describe('the table of settings', () => {
  it('gives every setting a line with its names, unit and default', () => {
    const text = describeConfig();
    for (const { env, flag, doc, unit, defaultText } of SETTINGS) {
      for (const part of [...env, flag ?? '', doc, unit, defaultText]) expect(text).toContain(part);
    }
  });

  it('names nothing twice', () => {
    const names = SETTINGS.flatMap(({ env, flag }) => [...env, ...(flag === undefined ? [] : [flag])]);
    expect(new Set(names).size).toBe(names.length);
  });
});
