import { describe, expect, it } from 'vitest';
import { mirrorsOf } from '#update/mirror.ts';
import { hasDefaultRoute } from '#update/network.ts';

const FOUR = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';
const LAN = 'eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n';
const DEFAULT = 'eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n';
const ZERO = '0'.repeat(32);
const six = (prefix: string, flags: string, device: string): string =>
  `${ZERO} ${prefix} ${ZERO} 00 ${ZERO} 00000400 00000001 00000000 ${flags} ${device.padStart(8)}\n`;

function route(four: string | undefined, ipv6 = ''): boolean {
  const files: Record<string, string | undefined> = { 'net/route': four, 'net/ipv6_route': ipv6 };
  return hasDefaultRoute({ read: (path) => files[path] });
}

describe('a way out of this host', () => {
  it('is a default route that is up, of either family', () => {
    expect(route(FOUR + LAN + DEFAULT)).toBe(true);
    expect(route(FOUR, six('00', '00000003', 'eth0'))).toBe(true);
    expect(route(undefined)).toBe(true);
  });

  it('is none where only the own net is known, or what the kernel keeps to refuse', () => {
    expect(route(FOUR)).toBe(false);
    expect(route(FOUR + LAN)).toBe(false);
    expect(route(FOUR, six('00', '00200200', 'lo') + six('40', '00000001', 'eth0'))).toBe(false);
  });
});

describe('mirrors', () => {
  const hub = 'https://eu.hub.example';

  it('are taken in the order of the assignment, the hub last unless it has a place', () => {
    expect(mirrorsOf([], hub)).toEqual([`${hub}/releases`]);
    expect(mirrorsOf(['https://cdn.example/stoa/'], hub)).toEqual([
      'https://cdn.example/stoa',
      `${hub}/releases`,
    ]);
    expect(mirrorsOf(['/releases/', 'https://cdn.example'], hub)).toEqual([
      `${hub}/releases`,
      'https://cdn.example',
    ]);
  });

  it('are left out where they lie in a network of the node, or behind another port', () => {
    const near = [
      '192.168.1.1',
      '[fe80::1]',
      '0x7f.1',
      '2130706433',
      'router',
      'nas.local',
      'cdn.example:8443',
    ];
    const bad = near.map((host) => `https://${host}`);
    expect(mirrorsOf(bad, hub)).toEqual([`${hub}/releases`]);
  });

  it('are left out where they are no https, name a user, or are nothing at all', () => {
    const bad = [
      'http://cdn.example',
      'file:///etc',
      'https://u@cdn.example',
      'https://cdn.example/?a',
      'x',
      '',
    ];
    expect(mirrorsOf(bad, hub)).toEqual([`${hub}/releases`]);
  });
});
