import { describe, expect, it } from 'vitest';
import { ownNode } from '#collectors/own-node.ts';
import type { SupervisionKind } from '#collectors/supervision.ts';

const PORTS = { servicePort: '1848', p2pPort: '1789' };
const running = (kind: SupervisionKind, argv: readonly string[], count = 1) => ({
  node: {
    pid: 1,
    argv: ['chainweb-node', ...argv],
    supervision: { kind, name: 'x' },
    startedAt: 0,
    uptimeMs: 0,
    rssBytes: 0,
    cpuPermille: 0,
  },
  count,
  unreadable: 0,
});

describe('the own node of an agent', () => {
  it.each<[string, ReturnType<typeof running>, boolean]>([
    ['without a word of ports: the usual ones', running('systemd', []), true],
    ['by its ports', running('systemd', ['--service-port', '1848', '--p2p-port=1789']), true],
    ['not the other node of the host', running('systemd', ['--service-port', '1849']), false],
    ['not one of the same service port elsewhere', running('systemd', ['--p2p-port', '1790']), false],
    ['the only one, in a container that maps its ports', running('docker', ['--service-port', '9000']), true],
    ['not one of several containers', running('docker', ['--service-port', '9000'], 2), false],
  ])('is found %s', (_what, processes, found) => {
    expect(ownNode(processes, PORTS) !== undefined).toBe(found);
  });
});
