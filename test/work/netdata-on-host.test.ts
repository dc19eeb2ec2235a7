/** netdata from the distribution itself, on a host that systemd runs: minutes, and the network. */
import { describe, expect, it } from 'vitest';
import { WorkingHost } from '../kit/working-host.ts';

describe.skipIf(process.getuid?.() !== 0)('netdata-install', { tags: ['slow'], timeout: 600_000 }, () => {
  it('installs it, sees it listen on loopback alone, and may come again', async () => {
    await using world = await WorkingHost.boot();
    const { host } = world;
    // What keeps packages of this machine from starting services: a host of its own has none.
    await host.run('rm', '-f', '/usr/sbin/policy-rc.d');
    expect(await world.succeed('netdata-install')).toEqual({ port: 19_999, loopbackOnly: true });
    expect(await host.run('dpkg-query', '--status', 'netdata')).toContain('Status: install ok installed');
    expect(await host.run('systemctl', 'is-active', 'netdata')).toBe('active\n');
    await world.succeed('netdata-install');
  });
});
